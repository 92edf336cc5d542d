"""Where following starts: at the first message, or near the end where the newest are enough."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError
from aiokafka.structs import TopicPartition

from cherryrec.errors import ServiceError
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


class StartingConsumer(ScriptedConsumer):
    """Fails at its start, or later, as a test says; counts those made and those stopped."""

    made: list[StartingConsumer]
    failures: list[BaseException | None]

    def __init__(self, *_: str, **__: Any) -> None:
        super().__init__({ARTICLES: (0, 500)})
        self.failure = self.failures.pop(0)
        self.is_stopped = False
        self.made.append(self)

    async def start(self) -> None:
        if self.failure is not None:
            raise self.failure

    async def stop(self) -> None:
        self.is_stopped = True

    def assignment(self) -> set[TopicPartition]:
        return set(self.offsets)


@pytest.fixture
def starting(monkeypatch: pytest.MonkeyPatch) -> type[StartingConsumer]:
    monkeypatch.setattr(StartingConsumer, "made", [], raising=False)
    monkeypatch.setattr(StartingConsumer, "failures", [], raising=False)
    monkeypatch.setattr("aiokafka.AIOKafkaConsumer", StartingConsumer)
    return StartingConsumer


async def test_each_try_has_a_consumer_of_its_own_and_those_that_failed_are_closed(
    starting: type[StartingConsumer],
) -> None:
    starting.failures += [KafkaConnectionError("no broker"), KafkaConnectionError("no"), None]
    follower = Follower({"articles": lambda _: None}, {})

    await follower.on_start()

    assert [one.is_stopped for one in starting.made] == [True, True, False]
    await follower.on_stop()
    assert starting.made[-1].is_stopped


@pytest.mark.parametrize("topic", ["clicks", "articles"])
async def test_a_start_that_fails_half_way_leaves_no_consumer(
    starting: type[StartingConsumer], monkeypatch: pytest.MonkeyPatch, topic: str
) -> None:
    async def lost(*_: Any) -> dict[TopicPartition, int]:
        msg = "the broker has gone"
        raise KafkaConnectionError(msg)

    monkeypatch.setattr(starting, "end_offsets", lost)
    starting.failures += [None]
    follower = Follower({topic: lambda _: None}, {}, {"articles": 100})

    with pytest.raises(ServiceError if topic == "clicks" else KafkaConnectionError):
        await follower.on_start()

    assert [one.is_stopped for one in starting.made] == [True]


async def test_a_start_that_is_cancelled_leaves_no_consumer(
    starting: type[StartingConsumer],
) -> None:
    starting.failures += [asyncio.CancelledError()]

    with pytest.raises(asyncio.CancelledError):
        await Follower({"articles": lambda _: None}, {}).on_start()

    assert [one.is_stopped for one in starting.made] == [True]
