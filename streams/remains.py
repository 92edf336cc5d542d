"""Where a user's id still lies, store by store and by bytes: what `erase --verify` reports."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rocksdict
from kafka import KafkaConsumer, TopicPartition

from cherryrec.errors import ServiceError
from cherryrec.supervised import connected
from cherryrec.topics import CHANGELOGS, ERASABLE, TOPICS, TopicNames
from streams.admin_client import Admin, configs_of
from streams.config import KafkaConfig

__all__ = ["N_STORES", "Remains", "pattern_of", "remains_in_files", "remains_on_topics"]

N_STORES = len(TOPICS) + len(CHANGELOGS)
"""Topics that are searched."""

HEARTBEATS_S = 1_200.0
_SHORTEST_SAFE = 32
_STALLED_S = 30.0


@dataclass(frozen=True, slots=True)
class Remains:
    """Hits in one store: how many, of what, and until when; `until_s` None: not by itself."""

    store: str
    n: int
    what: str
    until_s: float | None


def pattern_of(user: str) -> re.Pattern[bytes]:
    r"""Return what finds an id in any store, and not an id that it is only a part of.

    Examples
    --------
    >>> found = pattern_of("u1")
    >>> [bool(found.search(raw)) for raw in (b'"u1"', b"u1", b"\x002:u1r7", b"u12", b"a-u1")]
    [True, True, True, False, False]
    """
    needle = re.escape(user.encode())
    if len(user.encode()) >= _SHORTEST_SAFE:  # a length byte before it may look like a letter
        return re.compile(needle)
    frozen = rb"\x00%d:" % len(user)
    return re.compile(rb"(?<![\w.-])" + needle + rb"(?![\w.-])|" + frozen + needle)


def remains_on_topics(
    kafka: KafkaConfig, pattern: re.Pattern[bytes], looked: Callable[[int], None]
) -> Iterator[Remains]:
    """Search all partitions of all topics of the prefix, keys, values and headers.

    What an erasure has left behind on a compacted topic goes by compaction; the newest value of a
    key does not.

    Parameters
    ----------
    kafka
        Cluster and prefix.
    pattern
        See `pattern_of`.
    looked
        Told 1 for each topic.
    """
    names = TopicNames(kafka.prefix)
    topics = {names(one.name): one.cleanup for one in TOPICS}
    topics |= {kafka.prefix + name: "compact" for name in CHANGELOGS}
    erasable = {kafka.prefix + name for name in ERASABLE}
    consumer = connected(
        KafkaConsumer,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        max_partition_fetch_bytes=17 << 20,
        **kafka.client_options(),
    )
    try:
        with Admin(kafka) as admin:
            for topic, cleanup in topics.items():
                settings = configs_of(admin, topic) | {"cleanup.policy": cleanup}
                has_heartbeats = topic in erasable
                yield from _of_topic(
                    consumer, topic, settings, pattern, has_heartbeats=has_heartbeats
                )
                looked(1)
    finally:
        consumer.close()


def _of_topic(
    consumer: Any,
    topic: str,
    settings: dict[str, str],
    pattern: re.Pattern[bytes],
    *,
    has_heartbeats: bool,
) -> Iterator[Remains]:
    newest: dict[tuple[int, bytes | None], bool] = {}
    n_hits, n_tombstones, last_s = 0, 0, 0.0
    for place, record in _records(consumer, topic):
        parts = (record.key or b"", record.value or b"", *(value for _, value in record.headers))
        is_hit = any(pattern.search(part) for part in parts)
        if is_hit:
            n_hits, last_s = n_hits + 1, max(last_s, record.timestamp / 1_000.0)
            n_tombstones += record.value is None
        if is_hit or (place, record.key) in newest:
            newest[place, record.key] = is_hit and record.value is not None
    cleanup = settings["cleanup.policy"]
    n_live = sum(newest.values()) if "compact" in cleanup else 0
    n_gone = n_hits - n_live
    retained_s = float(settings.get("retention.ms", -1)) / 1_000.0
    if "delete" in cleanup:
        until_s = last_s + retained_s if retained_s >= 0 else None
        if n_hits:
            yield Remains(topic, n_hits, "events, until their retention has passed", until_s)
        return
    if n_gone:
        lag_s = float(settings["max.compaction.lag.ms"]) / 1_000.0
        kept_s = float(settings["delete.retention.ms"]) / 1_000.0
        until_s = time.time() + kept_s + 2 * lag_s + HEARTBEATS_S if has_heartbeats else None
        what = f"old values and {n_tombstones} tombstones, until the topic is compacted twice"
        yield Remains(topic, n_gone, what, until_s)
    if n_live:
        yield Remains(topic, n_live, "the newest value of its key: not erased", None)


def _records(consumer: Any, topic: str) -> Iterator[tuple[int, Any]]:
    """Yield what a topic holds now."""
    places = [TopicPartition(topic, n) for n in consumer.partitions_for_topic(topic) or ()]
    if not places:
        return
    consumer.assign(places)
    consumer.seek_to_beginning(*places)
    ends: dict[TopicPartition, int] = consumer.end_offsets(places)
    moved_s = time.monotonic()
    while any(consumer.position(place) < end for place, end in ends.items()):
        for place, records in consumer.poll(timeout_ms=200).items():
            moved_s = time.monotonic()
            yield from ((place.partition, record) for record in records)
        if time.monotonic() - moved_s > _STALLED_S:
            msg = (
                f"topic {topic!r} must be readable to its end, nothing came for {_STALLED_S:g} s: "
                "does Kafka still run, or is a transaction open?"
            )
            raise ServiceError(msg)


def remains_in_files(
    folders: list[Path], pattern: re.Pattern[bytes], on_topics: Sequence[Remains] = ()
) -> Iterator[Remains]:
    """Search local tables through RocksDB, and every other file by its bytes.

    Parameters
    ----------
    folders
        Searched with all that is in them.
    pattern
        See `pattern_of`.
    on_topics
        What was found on the topics. A local broker's files hold these, and go with them; one of a
        topic that was not searched does not go by itself.
    """
    topics = {one.store: one.until_s for one in on_topics}
    for folder in folders:
        tables = sorted(folder.rglob("*.db"))
        for table in tables:
            if n := _in_table(table, pattern):
                yield Remains(str(table), n, "a local table: not erased", None)
        for path in sorted(folder.rglob("*")):
            in_table = any(path.is_relative_to(table) for table in tables)
            if in_table or not path.is_file() or path.name.endswith((".index", ".timeindex")):
                continue
            if n := len(pattern.findall(path.read_bytes())):
                is_broker = (path.parent / "partition.metadata").exists()
                what = "the broker's file of what is on the topic" if is_broker else "a file"
                until_s = topics.get(path.parent.name.rpartition("-")[0]) if is_broker else None
                yield Remains(str(path), n, what, until_s)


def _in_table(path: Path, pattern: re.Pattern[bytes]) -> int:
    """Count the records of a table that name the user; the worker that has it open may run."""
    options = rocksdict.Options(raw_mode=True)
    mode = rocksdict.AccessType.read_only()
    table = rocksdict.Rdict(str(path), options=options, access_type=mode)
    try:
        return sum(
            any(isinstance(part, bytes) and pattern.search(part) is not None for part in item)
            for item in table.items()
        )
    finally:
        table.close()
