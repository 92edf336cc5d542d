"""Spans of a gpu worker: a question read, judged with others in a batch, and its answer sent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cherryrec.events import Evaluation
from cherryrec.tracing import Header, Span, Tracer, trace_headers

__all__ = ["EvaluationTraces", "Question"]

_BY_BROKER = 1  # Kafka's timestamp type LogAppendTime


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is kept of a record until its answer is sent: its trace, and when it came."""

    headers: tuple[Header, ...]
    stamped_s: float
    read_s: float


class EvaluationTraces:
    """Makes the spans of the questions that go through a worker.

    Parameters
    ----------
    tracer
        Makes spans.
    """

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    def question(
        self,
        headers: Iterable[tuple[str, bytes | None]] | None,
        *,
        stamped_ms: int,
        timestamp_type: int,
    ) -> Question:
        """Note a record that was read; one with its sender's time is taken to have just come."""
        now_s = self._tracer.now()
        stamped_s = min(now_s, stamped_ms / 1e3) if timestamp_type == _BY_BROKER else now_s
        return Question(headers=trace_headers(headers), stamped_s=stamped_s, read_s=now_s)

    def answered(self, question: Question, evaluation: Evaluation, *, n_batch: int) -> Span:
        """Begin the span of a question, now that its answer is there; `sent` ends it.

        Parameters
        ----------
        question
            As it was noted.
        evaluation
            The answer, with its times.
        n_batch
            Prompts in its batch; 0 where no model was asked.
        """
        now_s = self._tracer.now()
        span = self._tracer.begin(
            "read evaluation-requests",
            "consumer",
            question.headers,
            started_s=question.stamped_s,
            attributes={
                "messaging.system": "kafka",
                "messaging.operation.type": "process",
                "cherryrec.request_id": evaluation.request_id,
                "cherryrec.queue_ms": round(1e3 * (question.read_s - question.stamped_s), 3),
                "cherryrec.wait_ms": evaluation.wait_ms,
                "cherryrec.tokens": evaluation.tokens,
                "cherryrec.is_cached": evaluation.cached,
            },
        )
        if n_batch:
            span.child(
                "evaluate",
                started_s=now_s - evaluation.compute_ms / 1e3,
                ended_s=now_s,
                attributes={
                    "cherryrec.n_batch": n_batch,
                    "cherryrec.tokens": evaluation.tokens,
                    "cherryrec.evaluator": evaluation.model,
                },
            )
        return span

    def sent(self, span: Span, evaluation: Evaluation) -> None:
        """End the span of a question whose answer the brokers have."""
        failure = None if evaluation.error is None else "not_evaluated"
        span.end(self._tracer.now(), failure=failure)
