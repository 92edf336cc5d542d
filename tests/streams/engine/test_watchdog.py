from __future__ import annotations

import asyncio
from typing import Any

import pytest
import pytest_asyncio
from faust.types import TP

from cherryrec.errors import ConfigError
from streams.engine import Metrics, ProgressWatch, Standing, Watchdog
from streams.engine.reading import Stopped
from streams.engine.watchdog import EXIT_CODE

A, B = TP("clicks", 0), TP("clicks", 1)


def test_partition_with_lag_that_stands_still_has_stalled() -> None:
    watch = ProgressWatch(stall_s=10.0)
    watch.observe({A: Standing(5, 9), B: Standing(5, 9)}, now_s=0.0)

    stalled = watch.observe({A: Standing(5, 9), B: Standing(6, 9)}, now_s=10.0)

    assert stalled == [A]


def test_partition_without_lag_never_stalls() -> None:
    watch = ProgressWatch(stall_s=10.0)

    assert not any(watch.observe({A: Standing(9, 9)}, now_s=t) for t in (0.0, 10.0, 1_000.0))


def test_time_counts_from_the_first_observation_of_lag() -> None:
    watch = ProgressWatch(stall_s=10.0)
    watch.observe({A: Standing(9, 9)}, now_s=0.0)
    watch.observe({A: Standing(9, 9)}, now_s=100.0)

    assert watch.observe({A: Standing(9, 12)}, now_s=105.0) == []
    assert watch.observe({A: Standing(9, 12)}, now_s=110.0) == [A]


def test_partition_that_left_and_came_back_starts_anew() -> None:
    watch = ProgressWatch(stall_s=10.0)
    watch.observe({A: Standing(5, 9)}, now_s=0.0)
    watch.observe({}, now_s=5.0)

    assert watch.observe({A: Standing(5, 9)}, now_s=12.0) == []


def test_stall_time_must_be_positive() -> None:
    with pytest.raises(ConfigError, match="stall_s must be above 0, got 0"):
        ProgressWatch(0)


class Consumer:
    """A consumer that stands where the test puts it."""

    def __init__(self) -> None:
        self.fetched = 0
        self.committed = 0
        self.end = 0
        self.log_end = 0
        self.unacked: set[Any] = set()
        self._buffered_partitions: set[TP] = set()
        self.answers = True
        self.delay_s = 0.0

    @property
    def _committed_offset(self) -> dict[TP, int]:
        return {A: self.committed}

    def assignment(self) -> set[TP]:
        return {A}

    def highwater(self, _: TP) -> int:
        return max(self.log_end, self.end)

    async def highwaters(self, *tps: TP) -> dict[TP, int]:
        await asyncio.sleep(self.delay_s)
        if not self.answers:
            msg = "the thread is gone"
            raise RuntimeError(msg)
        return dict.fromkeys(tps, self.end)

    async def earliest_offsets(self, *tps: TP) -> dict[TP, int]:
        return dict.fromkeys(tps, 0)

    async def position(self, _: TP) -> int:
        return self.fetched


class Worker:
    """An app under a watchdog, with a clock to advance."""

    def __init__(self, app: Any) -> None:
        self.now_s = 0.0
        self.ended: list[int] = []
        self.consumer = app._consumer = Consumer()
        app.topics._acking_topics.add("clicks")
        self.metrics = Metrics()
        self.watchdog = Watchdog(
            app, stall_s=30.0, metrics=self.metrics, clock=lambda: self.now_s,
            end=self.ended.append,
        )  # fmt: skip

    async def observe_at(self, now_s: float) -> None:
        self.now_s = now_s
        await self.watchdog.observe()


@pytest_asyncio.fixture
async def worker(app: Any) -> Worker:
    return Worker(app)


@pytest.mark.asyncio
async def test_silent_consumer_ends_the_worker_with_one_line(
    worker: Worker, caplog: pytest.LogCaptureFixture
) -> None:
    worker.consumer.fetched = worker.consumer.end = 5
    await worker.observe_at(0.0)
    worker.consumer.end = 9  # events come, nobody fetches them
    await worker.observe_at(10.0)
    assert not worker.ended

    await worker.observe_at(40.0)

    assert worker.ended == [EXIT_CODE]
    assert "no progress for 30 s although events wait: clicks[0]" in caplog.text


