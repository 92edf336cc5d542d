"""Where following starts: at the first message, or near the end where the newest are enough."""

from __future__ import annotations

from typing import Any

import pytest
from aiokafka.structs import TopicPartition

from streams.follower import Follower

pytestmark = pytest.mark.asyncio

SLATES = TopicPartition("labelled-slates", 0)
ARTICLES = TopicPartition("articles", 0)


class ScriptedConsumer:
    """Stands for aiokafka's: topics of some length, and where it was sent."""

    def __init__(self, offsets: dict[TopicPartition, tuple[int, int]]) -> None:
        self.offsets = offsets
        self.positions = {place: first for place, (first, _) in offsets.items()}

    async def beginning_offsets(self, places: list[TopicPartition]) -> dict[TopicPartition, int]:
        return {place: self.offsets[place][0] for place in places}

    async def end_offsets(self, places: list[TopicPartition]) -> dict[TopicPartition, int]:
        return {place: self.offsets[place][1] for place in places}

    async def position(self, place: TopicPartition) -> int:
        return self.positions[place]

    def seek(self, place: TopicPartition, offset: int) -> None:
        self.positions[place] = offset


def follower_of(consumer: Any, newest: dict[str, int] | None) -> Follower:
    """A follower as it is once connected."""
    follower = Follower({place.topic: lambda _: None for place in consumer.offsets}, {}, newest)
    follower._consumer = consumer
    follower._done = dict.fromkeys(consumer.offsets, 0)
    return follower


@pytest.mark.parametrize(
    ("offsets", "start"),
    [
        ((0, 1_000), 900),
        ((0, 60), 0),  # fewer than are wanted
        ((950, 1_000), 950),  # the others were deleted
        ((700, 1_000), 900),
        ((0, 0), 0),
    ],
)
async def test_the_newest_messages_are_enough(offsets: tuple[int, int], start: int) -> None:
    consumer = ScriptedConsumer({SLATES: offsets, ARTICLES: (0, 500)})
    follower = follower_of(consumer, {"labelled-slates": 100})

    await follower._skip_old(consumer)

    assert consumer.positions == {SLATES: start, ARTICLES: 0}


async def test_without_such_topics_everything_is_read() -> None:
    consumer = ScriptedConsumer({SLATES: (5, 1_000), ARTICLES: (0, 500)})
    follower = follower_of(consumer, None)

    await follower._skip_old(consumer)

    assert consumer.positions == {SLATES: 5, ARTICLES: 0}


async def test_it_has_caught_up_only_when_the_end_of_every_topic_is_followed() -> None:
    consumer = ScriptedConsumer({SLATES: (0, 1_000), ARTICLES: (0, 0)})
    follower = follower_of(consumer, {"labelled-slates": 100})
    await follower._skip_old(consumer)
    slept: list[int] = []

    async def sleep(_: float) -> None:
        slept.append(consumer.positions[SLATES])
        consumer.positions[SLATES] += 50  # what `_run` would feed

    follower.sleep = sleep  # type: ignore[assignment]
    await follower.catch_up()

    assert slept == [900, 950]
