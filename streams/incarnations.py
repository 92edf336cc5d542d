"""Which incarnation of a topic an offset belongs to, and what makes offsets rise across them.

State carries the last offset that it has applied. A topic that was deleted and made again, or that
lives on another cluster now, counts from 0 again, so an offset alone would look long applied. Every
incarnation of a topic, told by Kafka's topic id, therefore gets an epoch, a number above those of
the earlier ones; what the core calls an offset is a position: the epoch in the upper bits, Kafka's
offset in the lower 40. The workers agree on the epochs through the topic `topic-epochs`.
"""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from kafka import KafkaConsumer, TopicPartition

from cherryrec.codec import decode, encode
from cherryrec.errors import BadMessage, ServiceError
from cherryrec.events import TopicEpoch
from cherryrec.supervised import Cluster, connected, look
from cherryrec.topics import CHANGELOGS, TopicNames
from streams.config import KafkaConfig
from streams.records import TopicReader, TopicWriter

__all__ = [
    "EPOCH_BITS",
    "READ",
    "EpochLog",
    "Incarnations",
    "agree",
    "find_incarnations",
    "topics_read",
]

logger = logging.getLogger(__name__)

EPOCH_BITS = 40
"""Lower bits of a position, for Kafka's offset: a trillion records a partition."""

READ = (
    "articles", "impressions", "clicks", "profile-updates", "requests",
    "inquiries", "evaluations", "deadlines", "feedback", "examples",
)  # fmt: skip
"""Topics, without the prefix, whose offsets are in states or committed by a group."""

FOLLOWED = ("article-activity", "co-reads", "labelled-slates", "models")
"""Those that workers read whole at every start."""

_TOPIC = "topic-epochs"
_STATEFUL = ("article-activity", "models")
_HOURS_SINCE_S = 1_577_836_800  # 2020-01-01


@dataclass(frozen=True, slots=True)
class Incarnations:
    """The topics as a worker found them, and the epochs that were agreed for them.

    Parameters
    ----------
    cluster
        Kafka's ids of the cluster and of all topics, changelogs included.
    epochs
        Epoch of each topic by its full name; one that is not here is in its first, 0.

    Examples
    --------
    >>> found = Incarnations(Cluster("c", {"clicks": "id-2"}), {"clicks": 1})
    >>> position = found.position("clicks", 7)
    >>> position == 2**40 + 7, found.offset("clicks", position)
    (True, 7)
    >>> found.offset("clicks", 500) is None  # of the incarnation before
    True
    >>> found.mark("clicks")
    'c/id-2'
    """

    cluster: Cluster = field(default_factory=lambda: Cluster("", {}))
    epochs: Mapping[str, int] = field(default_factory=dict)

    def position(self, topic: str, offset: int) -> int:
        """Return what the core knows an offset of a topic as."""
        return (self.epochs.get(topic, 0) << EPOCH_BITS) + offset

    def offset(self, topic: str, position: int) -> int | None:
        """Return the offset of a position; None when it is of another incarnation, or of none."""
        if position < 0 or position >> EPOCH_BITS != self.epochs.get(topic, 0):
            return None
        return position & ((1 << EPOCH_BITS) - 1)

    def mark(self, topic: str) -> str:
        """Return what is committed beside an offset of a topic: where it counts."""
        topic_id = self.cluster.topic_ids.get(topic, "")
        return f"{self.cluster.cluster_id}/{topic_id}" if topic_id else ""

    def counts(self, topic: str, mark: str) -> bool:
        """Whether an offset that was committed with a mark counts in this incarnation.

        One without a mark was put by an operator's tool; one of another cluster by a mirror, which
        has translated it. Only another topic of this cluster's is foreign.

        Examples
        --------
        >>> found = Incarnations(Cluster("c", {"clicks": "id-2"}))
        >>> [found.counts("clicks", mark) for mark in ("", "c/id-2", "c/id-1", "d/id-1")]
        [True, True, False, True]
        """
        ours = self.mark(topic)
        if not ours or not mark or mark == ours:
            return True
        return mark.partition("/")[0] != self.cluster.cluster_id


class EpochLog(Protocol):
    """The topic `topic-epochs`."""

    def read(self) -> Sequence[TopicEpoch]:
        """Return what it holds now, in order."""
        ...

    def write(self, entries: Sequence[TopicEpoch]) -> None:
        """Append, and wait until Kafka has it."""
        ...


