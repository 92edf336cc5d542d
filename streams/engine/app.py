"""The Faust app of a worker, with the settings that were measured and the engine's own parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, cast

import faust
from faust.tables.manager import TableManager
from faust.transport.drivers.aiokafka import Transport
from faust.types.transports import ConsumerT, ProducerT, TransportT
from yarl import URL

from cherryrec.errors import ConfigError
from streams.engine.drain import DirectConsumer
from streams.engine.lease import Lease
from streams.engine.marks import Marks, NoMarks
from streams.engine.producer import CheckedProducer
from streams.engine.reading import Reading
from streams.engine.security import Security

__all__ = ["EngineSettings", "create_faust_app"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """What a worker needs to know about its group and its cluster.

    Parameters
    ----------
    group
        Consumer group, and prefix of the changelog topics.
    bootstrap_servers
        `host:port`, several separated by commas.
    data_dir
        Folder of the local tables; one per worker process, never shared.
    partitions
        Partition count of the user topics and of the changelogs; above 0.
    replication_factor
        Of the changelog topics.
    store
        `rocksdb://`, or `memory://` in tests.
    security
        TLS and SASL settings.
    session_timeout_s
        Silence after which the group takes a worker for dead, in seconds.
    commit_interval_s
        Time between offset commits: the bound of what a killed worker's successor repeats.
    linger_ms
        How long the producer waits to fill a batch; 0 sends at once.
    max_message_bytes
        The largest message that is sent.
    max_poll_records
        The most records of one fetch.
    """

    group: str
    bootstrap_servers: str
    data_dir: Path
    partitions: int
    replication_factor: int = 1
    store: str = "rocksdb://"
    security: Security = field(default_factory=Security)
    session_timeout_s: float = 10.0
    commit_interval_s: float = 1.0
    linger_ms: int = 0
    max_message_bytes: int = 17 << 20
    max_poll_records: int = 2_000

    def __post_init__(self) -> None:
        """Refuse what no worker can run with."""
        if self.partitions < 1:
            msg = f"partitions must be at least 1, got {self.partitions}"
            raise ConfigError(msg)
        if not self.bootstrap_servers.strip():
            msg = "bootstrap_servers must name at least one host:port, got ''"
            raise ConfigError(msg)
        if self.session_timeout_s < 1.0:
            msg = f"session_timeout_s must be at least 1, got {self.session_timeout_s}"
            raise ConfigError(msg)

    def broker_urls(self) -> list[URL]:
        """Faust's form of the bootstrap servers.

        Examples
        --------
        >>> EngineSettings(
        ...     group="g", bootstrap_servers="a:1, b:2", data_dir=Path("d"), partitions=1
        ... ).broker_urls()
        [URL('kafka://a:1'), URL('kafka://b:2')]
        """
        return [
            URL(f"kafka://{server.strip()}")
            for server in self.bootstrap_servers.split(",")
            if server.strip()
        ]


class EngineTransport(Transport):
    """Faust's Kafka transport with the engine's consumer and producer."""

    Consumer: ClassVar[type[ConsumerT]] = DirectConsumer
    Producer: ClassVar[type[ProducerT]] = CheckedProducer


class EngineTables(TableManager):
    """The tables of an app, all of which are there when it is built."""

    async def on_start(self) -> None:
        """Begin at once: Faust waits a second for agents to add more."""
        if not self.should_stop:
            await self._update_channels()
            await self.recovery.start()


class EngineApp(faust.App):
    """A Faust app on the engine's transport.

    Its producer asks the lease before each send; its consumer fetches by `reading`.
    """

    lease: Lease
    reading: Reading
    marks: Marks

    def _new_transport(self) -> TransportT:
        return EngineTransport(cast(Any, self.conf).broker_consumer, self)


def create_faust_app(settings: EngineSettings) -> EngineApp:
    """Build the app; nothing connects and no file is made before it runs.

    Parameters
    ----------
    settings
        See `EngineSettings`.

    Returns
    -------
    EngineApp
        Without agents or tables, which the caller adds; its lease holds once it is started.
    """
    app = EngineApp(settings.group, **_faust_options(settings))
    app.lease = Lease(settings.session_timeout_s)
    app.reading = Reading()
    app.marks = NoMarks()
    return app


def _faust_options(settings: EngineSettings) -> Mapping[str, Any]:
    """Faust's settings, each that differs from its default with the reason."""
    return {
        "broker": settings.broker_urls(),
        "broker_credentials": settings.security.credentials(),
        "datadir": settings.data_dir,
        "store": settings.store,
        "topic_partitions": settings.partitions,
        "topic_replication_factor": settings.replication_factor,
        # Failure: notice a dead worker in seconds, a dead broker in half a minute.
        "broker_session_timeout": settings.session_timeout_s,
        # A member learns of a rebalance by its next heartbeat, and who joins waits for it.
        "broker_heartbeat_interval": min(1.0, settings.session_timeout_s / 3),
        "broker_rebalance_timeout": 30.0,
        "broker_request_timeout": 40.0,
        "producer_request_timeout": 30.0,
        "broker_commit_interval": settings.commit_interval_s,
        # An agent that raises must not be restarted past its event: the worker stops instead.
        "agent_supervisor": "mode.CrashingSupervisor",
        # A rebalance waits for the batch in hand, or two workers would write one partition.
        "stream_wait_empty": True,
        # Recovery hangs with "latest" (faust-streaming 597, 651).
        "consumer_auto_offset_reset": "earliest",
        "table_standby_replicas": 0,
        "producer_linger": settings.linger_ms / 1000.0,
        "producer_max_batch_size": 128 << 10,
        "producer_max_request_size": settings.max_message_bytes,
        "consumer_max_fetch_size": 4 << 20,
        "broker_max_poll_records": settings.max_poll_records,
        "TableManager": EngineTables,
        # Topics are made beforehand, changelogs too; asking for each takes a second of every start.
        "topic_allow_declare": False,
        # Nothing that we do not use.
        "autodiscover": False,
        "web_enabled": False,
        "web_tables_enabled": False,
        "web_bind": "127.0.0.1",
        "topic_disable_leader": True,
        "reply_create_topic": False,
        "worker_redirect_stdouts": False,
        "processing_guarantee": "at_least_once",
    }
