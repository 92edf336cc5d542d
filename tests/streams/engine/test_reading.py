"""A batch that cannot be read stops its own partition; no record is lost to the others."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.consumer.fetcher import FetchError, FetchResult
from aiokafka.errors import CorruptRecordException, TopicAuthorizationFailedError
from aiokafka.structs import TopicPartition

from streams.engine import Gates, Metrics, Reading

pytestmark = pytest.mark.asyncio

A, B = TopicPartition("clicks", 0), TopicPartition("clicks", 1)


class Records:
    """Offsets as aiokafka hands them out, and what is raised instead of the next one."""

    def __init__(self, offsets: list[int], error: Exception | None = None) -> None:
        self.next_fetch_offset = offsets[0] if offsets else 0
        self._offsets = iter(offsets)
        self._error = error

    def __iter__(self) -> Records:
        return self

    def __next__(self) -> int:
        for offset in self._offsets:
            self.next_fetch_offset = offset + 1
            return offset
        if self._error is not None:
            raise self._error
        raise StopIteration


class State:
    def __init__(self) -> None:
        self.position = 0
        self.paused = False

    def consumed_to(self, position: int) -> None:
        self.position = position


class Consumer:
    """An aiokafka consumer whose fetches are put there by hand."""

    def __init__(self) -> None:
        self.states = {A: State(), B: State()}
        self._closed = False
        self._coordinator = SimpleNamespace(check_errors=lambda: None)
        active = SimpleNamespace(active=True, state_value=self.states.__getitem__)
        self._assignment = active
        self._subscription = SimpleNamespace(subscription=SimpleNamespace(assignment=active))
        self._fetcher = SimpleNamespace(
            _closed=False,
            _records=OrderedDict(),
            _wait_consume_future=None,
            _notify=lambda _: None,
            _create_fetch_waiter=lambda: asyncio.get_running_loop().create_future(),
            _subscriptions=SimpleNamespace(
                fetch_context=nullcontext,
                reassignment_in_progress=False,
                is_assigned=self.states.__contains__,
            ),
        )

    def has_fetched(
        self, place: TopicPartition, *offsets: int, error: Exception | None = None
    ) -> None:
        records: Any = Records(list(offsets), error)
        self.states[place].position = records.next_fetch_offset
        self._fetcher._records[place] = FetchResult(
            place, assignment=self._assignment, partition_records=records, backoff=0.1
        )

    def assignment(self) -> set[TopicPartition]:
        return set(self.states)

    def pause(self, place: TopicPartition) -> None:
        self.states[place].paused = True

    def paused(self) -> set[TopicPartition]:
        return {place for place, state in self.states.items() if state.paused}

    def resume(self, place: TopicPartition) -> None:
        self.states[place].paused = False


class World:
    def __init__(self) -> None:
        self.now_s = 0.0
        self.metrics = Metrics()
        self.gates = Gates()
        self.consumer = Consumer()
        self.reading = Reading(self.metrics, self.gates, retry_s=30.0, clock=lambda: self.now_s)

    async def fetch(self, max_records: int = 100) -> Any:
        return await self.reading.fetch(self.consumer, timeout_s=0.0, max_records=max_records)


@pytest.fixture
def world() -> World:
    return World()


async def test_bad_batch_stops_its_partition_and_the_others_go_on(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.consumer.has_fetched(A, 1, 2)
    world.consumer.has_fetched(B, 5, 6, error=CorruptRecordException("Invalid CRC"))

    first = await world.fetch()
    world.consumer.has_fetched(A, 3)
    second = await world.fetch()

    assert (first, second) == ({A: [1, 2], B: [5, 6]}, {A: [3]})
    assert world.consumer.states[B].position == 7
    assert world.consumer.paused() == {B}
    assert "clicks[1] stands still at offset 7" in caplog.text
    assert "clicks[1] at offset 7 (CorruptRecord" in world.gates.closed()["readable"]
    labels = {"topic": "clicks", "partition": "1"}
    counted = world.metrics.registry.get_sample_value("cherryrec_unreadable_batches_total", labels)
    assert counted == 1.0


async def test_bad_batch_is_tried_again_and_a_good_one_opens_the_gate(world: World) -> None:
    world.consumer.has_fetched(B, error=ValueError("unknown codec"))
    await world.fetch()
    world.now_s = 29.0
    await world.fetch()
    still = world.consumer.paused()

    world.now_s = 30.0
    await world.fetch()
    world.consumer.has_fetched(B, 0, 1)
    records = await world.fetch()

    assert still == {B}
    assert world.consumer.paused() == set()
    assert records == {B: [0, 1]}
    assert world.gates.is_ready
    assert not world.reading.stopped


async def test_partition_that_moved_away_is_stopped_no_longer(world: World) -> None:
    world.consumer.has_fetched(B, error=ValueError("unknown codec"))
    await world.fetch()

    del world.consumer.states[B]
    await world.fetch()

    assert world.gates.is_ready


async def test_no_partition_is_drained_before_the_others_get_their_share(world: World) -> None:
    world.consumer.has_fetched(A, *range(1_000))
    world.consumer.has_fetched(B, 5)

    records = await world.fetch(max_records=100)

    assert len(records[A]) == 50
    assert records[B] == [5]


async def test_what_the_broker_refuses_is_raised_after_what_was_drained(world: World) -> None:
    world.consumer.has_fetched(A, 1)
    refused: Any = FetchError(error=TopicAuthorizationFailedError("clicks"), backoff=0.1)
    world.consumer._fetcher._records[B] = refused

    records = await world.fetch()
    with pytest.raises(TopicAuthorizationFailedError):
        await world.fetch()

    assert records == {A: [1]}
