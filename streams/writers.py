"""What the newest records of the site's topics say of their writers, for `cherryrec doctor`."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from cherryrec.placement import partition_of
from cherryrec.supervised import connected
from cherryrec.topics import TOPICS, Topic, TopicNames
from streams.config import KafkaConfig
from streams.engine import READ_COMMITTED
from streams.engine.moving import MOVED, VACATED

__all__ = ["Placed", "Seen", "advice", "look", "seen"]

NEWEST = 300
"""Records looked at, of each partition."""

_LOOK_S = 5.0
_BY_SENDER = 0  # Kafka's timestamp type CreateTime


@dataclass(frozen=True, slots=True)
class Placed:
    """What a record shows of its writer."""

    partition: int
    key: bytes | None
    is_moved: bool = False
    has_sender_time: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the newest records of a topic show, by number.

    Parameters
    ----------
    n_records
        Looked at, those that a worker has moved included.
    n_elsewhere
        That lie in another partition than their key's.
    n_keyless
        Without a key.
    n_moved
        That a worker has moved from where their writer put them.
    n_sender_times
        That carry their sender's clock, not the broker's.
    n_uncommitted
        Behind the beginning of a writer's open transaction.
    unreadable
        Where a batch cannot be read, and why.
    """

    topic: str
    n_records: int = 0
    n_elsewhere: int = 0
    n_keyless: int = 0
    n_moved: int = 0
    n_sender_times: int = 0
    n_uncommitted: int = 0
    unreadable: tuple[str, ...] = ()


def seen(
    topic: str,
    records: Iterable[Placed],
    *,
    n_partitions: int,
    n_uncommitted: int = 0,
    unreadable: tuple[str, ...] = (),
) -> Seen:
    """Count what records of a topic show.

    Examples
    --------
    >>> records = [Placed(0, b"reader-0"), Placed(0, b"reader-1"), Placed(1, None)]
    >>> counted = seen("clicks", records, n_partitions=4)
    >>> counted.n_records, counted.n_elsewhere, counted.n_keyless
    (3, 1, 1)
    """
    records = list(records)
    keyed = [one for one in records if one.key]
    elsewhere = [
        one for one in keyed if partition_of(one.key or b"", n_partitions) != one.partition
    ]
    return Seen(
        topic=topic,
        n_records=len(records),
        n_elsewhere=len(elsewhere),
        n_keyless=len(records) - len(keyed),
        n_moved=sum(one.is_moved for one in records),
        n_sender_times=sum(one.has_sender_time for one in records),
        n_uncommitted=n_uncommitted,
        unreadable=unreadable,
    )


def advice(seen: Seen) -> Iterator[tuple[bool, str]]:
    """Say what is off with a topic's writers and what to do; whether records are held up by it.

    Examples
    --------
    >>> for is_held_up, text in advice(Seen(topic="clicks", n_records=40, n_elsewhere=30)):
    ...     print(is_held_up, text)
    False 30 of the newest 40 records lie in other partitions than murmur2 puts their keys in: \
they are moved, at twice their cost; set the writer's partitioner to murmur2 \
(librdkafka: `partitioner=murmur2_random`)
    """
    n = seen.n_records
    for place in seen.unreadable:
        text = f"{place}: the partition stands still there, see «Batches that cannot be read»"
        yield True, f"{text} in docs/kafka.md"
    if seen.n_uncommitted:
        yield (
            True,
            f"{seen.n_uncommitted:,} records wait behind a writer's open transaction: end it, or "
            "abort it (`kafka-transactions find-hanging`)",
        )
    if seen.n_elsewhere:
        yield (
            False,
            f"{seen.n_elsewhere:,} of the newest {n:,} records lie in other partitions than "
            "murmur2 puts their keys in: they are moved, at twice their cost; set the writer's "
            "partitioner to murmur2 (librdkafka: `partitioner=murmur2_random`)",
        )
    elif seen.n_moved:
        yield (
            False,
            f"{seen.n_moved:,} of the newest {n:,} records were moved to the partition of their "
            "key: a writer placed them by another rule than murmur2, not lately",
        )
    if seen.n_keyless:
        yield (
            False,
            f"{seen.n_keyless:,} of the newest {n:,} records have no key: they go by their "
            "user_id, at twice their cost; let the writer send it as the key",
        )
    if seen.n_sender_times:
        yield (
            False,
            f"{seen.n_sender_times:,} of the newest {n:,} records carry their sender's clock: set "
            "message.timestamp.type=LogAppendTime (`cherryrec topics repair`)",
        )


def look(kafka: KafkaConfig) -> list[Seen]:
    """Read the newest records of every topic that the site writes and users are the key of."""
    user_topics = [topic for topic in TOPICS if topic.is_input and topic.key == "user_id"]
    return [_look_at(kafka, topic) for topic in user_topics]


def _look_at(kafka: KafkaConfig, topic: Topic) -> Seen:
    """Read one topic, each partition in turn."""
    name = TopicNames(kafka.prefix)(topic.name)
    records: list[Placed] = []
    unreadable: list[str] = []
    n_uncommitted = 0
    with _consumer(kafka) as open_ones, _consumer(kafka, isolation_level=READ_COMMITTED) as reader:
        n_partitions = len(reader.partitions_for_topic(name) or ())
        places = [TopicPartition(name, number) for number in range(n_partitions)]
        starts, ends = reader.beginning_offsets(places), reader.end_offsets(places)
        log_ends = open_ones.end_offsets(places)
        n_uncommitted = sum(max(0, log_ends[place] - ends[place]) for place in places)
        for place in places:
            try:
                records += _newest(reader, place, start=starts[place], end=ends[place])
            except Exception as error:
                if isinstance(error, KafkaError) and not reader._fetcher._next_partition_records:
                    raise
                reader._fetcher._next_partition_records = None
                at = reader.position(place)
                unreadable.append(
                    f"partition {place.partition} cannot be read at offset {at} "
                    f"({type(error).__name__}: {error})"
                )
    return seen(
        topic.name,
        records,
        n_partitions=kafka.partitions,
        n_uncommitted=n_uncommitted,
        unreadable=tuple(unreadable),
    )


def _newest(reader: Any, place: TopicPartition, *, start: int, end: int) -> list[Placed]:
    """Read the newest records of a partition."""
    reader.assign([place])
    reader.seek(place, max(start, end - NEWEST))
    give_up_s = time.monotonic() + _LOOK_S
    found: list[Placed] = []
    while reader.position(place) < end and time.monotonic() < give_up_s:
        for record in reader.poll(timeout_ms=200).get(place, ()):
            names = {name for name, _ in record.headers}
            if VACATED not in names:
                has_sender_time = record.timestamp_type == _BY_SENDER
                found.append(Placed(record.partition, record.key, MOVED in names, has_sender_time))
    return found


@contextmanager
def _consumer(kafka: KafkaConfig, **settings: Any) -> Iterator[Any]:
    """Open a consumer without a group, closed at the end."""
    consumer = connected(
        KafkaConsumer,
        enable_auto_commit=False,
        allow_auto_create_topics=False,
        fetch_max_wait_ms=50,
        max_partition_fetch_bytes=4 << 20,
        **settings,
        **kafka.client_options(),
    )
    try:
        yield consumer
    finally:
        consumer.close()
