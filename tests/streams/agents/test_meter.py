"""What a worker counts of CnLE: who was asked about, what it took, on which rung slates stand."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from cherryrec.events import Evaluation
from cherryrec.pipeline import EvaluatorConfig
from cherryrec.pipeline.evaluation_policy import EvaluationPolicy
from tests.worlds import START_S, click, liked, request

pytestmark = pytest.mark.asyncio


def sample(bench: Any, name: str, **labels: str) -> float:
    """A number as Prometheus reads it; 0 before there is one."""
    return bench.worker.metrics.registry.get_sample_value(name, labels) or 0.0


@pytest.fixture
def asking(bench: Any) -> Any:
    """The bench with CnLE asked about two requests, on a clock that stands still."""
    config = EvaluatorConfig(enabled=True, budget_per_s=0.2)
    pipeline = bench.worker.pipeline
    pipeline.evaluation_policy = EvaluationPolicy(config, pipeline.catalogue, n_evaluated=20)
    return bench


async def test_requests_are_counted_by_whether_cnle_was_asked(asking: Any) -> None:
    async with asking.agent("requests") as put:
        for k in range(6):
            await put(f"u{k}", request(f"r{k}", user_id=f"u{k}"))
        await put("fast", request("fast", user_id="fast", deadline_ms=0))
        await asking.until(lambda: len(asking.sent("recommendations")) == 5)

    counted = "cherryrec_evaluation_choices_total"
    assert len(asking.sent("evaluation-requests")) == 2
    assert sample(asking, counted, outcome="asked") == 2
    assert sample(asking, counted, outcome="over_budget") == 4
    assert sample(asking, counted, outcome="not_wanted") == 1
    assert sample(asking, "cherryrec_expected_gain_count", outcome="asked") == 2
    assert sample(asking, "cherryrec_expected_gain_count", outcome="over_budget") == 4
    slates = "cherryrec_recommendations_total"
    over = {"degraded": "evaluation_over_budget", "rung": "unevaluated"}
    assert sample(asking, slates, **over) == 4
    assert sample(asking, slates, degraded="", rung="unevaluated") == 1


async def test_what_cnle_took_is_counted_by_what_became_of_it(asking: Any) -> None:
    async with asking.agent("requests") as put:
        for k in range(2):
            await put(f"u{k}", request(f"r{k}", user_id=f"u{k}"))
        await asking.until(lambda: len(asking.sent("evaluation-requests")) == 2)
    questions = asking.sent("evaluation-requests")
    took = {"tokens": 400, "wait_ms": 5.0, "compute_ms": 90.0, "share_ms": 30.0}
    answers = [msgspec.structs.replace(liked(one, "a1"), **took) for one in questions]
    unread = Evaluation(request_id="?", user_id="u", evaluations={"a1": 0.5}, **took)

    async with asking.agent("evaluations") as put:
        await put("u0", answers[0])
        await put("u1", msgspec.structs.replace(answers[1], cached=True, share_ms=0, compute_ms=0))
        await put("u", unread)
        await asking.until(lambda: asking.count("evaluations", "late") == 1)

    for outcome, tokens, seconds in (
        ("evaluated", 400, 0.03),
        ("cached", 0, 0),
        ("late", 400, 0.03),
    ):
        assert sample(asking, "cherryrec_evaluation_tokens_total", outcome=outcome) == tokens
        found = sample(asking, "cherryrec_evaluation_compute_seconds_total", outcome=outcome)
        assert found == pytest.approx(seconds)
    assert sample(asking, "cherryrec_evaluation_wait_seconds_count") == 3
    assert sample(asking, "cherryrec_recommendations_total", degraded="", rung="evaluated") == 1
    assert sample(asking, "cherryrec_recommendations_total", degraded="", rung="cached") == 1
    assert [one.timings_ms["evaluation_share"] for one in asking.sent("recommendations")] == [30, 0]


async def test_clicks_that_count_for_nobody_else_are_counted_by_reason(bench: Any) -> None:
    async with bench.agent("clicks") as put:
        for k in range(5):
            await put("u", click("a1", START_S + k, user_id="u", event_id=f"e{k}"))
        await bench.until(lambda: bench.count("clicks", "applied") == 5)

    uncounted = "cherryrec_uncounted_events_total"
    assert sample(bench, uncounted, topic="clicks", reason="repeat") == 4
    assert sample(bench, uncounted, topic="clicks", reason="rate") == 0


async def test_slates_are_marked_while_examples_wait_for_a_newer_model(bench: Any) -> None:
    age, now_s = bench.worker.model_age, bench.worker.clock()
    age.labelled(now_s - 121.0)

    async with bench.agent("requests") as put:
        await put("u1", request("late", user_id="u1"))
        await bench.until(lambda: len(bench.sent("recommendations")) == 1)
        age.published(1, now_s)
        await put("u1", request("again", user_id="u1"))
        await bench.until(lambda: len(bench.sent("recommendations")) == 2)

    assert [one.model_stale for one in bench.sent("recommendations")] == [True, False]
    assert sample(bench, "cherryrec_stale_slates_total") == 1
