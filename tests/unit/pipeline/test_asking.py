"""Whether CnLE is asked: inside the budget, about what gains most, and each answer on one rung."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import msgspec
import pytest

from cherryrec.codec import encode
from cherryrec.errors import ConfigError
from cherryrec.events import Deadline, Evaluation, EvaluationRequest, RecommendationRequest, instant
from cherryrec.open_requests import MAX_OPEN
from cherryrec.pipeline import (
    Choice,
    Effects,
    EvaluatorConfig,
    Pipeline,
    PipelineConfig,
    Position,
    Spent,
)
from tests.unit.pipeline.answers import CLOCK_S, answer, question, sent
from tests.worlds import START_S, article, impression, liked, offsets, pipeline_of, request, update

PER_S = EvaluatorConfig(enabled=True, budget_per_s=1.0)
GPU_S = EvaluatorConfig(enabled=True, budget_gpu_s=0.5)


def budgeted(config: EvaluatorConfig, n_articles: int = 8) -> Pipeline:
    return pipeline_of(n_articles, config=PipelineConfig(evaluator=config))


def asks(effects: Effects) -> bool:
    return isinstance(sent(effects), EvaluationRequest)


def ask_all(
    pipeline: Pipeline,
    requests: list[RecommendationRequest],
    *,
    every_s: float,
    judge: Callable[[EvaluationRequest], Evaluation] | None = None,
) -> list[Effects]:
    """Send requests at a constant rate, each answered before the next."""
    at, found = offsets(), []
    for number, one in enumerate(requests):
        effects = pipeline.request(at(), one, clock_s=CLOCK_S + every_s * number)
        found.append(effects)
        if asks(effects):
            pipeline.evaluation(at(), (judge or favours_a7)(question(effects)))
    return found


def favours_a7(asked: EvaluationRequest) -> Evaluation:
    return liked(asked, "a7")


def of_many_users(n: int) -> list[RecommendationRequest]:
    return [request(f"r{k}", user_id=f"u{k}") for k in range(n)]


def test_without_a_budget_every_request_is_asked_about_and_no_gain_is_computed() -> None:
    found = ask_all(pipeline_of(8, evaluator=True), of_many_users(50), every_s=0.0)

    assert {one.choice for one in found} == {Choice("asked")}


def test_over_the_budget_requests_are_answered_at_once_and_say_so() -> None:
    found = ask_all(budgeted(PER_S), of_many_users(50), every_s=0.0)

    assert [asks(one) for one in found] == [True] * 5 + [False] * 45, "half of the burst"
    over = answer(found[-1])
    assert (over.degraded, over.rung) == ("evaluation_over_budget", "unevaluated")
    assert len(over.slate) == 8
    assert found[-1].pending is None
    choices = [one.choice for one in found]
    assert Counter(one.outcome for one in choices if one) == {"asked": 5, "over_budget": 45}
    assert len({one.gain for one in choices if one}) == 1


@pytest.mark.parametrize(("per_second", "expected"), [(1, 150), (3, 50)])
def test_what_is_asked_keeps_to_the_budget(per_second: int, expected: int) -> None:
    found = ask_all(budgeted(PER_S), of_many_users(150), every_s=1.0 / per_second)

    assert sum(map(asks, found)) == pytest.approx(expected, abs=6)


@pytest.mark.slow
def test_under_overload_cold_users_are_asked_about_first() -> None:
    pipeline = budgeted(PER_S)
    at = offsets()
    for k in range(0, 30, 2):
        pipeline.profile_update(at(), f"u{k}", update(f"u{k}", history=("a0", "a1", "a2", "a3")))
    requests = [request(f"r{k}", user_id=f"u{k % 30}", candidates=["a6", "a7"]) for k in range(300)]

    found = ask_all(pipeline, requests, every_s=1.0 / 3.0)

    asked = Counter(number % 2 for number, effects in enumerate(found) if asks(effects))
    assert asked.total() == pytest.approx(100, abs=8)
    assert asked[1] > 5 * asked[0], "those with an even number have read four articles"


def test_the_same_requests_are_asked_about_in_every_run() -> None:
    runs = [
        ask_all(budgeted(PER_S), of_many_users(40), every_s=0.2, judge=favours_a7) for _ in range(2)
    ]

    assert [encode(sent(one)) for one in runs[0]] == [encode(sent(one)) for one in runs[1]]


def test_a_request_read_again_after_a_kill_keeps_its_choice_and_is_not_paid_again() -> None:
    before = budgeted(PER_S)
    found = ask_all(before, of_many_users(6), every_s=0.0)
    pending = before.request(Position(0, 90), request("p", user_id="p"), clock_s=CLOCK_S + 9)
    assert [asks(one) for one in found] == [True] * 5 + [False]

    after = Pipeline(
        before.config,
        before.models,
        profiles=before.users._profiles,
        requests=before.users._requests,
    )
    for k in range(8):
        after.article(f"a{k}", article(k, published_at=instant(START_S)), now=START_S)

    again = [
        after.request(Position(0, k), one, clock_s=CLOCK_S + 60)
        for k, one in enumerate(of_many_users(6))
    ]
    assert [one.counted for one in again[:5]] == ["duplicate"] * 5
    assert answer(again[5]).degraded == "evaluation_over_budget"
    repeated = after.request(Position(0, 90), request("p", user_id="p"), clock_s=CLOCK_S + 60)
    assert question(repeated).expires_at == question(pending).expires_at
    assert repeated.choice == Choice("asked")


def test_a_worker_spends_its_share_of_the_partitions() -> None:
    pipeline = budgeted(PER_S)
    pipeline.own(0.5)

    found = ask_all(pipeline, of_many_users(200), every_s=0.5)

    assert sum(map(asks, found)) == pytest.approx(50, abs=5)


def measured(
    asked: EvaluationRequest, *, share_ms: float, tokens: int = 500, **fields: object
) -> Evaluation:
    found = msgspec.structs.replace(liked(asked, "a7"), tokens=tokens, share_ms=share_ms)
    return msgspec.structs.replace(found, **fields)


@pytest.mark.parametrize("share_ms", [100.0, 2_000.0])
def test_seconds_of_the_model_are_spent_as_measured(share_ms: float) -> None:
    found = ask_all(
        budgeted(GPU_S),
        of_many_users(200),
        every_s=1.5,
        judge=lambda asked: measured(asked, share_ms=share_ms),
    )

    affordable = 0.5 * 300.0 / (share_ms / 1e3)
    assert sum(map(asks, found)) == pytest.approx(min(affordable, 200), rel=0.07)


def test_where_no_time_is_measured_tokens_count() -> None:
    found = ask_all(
        budgeted(GPU_S),
        of_many_users(200),
        every_s=1.5,
        judge=lambda asked: measured(asked, share_ms=0.0, tokens=2_000),
    )

    assert sum(map(asks, found)) == pytest.approx(0.5 * 300.0 / 2.0, rel=0.07)


def test_answers_from_the_score_cache_cost_nothing() -> None:
    found = ask_all(
        budgeted(GPU_S),
        of_many_users(150),
        every_s=0.01,
        judge=lambda asked: measured(asked, share_ms=0.0, cached=True),
    )

    assert all(map(asks, found))


def test_of_a_request_over_many_candidates_only_those_cnle_judges_are_scored_for_the_gain() -> None:
    pipeline = budgeted(PER_S, n_articles=60)
    scored: list[int] = []
    scorer = pipeline.models.scorer

    class Watched:
        trust = scorer.trust

        def score(self, features):  # type: ignore[no-untyped-def]
            return scorer.score(features)

        def scores(self, features):  # type: ignore[no-untyped-def]
            scored.append(len(features))
            return scorer.scores(features)

    pipeline.rank_with(replace(pipeline.models, scorer=Watched()))
    pipeline.request(
        Position(0, 0),
        request("r", candidates=[f"a{k}" for k in range(60)]),
        clock_s=CLOCK_S,
    )

    knrs = pipeline.config.knrs
    assert scored == [60 + knrs.floor, knrs.n_evaluated], "with rivals to learn, then for the gain"


def test_every_recommendation_stands_on_a_rung() -> None:
    pipeline = pipeline_of(8, evaluator=True)
    at = offsets()

    def asked(name: str, **fields: object) -> Effects:
        return pipeline.request(at(), request(name, user_id=name, **fields), clock_s=CLOCK_S)

    fresh = pipeline.evaluation(at(), measured(question(asked("fresh")), share_ms=2.0))
    cached = pipeline.evaluation(
        at(), measured(question(asked("cached")), share_ms=0.0, cached=True)
    )
    asked("failed")
    failed = pipeline.evaluation(at(), Evaluation(request_id="failed", user_id="failed", error="!"))
    asked("late")
    late = pipeline.deadline(at(), Deadline(request_id="late", user_id="late"))
    unwanted = asked("unwanted", deadline_ms=0)

    found = [answer(one) for one in (fresh, cached, failed, late, unwanted)]
    assert [(one.rung, one.degraded, one.tokens) for one in found] == [
        ("evaluated", None, 500),
        ("cached", None, 500),
        ("unevaluated", "evaluation_failed", 0),
        ("unevaluated", "evaluation_late", 0),
        ("unevaluated", None, 0),
    ]
    assert unwanted.choice == Choice("not_wanted")
    assert fresh.spent == Spent(outcome="evaluated", tokens=500, compute_s=0.002, wait_s=0.0)
    assert cached.spent == Spent(outcome="cached", tokens=0, compute_s=0.0, wait_s=0.0)
    assert failed.spent is not None
    assert failed.spent.outcome == "failed"


def test_a_cold_catalogue_is_answered_by_what_is_popular() -> None:
    pipeline = pipeline_of(0, evaluator=True)
    pipeline.impression(Position(0, 0), impression("i", ["x", "y"], START_S))

    got = pipeline.request(Position(0, 0), request("r", START_S + 60), clock_s=CLOCK_S)

    assert (answer(got).rung, answer(got).degraded) == ("popular", "catalogue_cold")
    assert {item.article_id for item in answer(got).slate} == {"x", "y"}


def test_an_answer_after_its_deadline_is_still_paid() -> None:
    pipeline = budgeted(GPU_S)
    asked = question(pipeline.request(Position(0, 0), request("r"), clock_s=CLOCK_S))
    pipeline.deadline(Position(0, 0), Deadline(request_id="r", user_id="u"))

    late = pipeline.evaluation(Position(0, 0), measured(asked, share_ms=60_000.0))

    assert late.spent == Spent(outcome="late", tokens=500, compute_s=60.0, wait_s=0.0)
    over = pipeline.request(Position(0, 1), request("r2", user_id="v"), clock_s=CLOCK_S + 5)
    assert answer(over).degraded == "evaluation_over_budget"


def test_a_user_with_too_many_open_requests_is_told_apart_from_the_budget() -> None:
    pipeline = pipeline_of(8, evaluator=True)

    found = [
        pipeline.request(Position(0, k), request(f"r{k}"), clock_s=CLOCK_S)
        for k in range(MAX_OPEN + 1)
    ]

    assert answer(found[-1]).degraded == "evaluation_user_limit"
    assert found[-1].choice == Choice("user_limit")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"budget_per_s": -1.0}, "budget_per_s must be at least 0, got -1.0"),
        ({"budget_gpu_s": float("nan")}, "budget_gpu_s must be at least 0, got nan"),
        ({"budget_burst_s": 0.0}, "budget_burst_s must be above 0, got 0.0"),
        ({"gain_cold": 0.05}, "gain_cold must be finite and at least gain_warm, 0.1, got 0.05"),
        (
            {"budget_per_s": 2.0, "budget_gpu_s": 0.8},
            "budget_per_s and budget_gpu_s must not both be set, got 2.0 and 0.8",
        ),
    ],
)
def test_a_budget_that_means_nothing_is_refused(fields: dict[str, float], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        EvaluatorConfig(**fields)  # type: ignore[arg-type]
