"""Requests are traced through a stream worker: read, selected, asked about, ranked, sent."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cherryrec.events import Deadline
from cherryrec.pipeline import Effects, EvaluatorConfig, PipelineConfig
from cherryrec.pipeline.evaluation_policy import EvaluationPolicy
from streams.config import KafkaConfig, StreamConfig
from streams.worker import StreamWorker
from tests.spans import PARENT, TRACE_ID, Spans, trace_id_of
from tests.streams.agents.conftest import CLOCK_S, PREFIX, Bench
from tests.worlds import click, liked, request

pytestmark = pytest.mark.asyncio

HEADERS = dict([PARENT])


class Traced(Bench):
    """A worker whose spans are kept."""

    def __init__(self, worker: StreamWorker, spans: Spans) -> None:
        super().__init__(worker)
        self.spans = spans

    def headers(self, topic: str) -> list[dict[str, bytes]]:
        """The headers of what was sent to a topic."""
        sent = zip(self.sender.sent, self.sender.headers, strict=True)
        return [dict(headers) for one, headers in sent if one[0] == PREFIX + topic]

    def ask_cnle(self) -> None:
        pipeline = self.worker.pipeline
        pipeline.evaluation_policy = EvaluationPolicy(
            EvaluatorConfig(enabled=True), pipeline.catalogue, n_evaluated=20
        )


@pytest.fixture
def clock() -> Iterator[Any]:
    """A clock that is a millisecond further at every look."""

    class Clock:
        now_s = CLOCK_S

        def __call__(self) -> float:
            self.now_s += 1e-3
            return self.now_s

    yield Clock()


@pytest.fixture
def bench(tmp_path: Path, clock: Any) -> Iterator[Traced]:
    spans = Spans(clock)
    worker = StreamWorker(
        KafkaConfig(bootstrap_servers="127.0.0.1:1", prefix=PREFIX, partitions=1),
        StreamConfig(data_dir=tmp_path / "tables"),
        PipelineConfig(),
        clock=lambda: CLOCK_S,
        store="memory://",
        tracer=spans.tracer,
    )
    bench = Traced(worker, spans)
    yield bench
    thread = getattr(bench.app._consumer, "_thread", None)
    if thread is not None:
        thread.thread_loop.close()


async def test_a_request_that_is_answered_at_once(bench: Traced) -> None:
    async with bench.agent("requests") as put:
        await put("u", request("r", user_id="u", slate_size=2), headers=HEADERS)
        await bench.until(lambda: bool(bench.sent("recommendations")))
        await asyncio.sleep(0)

    steps = ["rank", "read requests", "select", "send recommendations"]
    assert bench.spans.names == steps
    assert bench.spans.trace_ids() == {TRACE_ID}
    (headers,) = bench.headers("recommendations")
    assert trace_id_of(headers.items()) == TRACE_ID
    rank, read, select, send = map(bench.spans.one, steps)
    assert read.context is not None
    assert {one.parent.span_id for one in (select, rank, send) if one.parent} == {
        read.context.span_id
    }
    assert select.end_time == rank.start_time
    assert select.attributes == {"cherryrec.n_live": 6, "cherryrec.n_kept": 6}
    assert dict(rank.attributes or {}) == {
        "cherryrec.stage": "newest",
        "cherryrec.rung": "unevaluated",
        "cherryrec.degraded": "",
        "cherryrec.n_articles": 2,
        "cherryrec.model_version": 0,
    }
    assert (read.attributes or {})["cherryrec.counted"] == "applied"
    assert (send.attributes or {})["messaging.destination.name"] == "unit.recommendations"


async def test_no_span_says_whose_request_it_is(bench: Traced) -> None:
    async with bench.agent("requests") as put:
        await put("reader-7", request("r", user_id="reader-7"), headers=HEADERS)
        await bench.until(lambda: bool(bench.sent("recommendations")))
        await asyncio.sleep(0)

    assert bench.spans.ended
    assert "reader-7" not in "".join(span.to_json() for span in bench.spans.ended)


async def test_an_evaluation_is_of_the_trace_of_its_request(bench: Traced) -> None:
    bench.ask_cnle()
    async with bench.agent("requests") as put:
        await put("u", request("r", user_id="u"), headers=HEADERS)
        await bench.until(lambda: bool(bench.sent("evaluation-requests")))
    (asked,) = bench.headers("evaluation-requests")
    (question,) = bench.sent("evaluation-requests")
    async with bench.agent("evaluations") as put:
        await put("u", liked(question, "a1"), headers=asked)
        await bench.until(lambda: bool(bench.sent("recommendations")))
        await asyncio.sleep(0)

    assert bench.spans.names == [
        "rank",
        "read evaluations",
        "read requests",
        "select",
        "send evaluation-requests",
        "send recommendations",
    ]
    assert bench.spans.trace_ids() == {TRACE_ID}
    first, answered = bench.spans.one("read requests"), bench.spans.one("read evaluations")
    assert (first.attributes or {})["cherryrec.evaluation_choice"] == "asked"
    assert (answered.attributes or {})["cherryrec.evaluation_outcome"] == "evaluated"
    (headers,) = bench.headers("recommendations")
    assert trace_id_of(headers.items()) == TRACE_ID


async def test_a_deadline_carries_the_trace_and_leaves_a_span_only_if_it_answers(
    bench: Traced,
) -> None:
    bench.ask_cnle()
    bench.worker.owned = frozenset({0})
    async with bench.agent("requests") as put:
        await put("u", request("r", user_id="u"), headers=HEADERS)
        await bench.until(lambda: bool(bench.sent("evaluation-requests")))
    (pending,) = bench.worker.deadlines._heap
    await bench.worker._announce(pending)
    (announced,) = bench.headers("deadlines")
    async with bench.agent("deadlines") as put:
        await put("u", Deadline(request_id="r", user_id="u"), headers=announced)
        await put("u", Deadline(request_id="r", user_id="u"), headers=announced)
        await bench.until(lambda: bench.count("deadlines", "unchanged") == 1)

    assert trace_id_of(announced.items()) == TRACE_ID
    assert bench.spans.names.count("read deadlines") == 1
    assert "send deadlines" not in bench.spans.names
    rank = bench.spans.one("rank")
    assert (rank.attributes or {})["cherryrec.degraded"] == "evaluation_late"


async def test_a_refused_request_s_answer_is_of_its_trace(bench: Traced) -> None:
    async with bench.agent("requests") as put:
        await put("u", b'{"request_id":"r","user_id":"u"}', headers=HEADERS)
        await put("u", b"{oops", headers=HEADERS)
        await bench.until(lambda: bench.count("requests", "dead_lettered") == 2)
        await asyncio.sleep(0)

    (headers,) = bench.headers("recommendations")
    assert trace_id_of(headers.items()) == TRACE_ID
    assert "rank" not in bench.spans.names
    reads = [span for span in bench.spans.ended if span.name == "read requests"]
    assert [span.status.description for span in reads] == [None, "refused_or_moved"]


async def test_a_request_read_again_is_traced_again_and_answered_once(bench: Traced) -> None:
    bench.ask_cnle()
    async with bench.agent("requests") as put:
        for _ in range(2):
            await put("u", request("r", user_id="u"), headers=HEADERS)
        await bench.until(lambda: len(bench.sent("evaluation-requests")) == 2)
    asked = bench.headers("evaluation-requests")
    question = bench.sent("evaluation-requests")[0]
    async with bench.agent("evaluations") as put:
        for headers in asked:
            await put("u", liked(question, "a1"), headers=headers)
        await bench.until(lambda: bench.count("evaluations", "late") == 1)

    assert len(bench.sent("recommendations")) == 1
    assert bench.spans.trace_ids() == {TRACE_ID}
    assert bench.spans.names.count("select") == 1
    assert bench.spans.names.count("read evaluations") == 2


async def test_time_at_the_broker_is_counted(bench: Traced) -> None:
    async with bench.agent("requests") as put:
        message = (await put("u", request("r", user_id="u"), headers=HEADERS)).message
        await bench.until(lambda: bool(bench.sent("recommendations")))
    message.timestamp, message.timestamp_type = CLOCK_S - 3.0, 1
    assert bench.worker.traces is not None

    bench.worker.traces.read("requests", message, Effects(), started_s=CLOCK_S)

    read = bench.spans.ended[-1]
    assert read.start_time is not None
    lay_ms = (read.attributes or {})["cherryrec.queue_ms"]
    assert lay_ms == pytest.approx(3_000, abs=50)
    assert CLOCK_S - read.start_time / 1e9 == pytest.approx(3.0, abs=0.05)


async def test_other_topics_are_not_traced(bench: Traced) -> None:
    async with bench.agent("clicks") as put:
        await put("u", click("a1", user_id="u"), headers=HEADERS)
        await bench.until(lambda: bench.count("clicks", "applied") == 1)

    assert bench.spans.ended == []
