from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
import pytest_asyncio
from faust.types.tuples import ConsumerMessage

from streams.engine import raw_topic, take_batches

pytestmark = pytest.mark.asyncio


class Feed:
    """A stream over a channel that the test fills."""

    def __init__(self, app: Any) -> None:
        self.app = app
        app.flow_control.resume()
        self.channel = app.channel(key_type=bytes, value_type=bytes)
        self.stream = self.channel.stream()
        self.events: list[Any] = []

    async def put(self, *values: bytes, generation: int | None = None) -> None:
        for value in values:
            message = ConsumerMessage(
                "source", 1, len(self.events), 0.0, 0, None, b"k", value, b"",
                generation_id=self.app.consumer_generation_id
                if generation is None
                else generation,
            )  # fmt: skip
            event = await self.channel.decode(message)
            self.events.append(event)
            await self.channel.put(event)

    def acked(self) -> list[bool]:
        return [event.message.acked for event in self.events]


@pytest_asyncio.fixture
async def feed(app: Any) -> Any:
    feed = Feed(app)
    yield feed
    await feed.stream.stop()


def values(batch: list[Any]) -> list[bytes]:
    return [event.message.value for event in batch]


async def test_batch_holds_what_waits_and_no_more_than_the_bound(feed: Feed) -> None:
    await feed.put(b"1", b"2", b"3", b"4", b"5")

    batches = take_batches(feed.stream, max_events=3)

    assert values(await anext(batches)) == [b"1", b"2", b"3"]
    assert values(await anext(batches)) == [b"4", b"5"]


async def test_single_event_is_yielded_at_once(feed: Feed) -> None:
    await feed.put(b"1")

    started_s = time.monotonic()
    await anext(take_batches(feed.stream, max_events=1_000))

    assert time.monotonic() - started_s < 0.5


async def test_batch_that_is_not_full_waits_for_more_when_told(feed: Feed) -> None:
    await feed.put(b"1")
    batches = take_batches(feed.stream, max_events=10, within_s=0.1)

    first = asyncio.ensure_future(anext(batches))
    await asyncio.sleep(0.02)
    await feed.put(b"2")

    assert values(await first) == [b"1", b"2"]


async def test_events_are_acknowledged_after_the_body_and_not_before(feed: Feed) -> None:
    await feed.put(b"1", b"2")
    batches = take_batches(feed.stream, max_events=10)

    await anext(batches)
    during = feed.acked()
    await feed.put(b"3")
    await anext(batches)

    assert during == [False, False]
    assert feed.acked() == [True, True, False]


async def test_body_that_raises_acknowledges_nothing(feed: Feed) -> None:
    await feed.put(b"1", b"2")

    async def body() -> None:
        async for _ in take_batches(feed.stream, max_events=10):
            msg = "a bug"
            raise RuntimeError(msg)

    with pytest.raises(RuntimeError, match="a bug"):
        await body()
    await asyncio.sleep(0.01)

    assert feed.acked() == [False, False]


async def test_events_in_hand_are_tracked_for_the_rebalance(feed: Feed) -> None:
    await feed.put(b"1")
    feed.app.topics.acking_topics.add("source")
    batches = take_batches(feed.stream, max_events=10)

    await anext(batches)

    assert feed.events[0].message in feed.app.consumer.unacked


async def test_event_fetched_before_a_rebalance_is_dropped_unacknowledged(feed: Feed) -> None:
    await feed.put(b"old", generation=-7)
    await feed.put(b"new")

    batch = await anext(take_batches(feed.stream, max_events=10))

    assert values(batch) == [b"new"]
    assert not feed.events[0].message.acked


async def test_nothing_is_yielded_while_the_flow_is_suspended(feed: Feed) -> None:
    await feed.put(b"1")
    feed.app.flow_control.suspend()

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await anext(take_batches(feed.stream, max_events=10))

    assert feed.acked() == [False]


async def test_stopping_the_stream_ends_the_batches(feed: Feed) -> None:
    async def body() -> int:
        return len([batch async for batch in take_batches(feed.stream, max_events=10)])

    reading = asyncio.ensure_future(body())
    await asyncio.sleep(0.01)
    await feed.stream.stop()
    await feed.stream.throw(StopAsyncIteration())

    assert await asyncio.wait_for(reading, 1.0) == 0


async def test_agents_with_batches_run_in_fausts_test_context(app: Any) -> None:
    seen: list[bytes] = []

    @app.agent(raw_topic(app, "source"))
    async def agent(stream: Any) -> None:
        async for batch in take_batches(stream, max_events=10):
            seen.extend(values(batch))

    async with agent.test_context() as running:
        await running.put(b"1", key=b"k")
        await running.put(b"2", key=b"k")
        await asyncio.sleep(0)

    assert seen == [b"1", b"2"]
