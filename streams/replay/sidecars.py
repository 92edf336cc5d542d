"""What runs beside a replay through Kafka: one that records evaluations, one that plays them back.

The tap follows the topics of questions and evaluations; the player stands in for the gpu worker and
answers from a file what was recorded for the very question.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Protocol, Self

from cherryrec.codec import decode
from cherryrec.errors import CherryRecError
from cherryrec.evaluation.recorded import question_digest
from cherryrec.events import Evaluation, EvaluationRequest, Event
from cherryrec.topics import TopicNames, topic_named

__all__ = ["EvaluationTap", "Follows", "RecordedAnswers", "Sidecar"]

MAX_UNANSWERED = 10_000
"""Questions whose evaluations are waited for; the oldest leave beyond that."""

_DRAIN_S = 5.0
_POLL_MS = 20


class Sidecar(Protocol):
    """A context manager that a replay calls between its windows."""

    def __enter__(self) -> Self:
        """Begin."""
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End."""
        ...

    def step(self) -> None:
        """Do what is due, and raise what went wrong."""
        ...


class Follows(Protocol):
    """What a sidecar needs of a session."""

    @property
    def names(self) -> TopicNames:
        """Full topic names."""
        ...

    def follow(self, *names: str) -> Any:
        """Return a consumer of topics from now on."""
        ...

    def send(self, topic: str, key: str, event: Event | None) -> None:
        """Send one event."""
        ...


class EvaluationTap:
    """Reads questions and their evaluations, and hands on each pair.

    An error is no evaluation, and is not handed on: it came of a deadline or a failure here.

    Parameters
    ----------
    session
        An open session.
    keep
        Called with the digest of a question and its evaluation.
    """

    def __init__(self, session: Follows, keep: Callable[[str, Evaluation], None]) -> None:
        self._session = session
        self._keep = keep
        self._consumer: Any = None
        self._questions: dict[str, str] = {}
        self._early: dict[str, Evaluation] = {}

    def __enter__(self) -> Self:
        """Follow both topics from now on."""
        self._consumer = self._session.follow("evaluation-requests", "evaluations")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Wait a little for what is on its way, then leave."""
        give_up = time.monotonic() + _DRAIN_S
        while error is None and time.monotonic() < give_up:
            if not self._take() and not self._questions:
                break
        self._consumer.close()

    def step(self) -> None:
        """Take what has come; it never waits for long."""
        self._take()

    def _take(self) -> bool:
        """Take what has come, and say whether anything has."""
        polled = self._consumer.poll(timeout_ms=_POLL_MS)
        for records in polled.values():
            for record in records:
                if record.topic == self._session.names("evaluations"):
                    limit = topic_named("evaluations").max_message_bytes
                    self._answer(decode(Evaluation, record.value, max_bytes=limit))
                else:
                    limit = topic_named("evaluation-requests").max_message_bytes
                    self._ask(decode(EvaluationRequest, record.value, max_bytes=limit))
        return bool(polled)

    def _ask(self, request: EvaluationRequest) -> None:
        """Remember a question; its evaluation may have been read before it."""
        self._questions[request.request_id] = question_digest(request)
        early = self._early.pop(request.request_id, None)
        if early is not None:
            self._answer(early)
        _bound(self._questions)

    def _answer(self, evaluation: Evaluation) -> None:
        """Hand on an evaluation whose question is known."""
        if evaluation.request_id not in self._questions:
            self._early[evaluation.request_id] = evaluation
            _bound(self._early)
            return
        question = self._questions.pop(evaluation.request_id)
        if evaluation.error is None:
            self._keep(question, evaluation)


class RecordedAnswers:
    """Answers evaluation requests in a thread of its own, in place of a gpu worker.

    Parameters
    ----------
    session
        An open session.
    evaluate
        Judges one request; what it raises is raised by `step`, and the request gets an error.
    """

    def __init__(
        self, session: Follows, evaluate: Callable[[EvaluationRequest], Evaluation]
    ) -> None:
        self._session = session
        self._evaluate = evaluate
        self._consumer: Any = None
        self._error: CherryRecError | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="recorded-answers", daemon=True)

    def __enter__(self) -> Self:
        """Begin to answer."""
        self._consumer = self._session.follow("evaluation-requests")
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop answering."""
        self._stop.set()
        self._thread.join()
        self._consumer.close()

    def step(self) -> None:
        """Raise what went wrong."""
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        """Answer until told to stop."""
        limit = topic_named("evaluation-requests").max_message_bytes
        while not self._stop.is_set():
            for records in self._consumer.poll(timeout_ms=_POLL_MS).values():
                for record in records:
                    request = decode(EvaluationRequest, record.value, max_bytes=limit)
                    self._session.send("evaluations", request.user_id, self._answered(request))

    def _answered(self, request: EvaluationRequest) -> Evaluation:
        """Return the evaluation, or the error in its place."""
        try:
            return self._evaluate(request)
        except CherryRecError as error:
            self._error = self._error or error
            return Evaluation(
                request_id=request.request_id, user_id=request.user_id, error="not recorded"
            )


def _bound(waiting: dict[str, Any]) -> None:
    """Let the oldest go."""
    while len(waiting) > MAX_UNANSWERED:
        del waiting[next(iter(waiting))]
