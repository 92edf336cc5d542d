from __future__ import annotations

from collections.abc import Callable

import pytest

from cherryrec.errors import ServiceError
from cherryrec.events import Evaluation, EvaluationRequest
from gpu_worker.backends import ScriptedBackend
from gpu_worker.config import GpuConfig
from gpu_worker.evaluator import Evaluator
from gpu_worker.in_process import LocalEvaluator

Ask = Callable[..., EvaluationRequest]


class Clock:
    """A clock you advance."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Desk:
    """An evaluator with its backend and clock."""

    def __init__(self, **settings: object) -> None:
        self.clock = Clock()
        self.backend = ScriptedBackend()
        config = GpuConfig(**({"max_wait_s": 0.0} | settings))  # type: ignore[arg-type]
        self.evaluator = Evaluator[int](self.backend, config=config, clock=self.clock)

    def answers(self, *requests: EvaluationRequest, wall_s: float = 0.0) -> dict[int, Evaluation]:
        answers = []
        for number, request in enumerate(requests):
            answers += self.evaluator.submit(request, number, wall_s=wall_s)
        answers += self.evaluator.run_all()
        assert len(answers) == len({answer.source for answer in answers}), "answered twice"
        return {answer.source: answer.evaluation for answer in answers}


def test_every_candidate_gets_its_own_letters_evaluation(ask: Ask) -> None:
    desk = Desk()
    request = ask(3, n=20)
    desk.backend.enqueue([float(place) for place in range(20)])

    evaluation = desk.answers(request)[0]

    order = desk.backend.batches[0][0].order
    by_letter = [evaluation.evaluations[f"a{index:02}"] for index in order]
    assert by_letter == sorted(by_letter)
    assert set(evaluation.evaluations) == {one.article_id for one in request.candidates}
    (prompt,) = desk.backend.batches[0]
    assert (evaluation.model, evaluation.prompt) == ("scripted/1", prompt.template_id)


def test_the_settings_pin_templates_and_history(ask: Ask) -> None:
    desk = Desk(templates=("behaviour/1",), max_history=1)

    desk.answers(*(ask(number) for number in range(1, 4)))

    prompts = [prompt for batch in desk.backend.batches for prompt in batch]
    assert {prompt.template_id for prompt in prompts} == {"behaviour/1"}
    assert {prompt.prefix.count("\n- ") for prompt in prompts} == {1}


def test_one_bad_request_does_not_fail_its_batch(ask: Ask) -> None:
    desk = Desk()
    nan = float("nan")
    desk.backend.enqueue([0.0] * 5, ValueError("bad\ntrace"), [nan] * 5, [1.0] * 4, [0.0] * 5)

    answers = desk.answers(*(ask(number) for number in range(5)))

    assert len(desk.backend.batches) == 1
    assert [answers[number].error is None for number in range(5)] == [
        True,
        False,
        False,
        False,
        True,
    ]
    assert answers[1].error == "bad"
    assert "finite" in str(answers[2].error)
    assert "5 letters, got 4" in str(answers[3].error)
    assert not answers[1].evaluations


def test_a_failing_backend_is_answered_and_counted(ask: Ask) -> None:
    desk = Desk()
    desk.backend.enqueue_failures(RuntimeError("no device"))

    failed = desk.answers(ask(0), ask(1))
    assert [failed[number].error for number in (0, 1)] == ["no device"] * 2
    assert desk.evaluator.counts.failures_in_a_row == 1

    assert desk.answers(ask(2))[0].error is None
    assert desk.evaluator.counts.failures_in_a_row == 0


def test_late_requests_are_answered_as_expired_without_the_model(ask: Ask) -> None:
    desk = Desk()

    on_arrival = desk.answers(ask(0, expires_at=50.0), wall_s=50.0)
    desk.evaluator.submit(ask(1, expires_at=51.0), 7, wall_s=50.0)
    desk.clock.now += 2.0
    (in_queue,) = desk.evaluator.run_due()

    assert "expired" in str(on_arrival[0].error)
    assert "expired" in str(in_queue.evaluation.error)
    assert in_queue.source == 7
    assert desk.backend.batches == []
    assert desk.evaluator.counts.expired == 2


def test_a_repeated_request_comes_from_the_cache(ask: Ask) -> None:
    desk = Desk()

    first = desk.answers(ask(1))[0]
    again = desk.answers(ask(1, request_id="other"))[0]

    assert (first.cached, again.cached) == (False, True)
    assert again.evaluations == first.evaluations
    assert again.request_id == "other"
    assert len(desk.backend.batches) == 1


def test_long_lists_are_judged_in_groups_and_answered_once(ask: Ask) -> None:
    desk = Desk(n_permutations=2)

    evaluation = desk.answers(ask(1, n=50))[0]

    assert len(evaluation.evaluations) == 50
    assert desk.evaluator.counts.prompts == 6


def test_a_group_that_fails_answers_its_request_once(ask: Ask) -> None:
    desk = Desk(max_batch_size=1)
    desk.backend.enqueue(ValueError("first group"))

    answers = desk.answers(ask(1, n=50), ask(2))

    assert answers[0].error == "first group"
    assert answers[1].error is None
    assert len(desk.backend.batches) == 2


def test_a_prompt_over_the_budget_is_answered_with_the_reason(ask: Ask) -> None:
    desk = Desk(max_batch_tokens=64)

    answers = desk.answers(ask(1, n=20))

    assert "max_batch_tokens" in str(answers[0].error)


def test_batches_wait_for_company_but_not_longer(ask: Ask) -> None:
    desk = Desk(max_wait_s=0.5)
    desk.evaluator.submit(ask(0), 0, wall_s=0.0)
    desk.clock.now += 0.25

    assert desk.evaluator.run_due() == []
    assert desk.evaluator.wait_s() == pytest.approx(0.25)
    desk.evaluator.submit(ask(1), 1, wall_s=0.0)
    desk.clock.now += 0.25
    answers = desk.evaluator.run_due()

    assert [answer.evaluation.wait_ms for answer in answers] == [500.0, 250.0]
    assert desk.evaluator.wait_s() is None


def test_every_request_is_counted_once(ask: Ask) -> None:
    desk = Desk()
    desk.backend.enqueue(ValueError("bad"))

    desk.answers(ask(0), ask(1), ask(2, expires_at=-1.0))
    desk.answers(ask(1))

    counts = desk.evaluator.counts
    assert (counts.requests, counts.failed, counts.evaluated) == (4, 1, 1)
    assert (counts.expired, counts.cached) == (1, 1)


def test_what_is_given_away_is_neither_judged_nor_answered(ask: Ask) -> None:
    desk = Desk()
    for number in range(4):
        desk.evaluator.submit(ask(number, n=30), number, wall_s=0.0)

    desk.evaluator.give_away(lambda source: source % 2 == 0)
    answers = desk.evaluator.run_all()

    assert sorted(answer.source for answer in answers) == [1, 3]
    assert desk.evaluator.counts.given_away == 2
    assert desk.evaluator.counts.prompts == 4


def test_local_evaluator_keeps_order_and_repeats_itself(ask: Ask) -> None:
    requests = [ask(number, n=1 + number * 7) for number in range(12)]

    config = GpuConfig(max_pending=3)
    together = LocalEvaluator(ScriptedBackend(), config=config).evaluate_many(requests)
    alone = [LocalEvaluator(ScriptedBackend()).evaluate(request) for request in requests]

    assert [one.request_id for one in together] == [one.request_id for one in requests]
    assert together == alone


def test_local_evaluator_gives_up_on_a_broken_model(ask: Ask) -> None:
    backend = ScriptedBackend()
    evaluator = LocalEvaluator(backend, config=GpuConfig(max_failures=2, max_batch_size=1))
    backend.enqueue_failures(RuntimeError("one"), RuntimeError("two"))

    with pytest.raises(ServiceError, match="2 batches failed in a row, the last with: two"):
        evaluator.evaluate_many([ask(0), ask(1)])
