"""The loop stays in its group while the model computes, and commits nothing that left meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from kafka.errors import CorruptRecordError
from kafka.structs import TopicPartition

from cherryrec.codec import decode, encode
from cherryrec.events import Evaluation, EvaluationRequest
from cherryrec.topics import TopicNames
from cherryrec.tracing import Tracer
from gpu_worker import loop as loop_module
from gpu_worker import lora_topic
from gpu_worker.backends import ScriptedBackend
from gpu_worker.config import GpuConfig
from gpu_worker.loop import EvaluationLoop
from gpu_worker.reading import Reading
from gpu_worker.rebalance import REJOIN_S, Revocations, poll_or_rejoin
from tests.spans import PARENT, TRACE_ID, Spans, trace_id_of

pytestmark = pytest.mark.timeout(30)

Ask = Callable[..., EvaluationRequest]

WAIT_S = 10.0
P, Q, R = (TopicPartition("evaluation-requests", number) for number in range(3))


class Consumer:
    """A topic of three partitions, and a group that takes and gives them when it is told."""

    def __init__(self, values: dict[TopicPartition, list[bytes]]) -> None:
        self.values = values
        self.positions: dict[TopicPartition, int] = {}
        self.committed: dict[TopicPartition, int] = {}
        self.held: set[TopicPartition] = set()
        self.listener: Any = None
        self.script: dict[int, Callable[[], None]] = {}
        self.n_held_polls = 0
        self.timeouts_ms: list[int] = []
        self.needs_join = False
        self._fetcher: Any = None
        self._coordinator = SimpleNamespace(
            need_rejoin=lambda: self.needs_join, request_rejoin=lambda: None
        )

    def partitions_for_topic(self, topic: str) -> set[int] | None:
        return None if topic == "lora-weights" else {0, 1, 2}

    def subscribe(self, topics: list[str], *, listener: Any) -> None:
        self.listener = listener

    def take(self, *places: TopicPartition) -> None:
        """Take partitions away, as when the group has given this worker up."""
        self.listener.on_partitions_lost(places)
        for place in places:
            del self.positions[place]
            self.held.discard(place)

    def rebalance(self, *now: TopicPartition) -> None:
        self.listener.on_partitions_revoked(list(self.positions))
        self.positions = {
            place: self.positions.get(place, self.committed.get(place, 0)) for place in now
        }
        self.held &= set(now)
        self.listener.on_partitions_assigned(list(now))

    def poll(self, *, timeout_ms: int, max_records: int) -> dict[TopicPartition, list[Any]]:
        self.timeouts_ms.append(timeout_ms)
        if self.held:
            self.n_held_polls += 1
            self.script.get(self.n_held_polls, lambda: None)()
        polled = {}
        for place, position in self.positions.items():
            news = [] if place in self.held else self.values.get(place, [])[position:]
            if news:
                polled[place] = [
                    SimpleNamespace(
                        topic=place.topic,
                        partition=place.partition,
                        offset=position + number,
                        key=b"",
                        value=value,
                        headers=[PARENT],
                        timestamp=0,
                        timestamp_type=0,
                    )
                    for number, value in enumerate(news)
                ]
                self.positions[place] += len(news)
        return polled

    def assignment(self) -> set[TopicPartition]:
        return set(self.positions)

    def paused(self) -> set[TopicPartition]:
        return set(self.held)

    def pause(self, *places: TopicPartition) -> None:
        self.held |= set(places)

    def resume(self, *places: TopicPartition) -> None:
        self.held -= set(places)

    def commit(self, offsets: dict[TopicPartition, Any]) -> None:
        assert set(offsets) <= set(self.positions), "another worker's"
        self.committed |= {place: one.offset for place, one in offsets.items()}

    def close(self, **_: Any) -> None:
        pass


class Producer:
    """Acknowledges at once, and remembers the ids that were answered."""

    def __init__(self) -> None:
        self.answered: list[str] = []
        self.headers: list[Any] = []

    def send(self, topic: str, *, value: bytes, headers: Any = None, **_: Any) -> Any:
        assert topic == "evaluations"
        self.answered.append(decode(Evaluation, value).request_id)
        self.headers.append(headers)
        return SimpleNamespace(get=lambda timeout: None)

    def close(self, **_: Any) -> None:
        pass


class Bench:
    """A loop whose first batch ends when it is told to."""

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        values: dict[TopicPartition, list[bytes]],
        *,
        tracer: Tracer | None = None,
    ) -> None:
        self.consumer = Consumer(values)
        self.producer = Producer()
        self.is_over = threading.Event()
        self.threads: set[int] = set()
        monkeypatch.setattr(loop_module, "KafkaConsumer", lambda **_: self.consumer)
        monkeypatch.setattr(loop_module, "KafkaProducer", lambda **_: self.producer)
        monkeypatch.setattr(lora_topic, "KafkaConsumer", lambda **_: self.consumer)
        self.loop = EvaluationLoop(
            ScriptedBackend(before=self._compute),
            config=GpuConfig(max_wait_s=0.0, max_batch_size=8),
            topics=TopicNames(""),
            client_kwargs={},
            tracer=tracer,
        )

    def run(self, *places: TopicPartition, until: Callable[[], bool] = lambda: True) -> None:
        """Run the loop until the first batch is over and something is true."""

        def join_then_look(consumer: Any, listener: Any, reading: Any, **options: Any) -> Any:
            if not listener.has_joined:
                self.consumer.rebalance(*places)
            if self.is_over.is_set() and until():
                self.loop.stop()
            return poll_or_rejoin(consumer, listener, reading, **options)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(loop_module, "poll_or_rejoin", join_then_look)
            self.loop.run()

    def _compute(self, _: Any) -> None:
        self.threads.add(threading.get_ident())
        assert self.is_over.wait(WAIT_S), "nobody polled during the batch"


def messages(ask: Ask, *numbers: int) -> list[bytes]:
    return [encode(ask(number, expires_at=1e12)) for number in numbers]


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch, ask: Ask) -> Bench:
    values = {P: messages(ask, 1, 2), Q: messages(ask, 3), R: messages(ask, 4, 5)}
    return Bench(monkeypatch, values)


def at(bench: Bench, number: int, do: Callable[[], Any]) -> None:
    """Have something happen in a poll during the batch, counted from 1."""
    bench.consumer.script[number] = do


def test_polls_go_on_during_a_batch_and_return_nothing(bench: Bench) -> None:
    at(bench, 3, bench.is_over.set)

    bench.run(P, Q, until=lambda: len(bench.producer.answered) == 3)

    assert bench.producer.answered == ["r1", "r2", "r3"]
    assert bench.consumer.n_held_polls == 3
    assert bench.consumer.committed == {P: 2, Q: 1}
    assert bench.consumer.held == set()
    assert len(bench.threads) == 1
    assert threading.get_ident() not in bench.threads


def test_what_leaves_during_a_batch_is_not_committed_and_what_comes_is_answered(
    bench: Bench,
) -> None:
    at(bench, 1, lambda: bench.consumer.rebalance(Q, R))
    at(bench, 2, bench.is_over.set)

    bench.run(P, Q, until=lambda: len(bench.producer.answered) == 5)

    assert bench.producer.answered == ["r1", "r2", "r3", "r4", "r5"]
    assert bench.consumer.committed == {Q: 1, R: 2}
    assert bench.consumer.held == set()


def test_what_is_lost_and_comes_back_during_a_batch_is_read_and_answered_again(
    bench: Bench,
) -> None:
    committed_before_second_answer: list[dict[TopicPartition, int]] = []

    def lose_and_rejoin() -> None:
        bench.consumer.take(P)
        bench.consumer.rebalance(P, Q)

    def has_both() -> bool:
        if bench.producer.answered == ["r1", "r2", "r3"]:
            committed_before_second_answer.append(dict(bench.consumer.committed))
        return len(bench.producer.answered) == 5

    at(bench, 1, lose_and_rejoin)
    at(bench, 2, bench.is_over.set)

    bench.run(P, Q, until=has_both)

    assert bench.producer.answered == ["r1", "r2", "r3", "r1", "r2"]
    assert all(P not in one for one in committed_before_second_answer)
    assert bench.consumer.committed == {P: 2, Q: 1}


def test_what_waits_of_a_partition_that_left_during_a_batch_is_given_away(
    monkeypatch: pytest.MonkeyPatch, ask: Ask
) -> None:
    values = {P: messages(ask, *range(8), 8, 9), Q: messages(ask, 10)}
    bench = Bench(monkeypatch, values)
    at(bench, 1, lambda: bench.consumer.rebalance(Q))
    at(bench, 2, bench.is_over.set)

    bench.run(P, Q, until=lambda: "r10" in bench.producer.answered)

    assert bench.producer.answered == [*(f"r{number}" for number in range(8)), "r10"]
    assert bench.loop.state.counts.given_away == 2
    assert bench.consumer.committed == {Q: 1}


def test_answers_are_of_the_traces_of_their_questions(
    monkeypatch: pytest.MonkeyPatch, ask: Ask
) -> None:
    spans = Spans(lambda: 1_000.0)
    bench = Bench(monkeypatch, {P: messages(ask, 1, 2)}, tracer=spans.tracer)
    bench.is_over.set()

    bench.run(P, until=lambda: len(bench.producer.answered) == 2)

    assert {trace_id_of(headers) for headers in bench.producer.headers} == {TRACE_ID}
    assert spans.names == ["evaluate"] * 2 + ["read evaluation-requests"] * 2
    assert {(span.attributes or {}).get("cherryrec.n_batch", 2) for span in spans.ended} == {2}


def test_without_traces_nothing_goes_beside_an_answer(bench: Bench) -> None:
    bench.is_over.set()

    bench.run(P, until=lambda: len(bench.producer.answered) == 2)

    assert bench.producer.headers == [None, None]


def test_a_stop_during_a_batch_ends_after_its_answers(bench: Bench) -> None:
    at(bench, 1, bench.loop.stop)
    at(bench, 2, bench.is_over.set)

    bench.run(P)

    assert bench.producer.answered == ["r1", "r2"]
    assert bench.consumer.committed == {P: 2}


def test_a_short_batch_costs_no_poll(bench: Bench) -> None:
    bench.is_over.set()

    bench.run(P, until=lambda: len(bench.producer.answered) == 2)

    assert bench.consumer.n_held_polls == 0


@pytest.mark.parametrize(("needs_join", "timeout_ms"), [(True, 1e3 * REJOIN_S), (False, 1)])
def test_a_poll_has_time_for_a_join_that_is_asked_for(needs_join: bool, timeout_ms: int) -> None:
    consumer = Consumer({})
    consumer.needs_join = needs_join

    poll_or_rejoin(consumer, Revocations(), Reading(), wait_s=0.0, max_records=1)

    assert consumer.timeouts_ms == [timeout_ms]


def test_the_end_of_a_hold_leaves_an_unreadable_partition_paused() -> None:
    class Damaged(Consumer):
        def poll(self, **_: Any) -> Any:
            raise CorruptRecordError

    consumer, reading = Damaged({}), Reading(retry_s=60.0)
    consumer.positions = {P: 0, Q: 0}
    fetched = SimpleNamespace(topic_partition=P, next_fetch_offset=7, drain=lambda: None)
    consumer._fetcher = SimpleNamespace(_next_partition_records=fetched)
    reading.poll(consumer, timeout_ms=1)

    reading.hold(consumer)
    held = consumer.paused()
    reading.release(consumer)

    assert (held, consumer.paused()) == ({P, Q}, {P})