def agree(ids: Mapping[str, str], log: EpochLog, *, first: Callable[[], int]) -> dict[str, int]:
    """Return the epoch of each topic, agreed with all other workers.

    The first entry in the log for an incarnation holds, whoever wrote it. Who finds that another
    came first repeats that one, so that it is also what compaction leaves.

    Parameters
    ----------
    ids
        Full name → Kafka's id of every topic; those without an id stay in epoch 0.
    log
        What was agreed so far.
    first
        Epoch of a topic of which nothing was agreed; asked once at most.
    """
    first = functools.cache(first)
    entries = log.read()
    new = [
        TopicEpoch(topic=name, topic_id=topic_id, epoch=_next(entries, name, first))
        for name, topic_id in sorted(ids.items())
        if topic_id and _held(entries, name, topic_id) is None
    ]
    if new:
        log.write(new)
        entries = log.read()
    epochs = {}
    repeated = []
    for name, topic_id in sorted(ids.items()):
        held = _held(entries, name, topic_id)
        if held is None:
            continue
        epochs[name] = held.epoch
        last = [one for one in entries if one.topic == name][-1]
        if last.topic_id == topic_id and last.epoch != held.epoch:
            repeated.append(held)
        if held.epoch and held in new:
            logger.warning(
                "topic %r is a new one under its name (%s): its offsets count anew, as epoch %d",
                name,
                topic_id,
                held.epoch,
            )
    if repeated:
        log.write(repeated)
    return epochs


def _held(entries: Sequence[TopicEpoch], name: str, topic_id: str) -> TopicEpoch | None:
    """Return the first entry of an incarnation."""
    return next((one for one in entries if (one.topic, one.topic_id) == (name, topic_id)), None)


def _next(entries: Sequence[TopicEpoch], name: str, first: Callable[[], int]) -> int:
    """Return an epoch above all that a topic has had."""
    had = [one.epoch for one in entries if one.topic == name]
    return max(had) + 1 if had else first()


def find_incarnations(
    kafka: KafkaConfig, *, clock: Callable[[], float] = time.time
) -> Incarnations:
    """Look at the cluster's topics and agree on their epochs.

    Where nothing has been agreed and there is state already (topics mirrored without
    `topic-epochs`, or written before there were epochs), the first epoch is the hour, which is
    above any that the state may know.

    Raises
    ------
    ServiceError
        Kafka does not answer, or a topic is not there.
    """
    names = TopicNames(kafka.prefix)
    client = kafka.client_options()
    topics = [names(name) for name in (*READ, *FOLLOWED, _TOPIC)]
    changelogs = [kafka.prefix + name for name in CHANGELOGS]
    cluster = look(client, [*topics, *changelogs])
    ids = {
        name: topic_id
        for name, topic_id in cluster.topic_ids.items()
        if name in {names(read) for read in READ}
    }

    def first() -> int:
        stateful = [*changelogs, *(names(name) for name in _STATEFUL)]
        if not _has_records(client, stateful):
            return 0
        return int(clock() - _HOURS_SINCE_S) // 3_600

    return Incarnations(cluster, agree(ids, _KafkaEpochLog(kafka), first=first))


def topics_read(kafka: KafkaConfig, agents: Iterable[str]) -> list[str]:
    """Return the full names of what a stream worker reads: its agents' topics and what all follow.

    Changelogs are read, too: a worker ends when one of all these is made anew.
    """
    names = TopicNames(kafka.prefix)
    return [
        *(names(name) for name in (*agents, *FOLLOWED)),
        *(kafka.prefix + name for name in CHANGELOGS),
    ]


def _has_records(client: Mapping[str, Any], topics: Sequence[str]) -> bool:
    """Whether anything was ever written to one of the topics."""
    consumer = connected(KafkaConsumer, **client)
    try:
        places = [
            TopicPartition(topic, number)
            for topic in topics
            for number in consumer.partitions_for_topic(topic) or ()
        ]
        return any(consumer.end_offsets(places).values())
    finally:
        consumer.close()


class _KafkaEpochLog:
    """The topic itself."""

    def __init__(self, kafka: KafkaConfig) -> None:
        self._kafka = kafka

    def read(self) -> Sequence[TopicEpoch]:
        """Return what it holds now, in order."""
        entries = []
        with TopicReader(self._kafka, _TOPIC) as reader:
            for record in reader.until_now():
                try:
                    entries.append(decode(TopicEpoch, record.value or b""))
                except BadMessage as error:
                    logger.error("entry at offset %d is not read: %s", record.offset, error)
        return entries

    def write(self, entries: Sequence[TopicEpoch]) -> None:
        """Append, and wait until Kafka has it."""
        refusals: list[Exception] = []
        with TopicWriter(self._kafka, _TOPIC) as writer:
            for one in entries:
                writer.send(one.topic.encode(), encode(one), refused=refusals.append)
            writer.flush()
        if refusals:
            msg = f"Kafka must take the epochs of topics on {_TOPIC!r}: {refusals[0]!r}"
            raise ServiceError(msg) from refusals[0]
