"""A question's span: since when it lay there, the batch it was judged in, and its failure."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cherryrec.events import Evaluation, EvaluationRequest
from gpu_worker.backends import ScriptedBackend
from gpu_worker.config import GpuConfig
from gpu_worker.evaluator import Evaluator
from gpu_worker.tracing import EvaluationTraces
from tests.spans import PARENT, TRACE_ID, Spans, trace_id_of

Ask = Callable[..., EvaluationRequest]

NOW_S = 1_767_571_200.0
BY_BROKER, BY_SENDER = 1, 0


@pytest.fixture
def spans() -> Spans:
    return Spans(lambda: NOW_S)


def evaluation(**fields: object) -> Evaluation:
    known: dict[str, object] = {
        "request_id": "r",
        "user_id": "reader-7",
        "model": "scripted/1",
        "tokens": 120,
        "wait_ms": 5.0,
        "compute_ms": 250.0,
    }
    return Evaluation(**(known | fields))  # type: ignore[arg-type]


def test_a_question_s_span_has_its_batch_and_its_tokens(spans: Spans) -> None:
    traces = EvaluationTraces(spans.tracer)
    stamped_ms = round(1e3 * (NOW_S - 2.0))
    question = traces.question([PARENT], stamped_ms=stamped_ms, timestamp_type=BY_BROKER)

    answer = evaluation()
    span = traces.answered(question, answer, n_batch=8)
    traces.sent(span, answer)

    read, judged = spans.one("read evaluation-requests"), spans.one("evaluate")
    assert spans.trace_ids() == {TRACE_ID} == {trace_id_of(span.headers)}
    assert judged.parent == read.context
    assert (read.attributes or {})["cherryrec.queue_ms"] == 2_000.0
    assert dict(judged.attributes or {}) == {
        "cherryrec.n_batch": 8,
        "cherryrec.tokens": 120,
        "cherryrec.evaluator": "scripted/1",
    }
    assert (judged.end_time or 0) - (judged.start_time or 0) == pytest.approx(250e6, rel=1e-3)
    assert "reader-7" not in read.to_json() + judged.to_json()


def test_a_sender_s_time_is_not_believed(spans: Spans) -> None:
    traces = EvaluationTraces(spans.tracer)

    question = traces.question(None, stamped_ms=0, timestamp_type=BY_SENDER)

    assert (question.stamped_s, question.headers) == (NOW_S, ())


def test_what_was_known_or_failed_has_no_batch(spans: Spans) -> None:
    traces = EvaluationTraces(spans.tracer)
    question = traces.question([PARENT], stamped_ms=0, timestamp_type=BY_SENDER)

    for answer in (evaluation(cached=True, compute_ms=0.0), evaluation(error="no device")):
        traces.sent(traces.answered(question, answer, n_batch=0), answer)

    assert spans.names == ["read evaluation-requests"] * 2
    assert [span.status.description for span in spans.ended] == [None, "not_evaluated"]


def test_an_answer_says_how_many_prompts_were_judged_with_it(ask: Ask) -> None:
    evaluator = Evaluator[int](
        ScriptedBackend(), config=GpuConfig(max_wait_s=0.0, max_batch_size=8), clock=lambda: 0.0
    )
    for number in range(3):
        evaluator.submit(ask(number), number, wall_s=0.0)

    answers = evaluator.run_all()
    again = evaluator.submit(ask(1), 9, wall_s=0.0)

    assert [one.n_batch for one in answers] == [3, 3, 3]
    assert [(one.n_batch, one.evaluation.cached) for one in again] == [(0, True)]