@pytest.mark.asyncio
async def test_agent_that_hangs_with_fetched_events_ends_the_worker(worker: Worker) -> None:
    class InHand:
        tp = A

    in_hand = InHand()
    worker.consumer.unacked.add(in_hand)
    worker.consumer.fetched = worker.consumer.end = 9

    await worker.observe_at(0.0)
    await worker.observe_at(31.0)

    assert worker.ended == [EXIT_CODE]


@pytest.mark.asyncio
async def test_consumer_that_no_longer_answers_ends_the_worker_when_it_had_lag(
    worker: Worker,
) -> None:
    worker.consumer.end = 9
    await worker.observe_at(0.0)
    worker.consumer.answers = False

    await worker.observe_at(31.0)

    assert worker.ended == [EXIT_CODE]


@pytest.mark.asyncio
async def test_consumer_that_never_answered_ends_the_worker(
    worker: Worker, caplog: pytest.LogCaptureFixture
) -> None:
    worker.consumer.answers = False
    await worker.observe_at(0.0)
    await worker.observe_at(29.0)
    assert not worker.ended

    await worker.observe_at(30.0)

    assert worker.ended == [EXIT_CODE]
    assert "the consumer has not answered for 30 s; ending the worker" in caplog.text


@pytest.mark.asyncio
async def test_answer_slower_than_the_interval_is_still_heard(worker: Worker) -> None:
    # Kafka answers a connection in order: offsets wait behind an open fetch of up to 1.5 s.
    worker.watchdog.interval_s = 0.01
    worker.consumer.delay_s = 0.05
    worker.consumer.end = 9

    await worker.observe_at(0.0)

    assert worker.watchdog._last == {A: Standing(position=0, end=9)}


@pytest.mark.asyncio
async def test_committed_offset_behind_a_compacted_tail_is_no_lag(worker: Worker) -> None:
    worker.consumer.committed, worker.consumer.fetched, worker.consumer.end = 7, 9, 9

    await worker.observe_at(0.0)
    await worker.observe_at(1_000.0)

    assert not worker.ended


@pytest.mark.asyncio
async def test_recovery_that_stands_still_ends_the_worker(worker: Worker, app: Any) -> None:
    app.in_recovery = True

    await worker.observe_at(0.0)
    await worker.observe_at(31.0)

    assert worker.ended == [EXIT_CODE]


@pytest.mark.asyncio
async def test_lag_is_shown(worker: Worker) -> None:
    worker.consumer.fetched, worker.consumer.end = 5, 9

    await worker.observe_at(0.0)

    labels = {"topic": "clicks", "partition": "0"}
    shown = worker.metrics.registry.get_sample_value("cherryrec_consumer_lag_events", labels)
    assert shown == 4.0


@pytest.mark.asyncio
async def test_what_waits_behind_an_open_transaction_is_shown_and_ends_no_worker(
    worker: Worker, caplog: pytest.LogCaptureFixture
) -> None:
    worker.consumer.fetched = worker.consumer.committed = worker.consumer.end = 5
    worker.consumer.log_end = 12

    for now_s in range(0, 200, 10):
        await worker.observe_at(float(now_s))

    assert not worker.ended
    labels = {"topic": "clicks", "partition": "0"}
    registry = worker.metrics.registry
    assert registry.get_sample_value("cherryrec_uncommitted_records", labels) == 7.0
    assert caplog.text.count("clicks[0] is held back at offset 5 by a writer's open transact") == 1


@pytest.mark.asyncio
async def test_partition_at_a_batch_that_cannot_be_read_ends_no_worker(worker: Worker) -> None:
    """It would stand there again after the restart; its gate says why."""
    worker.watchdog.app.reading._stopped[A] = Stopped(5, "CorruptRecordException", 0.0)
    worker.consumer.fetched = worker.consumer.committed = 5
    worker.consumer.end = 9

    for now_s in range(0, 100, 10):
        await worker.observe_at(float(now_s))

    assert not worker.ended
