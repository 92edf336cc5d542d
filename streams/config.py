"""Settings of the stream workers and the learner's process."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cherryrec.errors import ConfigError
from streams.engine import Security

__all__ = ["KafkaConfig", "LearnerProcessConfig", "StreamConfig"]

RECONNECT_MS = 1_000
"""The longest wait of a kafka-python client before it tries to connect again, in milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaConfig:
    """Which cluster, and the names on it.

    Parameters
    ----------
    bootstrap_servers
        `host:port`, several separated by commas.
    prefix
        Put before every topic and group name.
    partitions
        Partition count of the topics keyed by user; above 0. Cannot be changed once there is state.
    replication
        Copies of each partition, above 0; 3 on a cluster that must survive a broker.
    security
        TLS and SASL.
    """

    bootstrap_servers: str = "127.0.0.1:9092"
    prefix: str = "cherryrec."
    partitions: int = 4
    replication: int = 1
    security: Security = field(default_factory=Security)

    def __post_init__(self) -> None:
        for name in ("partitions", "replication"):
            if getattr(self, name) < 1:
                msg = f"{name} must be at least 1, got {getattr(self, name)!r}"
                raise ConfigError(msg)

    def aiokafka_options(self) -> dict[str, Any]:
        """Keyword arguments of every aiokafka client: where, and as whom."""
        return {"bootstrap_servers": self.bootstrap_servers, **self.security.client_options()}

    def client_options(self) -> dict[str, Any]:
        """Keyword arguments of every kafka-python client: where, as whom, back within a second.

        Left alone, kafka-python waits up to 30 s between two tries to connect: after an outage of
        25 s it was back 23 to 53 s late.

        Examples
        --------
        >>> KafkaConfig().client_options()["reconnect_backoff_max_ms"]
        1000
        """
        return {
            "bootstrap_servers": self.bootstrap_servers,
            "reconnect_backoff_max_ms": RECONNECT_MS,
            **self.security.client_options(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamConfig:
    """How a stream worker runs.

    Parameters
    ----------
    data_dir
        Folder of the local tables; each worker process needs its own.
    http_host
        Address on which /live, /ready and /metrics answer.
    http_port
        Their port; 0 takes a free one.
    max_batch
        Events an agent takes at once, above 0.
    activity_flush_s
        How often counters are flushed and offsets become committable, in seconds, above 0.
    tick_s
        How often event time is pushed on for idle partitions, in seconds; 0 never.
    heartbeat_s
        How often a record that says nothing is sent to compacted partitions, so that Kafka
        compacts quiet ones, and local copies are written out, in seconds; 0 never.
    tick_grace_s
        How far the push stays behind the newest event, in seconds of event time.
    deadline_check_s
        How often pending requests are checked against their deadlines, in seconds, above 0.
    watchdog_s
        A partition that has events waiting and makes no progress this long ends the worker.
    model_stale_s
        Slates are marked `model_stale` when examples have waited this long for a newer model, in
        seconds, above 0.
    follow_stall_s
        A followed topic that has messages waiting and stands still this long makes the worker not
        ready, in seconds, above 0.
    session_timeout_s
        Silence after which the group takes a worker for dead, in seconds.
    stop_s
        Time for a stop, in seconds, above 0: what is not acknowledged then is left to be read again
        (exit code 75).
    max_unstored_bytes
        Acknowledged writes that each of the two tables holds in memory when its store does not take
        them (a full disk), above 0; past it the worker ends.
    max_future_s
        An event this much later than its arrival at the broker is refused, in seconds; one less
        ahead counts as of its arrival.
    max_embargo_s
        An article published this much later than its arrival is refused, in seconds; one less
        ahead waits for its time.
    inquiry_share
        Share of a worker's time that inquiries may take, in (0, 1]; those beyond it are told when
        to ask again.
    inquiry_late_s
        An inquiry that lay at the broker longer than this is not answered any more, in seconds,
        above 0.
    """

    data_dir: Path = Path("var/worker")
    http_host: str = "127.0.0.1"
    http_port: int = 6066
    max_batch: int = 200
    activity_flush_s: float = 0.5
    tick_s: float = 5.0
    heartbeat_s: float = 600.0
    tick_grace_s: float = 30.0
    deadline_check_s: float = 0.02
    watchdog_s: float = 120.0
    model_stale_s: float = 120.0
    follow_stall_s: float = 60.0
    session_timeout_s: float = 10.0
    stop_s: float = 15.0
    max_unstored_bytes: int = 256 << 20
    max_future_s: float = 600.0
    max_embargo_s: float = 366 * 86_400.0
    inquiry_share: float = 0.1
    inquiry_late_s: float = 5.0

    def __post_init__(self) -> None:
        for name in (
            "max_batch",
            "activity_flush_s",
            "deadline_check_s",
            "watchdog_s",
            "model_stale_s",
            "follow_stall_s",
            "max_unstored_bytes",
            "stop_s",
            "inquiry_late_s",
        ):
            if getattr(self, name) <= 0:
                msg = f"{name} must be above 0, got {getattr(self, name)!r}"
                raise ConfigError(msg)
        if not 0.0 < self.inquiry_share <= 1.0:
            msg = f"inquiry_share must be above 0 and at most 1, got {self.inquiry_share!r}"
            raise ConfigError(msg)


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnerProcessConfig:
    """How the learner's process runs.

    Parameters
    ----------
    http_host
        Address on which /live, /ready and /metrics answer.
    http_port
        Their port; 0 takes a free one.
    serving_every_s
        Least time between two snapshots that workers score with, in seconds, above 0.
    state_every_s
        Least time between two snapshots to restart from, in seconds, above 0.
    sample_beyond
        With more examples waiting than this, a share of them is learned, one in 2, 4, … with that
        weight, so that they never wait ever longer; 0: all are learned, however late.
    watchdog_s
        A loop that has not turned for this long ends the process, in seconds, above 0.
    stop_s
        Time for a stop, in seconds, above 0; past it the process ends with exit code 75.
    """

    http_host: str = "127.0.0.1"
    http_port: int = 6067
    serving_every_s: float = 0.5
    state_every_s: float = 10.0
    sample_beyond: int = 100_000
    watchdog_s: float = 120.0
    stop_s: float = 15.0

    def __post_init__(self) -> None:
        for name in ("serving_every_s", "state_every_s", "watchdog_s", "stop_s"):
            if getattr(self, name) <= 0:
                msg = f"{name} must be above 0, got {getattr(self, name)!r}"
                raise ConfigError(msg)
        if self.sample_beyond < 0:
            msg = f"sample_beyond must be at least 0, got {self.sample_beyond!r}"
            raise ConfigError(msg)
