"""Committed offsets that say which incarnation of their topic they count in.

Kafka drops a group's offsets with a topic, but a worker that has not noticed yet commits them
again, and they would count for the new topic of that name: its first records would never be read.
So the topic's mark is committed beside each offset, and one that bears another's counts as none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from aiokafka.structs import OffsetAndMetadata, TopicPartition
from faust.types import TP

__all__ = ["Marks", "NoMarks", "commit_marked", "seek_to_marked"]


class Marks(Protocol):
    """What tells the incarnations of topics apart."""

    def mark(self, topic: str) -> str:
        """Return what is committed beside an offset of a topic."""
        ...

    def counts(self, topic: str, mark: str) -> bool:
        """Whether an offset that was committed with a mark counts."""
        ...


class NoMarks:
    """Every committed offset counts."""

    def mark(self, _: str) -> str:
        """Return what is committed beside an offset of a topic."""
        return ""

    def counts(self, _topic: str, _mark: str) -> bool:
        """Whether an offset that was committed with a mark counts."""
        return True


async def commit_marked(consumer: Any, offsets: Mapping[TP, int], marks: Marks) -> None:
    """Commit offsets with their marks.

    Parameters
    ----------
    consumer
        aiokafka's.
    offsets
        The next to be read, by partition; those of partitions that are not assigned are left out.
    marks
        Of the topics.
    """
    assigned = consumer.assignment()
    await consumer.commit(
        {
            TopicPartition(*tp): OffsetAndMetadata(offset, marks.mark(tp.topic))
            for tp, offset in offsets.items()
            if TopicPartition(*tp) in assigned
        }
    )


async def seek_to_marked(consumer: Any, marks: Marks) -> dict[TP, int | None]:
    """Seek the assigned partitions to what is committed; return that, None where nothing counts.

    Parameters
    ----------
    consumer
        aiokafka's.
    marks
        Of the topics.
    """
    places = sorted(consumer.assignment())
    found = await consumer._coordinator.fetch_committed_offsets(places)
    committed: dict[TP, int | None] = {}
    for place in places:
        one = found.get(place)
        counts = one is not None and one.offset >= 0 and marks.counts(place.topic, one.metadata)
        offset = one.offset if counts else None
        if offset:
            consumer.seek(place, offset)
        committed[TP(place.topic, place.partition)] = offset
    return committed
