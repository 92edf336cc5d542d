"""Beside a replay through Kafka: evaluations recorded from the topics, or played back to them."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from cherryrec.codec import encode
from cherryrec.errors import ConfigError
from cherryrec.evaluation.recorded import question_digest
from cherryrec.events import CandidateText, Evaluation, EvaluationRequest, Event, PromptProfile
from cherryrec.topics import TopicNames
from streams.replay import EvaluationTap, RecordedAnswers


class FakeConsumer:
    """Gives one list of records a poll."""

    def __init__(self, polls: deque[list[Any]]) -> None:
        self.polls = polls
        self.is_closed = False

    def poll(self, timeout_ms: int) -> dict[str, list[Any]]:
        time.sleep(0.001)
        return {"place": self.polls.popleft()} if self.polls else {}

    def close(self) -> None:
        self.is_closed = True


class FakeSession:
    """A session whose topics hold what a test put there."""

    def __init__(self) -> None:
        self.names = TopicNames("test.")
        self.polls: deque[list[Any]] = deque()
        self.sent: list[tuple[str, str, Event | None]] = []
        self.consumers: list[FakeConsumer] = []

    def put(self, *messages: EvaluationRequest | Evaluation) -> None:
        self.polls.append(
            [
                SimpleNamespace(
                    topic="test.evaluations"
                    if isinstance(message, Evaluation)
                    else "test.evaluation-requests",
                    value=encode(message),
                )
                for message in messages
            ]
        )

    def follow(self, *names: str) -> Any:
        self.consumers.append(FakeConsumer(self.polls))
        return self.consumers[-1]

    def send(self, topic: str, key: str, event: Event | None) -> None:
        self.sent.append((topic, key, event))


def question(number: int) -> EvaluationRequest:
    candidate = CandidateText(article_id="a", title=f"Title {number}")
    return EvaluationRequest(
        request_id=f"r{number}",
        user_id=f"u{number}",
        candidates=(candidate,),
        profile=PromptProfile(),
        expires_at=0.0,
    )


def answer(number: int, *, error: str | None = None) -> Evaluation:
    return Evaluation(
        request_id=f"r{number}",
        user_id=f"u{number}",
        evaluations={} if error else {"a": 0.5},
        error=error,
    )


def wait_until(is_so: Callable[[], bool]) -> None:
    give_up = time.monotonic() + 20.0
    while not is_so():
        assert time.monotonic() < give_up
        time.sleep(0.002)


def test_each_evaluation_is_kept_beside_its_question() -> None:
    session = FakeSession()
    kept: list[tuple[str, Evaluation]] = []
    session.put(question(1))
    session.put(answer(2), answer(1))  # topics are read in no common order
    session.put(question(2))

    with EvaluationTap(session, lambda digest, one: kept.append((digest, one))):
        pass

    assert kept == [
        (question_digest(question(1)), answer(1)),
        (question_digest(question(2)), answer(2)),
    ]
    assert session.consumers[0].is_closed


def test_an_error_is_no_evaluation_to_keep() -> None:
    session = FakeSession()
    kept: list[tuple[str, Evaluation]] = []
    session.put(question(1), question(2), answer(1, error="expired"), answer(2))

    with EvaluationTap(session, lambda digest, one: kept.append((digest, one))):
        pass

    assert [one.request_id for _, one in kept] == ["r2"]


def test_questions_are_answered_in_place_of_a_gpu_worker() -> None:
    session = FakeSession()
    session.put(question(1), question(2))

    with RecordedAnswers(session, lambda one: answer(int(one.request_id[1:]))) as player:
        wait_until(lambda: len(session.sent) == 2)
        player.step()

    assert session.sent == [
        ("evaluations", "u1", answer(1)),
        ("evaluations", "u2", answer(2)),
    ]


def test_what_is_missing_is_answered_with_an_error_and_told_to_the_replay() -> None:
    session = FakeSession()
    session.put(question(1))

    def missing(request: EvaluationRequest) -> Evaluation:
        msg = f"no evaluation of {request.request_id}"
        raise ConfigError(msg)

    with RecordedAnswers(session, missing) as player:
        wait_until(lambda: len(session.sent) == 1)
        with pytest.raises(ConfigError, match="no evaluation of r1"):
            player.step()

    sent = session.sent[0][2]
    assert isinstance(sent, Evaluation)
    assert sent.error == "not recorded"
