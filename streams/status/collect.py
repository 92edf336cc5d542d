"""Asks Kafka and the parts how they stand; each question is bounded in time and in messages."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from cherryrec.codec import decode
from cherryrec.errors import BadMessage
from cherryrec.events import DeadLetter, Origin, Recommendation
from cherryrec.snapshots import SERVING
from cherryrec.supervised import connected
from cherryrec.topics import TopicNames, topic_named
from streams.config import KafkaConfig
from streams.status.groups import lags
from streams.status.report import Lag, Model, ProcessStatus, Status

__all__ = ["collect", "part_status"]

MAX_READ = 2_000
"""Newest messages of a topic that are looked at."""

N_REASONS = 5
_LATEST = 30
_EXAMPLES_READ = 200
_HOUR_S = 3_600.0
_READ_S = 10.0
_ASK_S = 3.0


class _Head(msgspec.Struct):
    version: int
    n_examples: int


class _Origin(msgspec.Struct):
    origin: Origin = "request"


class _Ready(msgspec.Struct):
    ready: bool = False
    waiting_for: dict[str, str] = {}


def collect(
    kafka: KafkaConfig,
    parts: Mapping[str, str],
    *,
    minutes: float = 5.0,
    clock: Callable[[], float] = time.time,
) -> Status:
    """Ask everything once.

    Parameters
    ----------
    kafka
        The cluster, and the prefix of its topics.
    parts
        Name → URL of a part's probes, as `http://127.0.0.1:6066`.
    minutes
        How far back slates are counted, above 0.
    clock
        Wall-clock time in epoch seconds.
    """
    asked = tuple(part_status(name, url) for name, url in parts.items())
    status = Status(
        servers=kafka.bootstrap_servers, prefix=kafka.prefix, parts=asked, minutes=minutes
    )
    try:
        consumer = connected(
            KafkaConsumer,
            **kafka.client_options(),
            fetch_max_wait_ms=50,
            max_partition_fetch_bytes=17 << 20,
            bootstrap_timeout_ms=5_000,
        )
    except (KafkaError, OSError, ValueError) as error:
        return msgspec.structs.replace(status, kafka_error=f"{error!r} at {status.servers}")
    try:
        topics = _Topics(consumer, TopicNames(kafka.prefix), clock())
        return msgspec.structs.replace(
            status, lags=_lags(kafka, topics), **_models(topics), **_slates(topics, minutes * 60.0),
            **_arrivals(topics), **_dead_letters(topics),
        )  # fmt: skip
    except (KafkaError, OSError) as error:
        return msgspec.structs.replace(status, kafka_error=f"{error!r} at {status.servers}")
    finally:
        consumer.close()


def part_status(name: str, url: str) -> ProcessStatus:
    """Ask a part whether it is ready, and why not."""
    try:
        with urllib.request.urlopen(f"{url}/ready", timeout=_ASK_S) as answer:
            answer.read()
    except urllib.error.HTTPError as error:
        raw = error.read()
        try:
            gates = msgspec.json.decode(raw, type=_Ready).waiting_for
        except msgspec.MsgspecError:
            gates = {"ready": raw.decode(errors="replace").strip()[:200]}
        return ProcessStatus(name=name, is_up=True, gates=gates)
    except (OSError, ValueError):
        return ProcessStatus(name=name, is_up=False)
    return ProcessStatus(name=name, is_up=True)


class _Topics:
    """Ends, times and newest messages of topics."""

    def __init__(self, consumer: Any, names: TopicNames, now_s: float) -> None:
        self.consumer = consumer
        self.names = names
        self.now_s = now_s

    def places(self, topic: str) -> list[TopicPartition]:
        full = self.names(topic)
        return [
            TopicPartition(full, n) for n in sorted(self.consumer.partitions_for_topic(full) or ())
        ]

    def since(self, topic: str, age_s: float) -> tuple[dict[TopicPartition, int], int]:
        """Return the first offsets of an age at most, and how many messages there are from them."""
        places = self.places(topic)
        if not places:
            return {}, 0
        ends = self.consumer.end_offsets(places)
        at_ms = round(1_000 * (self.now_s - age_s))
        found = self.consumer.offsets_for_times(dict.fromkeys(places, at_ms))
        starts = {p: ends[p] if found.get(p) is None else found[p].offset for p in places}
        return starts, sum(ends[p] - starts[p] for p in places)

    def newest(
        self, topic: str, n: int, starts: Mapping[TopicPartition, int] | None = None
    ) -> list[Any]:
        """Read the newest `n` messages of each partition at most, none before its start."""
        places = self.places(topic)
        if not places:
            return []
        ends = self.consumer.end_offsets(places)
        firsts = self.consumer.beginning_offsets(places)
        self.consumer.assign(places)
        for place in places:
            first = max(firsts[place], ends[place] - n, (starts or {}).get(place, 0))
            self.consumer.seek(place, first)
        records: list[Any] = []
        give_up = time.monotonic() + _READ_S
        while any(self.consumer.position(p) < ends[p] for p in places):
            for found in self.consumer.poll(timeout_ms=200).values():
                records += found
            if time.monotonic() > give_up:
                break
        return records

    def age_s(self, records: Iterable[Any]) -> float | None:
        """Return how long ago the newest of some messages came."""
        newest = max((record.timestamp for record in records), default=None)
        return None if newest is None else max(0.0, self.now_s - newest / 1_000.0)


def _lags(kafka: KafkaConfig, topics: _Topics) -> tuple[Lag, ...]:
    admin = connected(KafkaAdminClient, **kafka.client_options())
    try:
        return lags(admin, topics.consumer, kafka.prefix)
    finally:
        admin.close()


def _models(topics: _Topics) -> dict[str, Any]:
    served = [
        record
        for record in topics.newest("models", _LATEST)
        if record.key == SERVING.encode() and record.value is not None
    ]
    if not served:
        return {"model": None}
    head = msgspec.json.decode(served[-1].value, type=_Head)
    age_s = topics.age_s(served[-1:])
    assert age_s is not None, "there is one"
    return {"model": Model(version=head.version, n_examples=head.n_examples, age_s=age_s)}


def _slates(topics: _Topics, age_s: float) -> dict[str, Any]:
    starts, _ = topics.since("recommendations", age_s)
    limit = topic_named("recommendations").max_message_bytes
    counted: Counter[str] = Counter()
    n_stale = 0
    for record in topics.newest("recommendations", MAX_READ, starts):
        if record.value is None:
            continue
        try:
            slate = decode(Recommendation, record.value, max_bytes=limit)
        except BadMessage:
            continue
        degraded = f", {slate.degraded}" if slate.degraded else ""
        is_new = slate.stage not in {None, "learned"}
        stage = f", {slate.stage}" if is_new else ""
        counted[f"{slate.rung or 'unknown'}{degraded}{stage}"] += 1
        n_stale += slate.model_stale
    return {
        "slates": dict(counted.most_common()),
        "n_slates": counted.total(),
        "n_stale": n_stale,
    }


def _arrivals(topics: _Topics) -> dict[str, Any]:
    starts, n = topics.since("examples", _HOUR_S)
    newest = topics.newest("examples", _EXAMPLES_READ, starts)
    origins = Counter(msgspec.json.decode(one.value, type=_Origin).origin for one in newest)
    return {
        "examples_per_h": n,
        "origins": dict(origins.most_common()),
        "example_age_s": topics.age_s(topics.newest("examples", 1)),
        "article_age_s": topics.age_s(topics.newest("articles", 1)),
    }


def _dead_letters(topics: _Topics) -> dict[str, Any]:
    starts, n = topics.since("dead-letters", _HOUR_S)
    limit = topic_named("dead-letters").max_message_bytes
    reasons: Counter[str] = Counter()
    for record in topics.newest("dead-letters", MAX_READ, starts):
        try:
            letter = decode(DeadLetter, record.value or b"", max_bytes=limit)
        except BadMessage:
            continue
        # What came differs from message to message; what was wanted does not.
        wanted = letter.reason.partition(", got")[0]
        reasons[f"{letter.source_topic.removeprefix(topics.names.prefix)}: {wanted}"] += 1
    return {"n_dead_letters": n, "reasons": dict(reasons.most_common(N_REASONS))}
