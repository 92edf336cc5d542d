from __future__ import annotations

from collections.abc import Mapping

import pytest
from aiokafka.structs import OffsetAndMetadata, TopicPartition
from faust.types import TP

from streams.engine.marks import commit_marked, seek_to_marked

pytestmark = pytest.mark.asyncio

CLICKS = TP("clicks", 0)


class Marks:
    """One incarnation of every topic."""

    def __init__(self, mark: str) -> None:
        self._mark = mark

    def mark(self, _: str) -> str:
        return self._mark

    def counts(self, _: str, mark: str) -> bool:
        return mark in {"", self._mark}


class Group:
    """A consumer and its coordinator, as far as they are asked: it keeps what is committed."""

    def __init__(self) -> None:
        self.kept: dict[TopicPartition, OffsetAndMetadata] = {}
        self.sought: dict[TP, int] = {}

    @property
    def _coordinator(self) -> Group:
        return self

    def assignment(self) -> set[TopicPartition]:
        return {TopicPartition(*CLICKS)}

    async def commit(self, offsets: Mapping[TopicPartition, OffsetAndMetadata]) -> None:
        self.kept |= offsets

    async def fetch_committed_offsets(
        self, places: list[TopicPartition]
    ) -> dict[TopicPartition, OffsetAndMetadata]:
        return {place: self.kept.get(place, OffsetAndMetadata(-1, "")) for place in places}

    def seek(self, place: TopicPartition, offset: int) -> None:
        self.sought[TP(place.topic, place.partition)] = offset


async def test_offset_of_the_same_incarnation_is_gone_on_from() -> None:
    group = Group()
    await commit_marked(group, {CLICKS: 501}, Marks("id-1"))

    assert await seek_to_marked(group, Marks("id-1")) == {CLICKS: 501}
    assert group.sought == {CLICKS: 501}


async def test_offset_that_a_late_worker_committed_of_a_topic_that_is_gone_counts_as_none() -> None:
    group = Group()
    await commit_marked(group, {CLICKS: 501}, Marks("id-1"))

    assert await seek_to_marked(group, Marks("id-2")) == {CLICKS: None}
    assert group.sought == {}


async def test_partition_of_which_nothing_is_committed_is_told_so() -> None:
    assert await seek_to_marked(Group(), Marks("id-1")) == {CLICKS: None}


async def test_offset_of_a_partition_that_moved_away_is_not_committed() -> None:
    group = Group()

    await commit_marked(group, {TP("clicks", 3): 7, CLICKS: 1}, Marks("id-1"))

    assert set(group.kept) == {TopicPartition(*CLICKS)}
