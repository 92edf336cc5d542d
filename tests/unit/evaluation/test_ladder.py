"""The shares of the ladder add up, and a budget in a replay is kept in the log's own time."""

from __future__ import annotations

import msgspec
import pytest

from cherryrec.evaluation.ladder import Ladder, ladder_sentence
from cherryrec.evaluation.mind_rows import MindImpression
from cherryrec.evaluation.replay import Judge, LocalReplay, LogMessages
from cherryrec.events import (
    Evaluation,
    EvaluationRequest,
    Recommendation,
    Recommended,
    instant,
)
from cherryrec.pipeline import EvaluatorConfig, PipelineConfig
from tests.worlds import START_S, article, liked

ARTICLES = {f"a{k}": article(k) for k in range(8)}
BUDGET = EvaluatorConfig(budget_per_s=0.1)


def rows(n: int, *, every_s: float) -> list[MindImpression]:
    """One impression each of as many users, at a constant rate."""
    slate = ("a1", "a2", "a3")
    return [
        MindImpression(str(k), f"u{k}", START_S + every_s * k, (), slate, (True, False, False))
        for k in range(n)
    ]


def judged(asked: EvaluationRequest) -> Evaluation:
    return msgspec.structs.replace(liked(asked, "a1"), tokens=100)


def replayed(n: int, *, every_s: float, config: EvaluatorConfig = BUDGET) -> Judge:
    judge = Judge()
    engine = LocalReplay(PipelineConfig(evaluator=config), evaluate=judged)
    engine.run(rows(n, every_s=every_s), LogMessages(ARTICLES), judge)
    return judge


@pytest.mark.slow
@pytest.mark.parametrize(("every_s", "expected"), [(20.0, 90), (10.0 / 3.0, 30)])
def test_the_budget_of_a_replay_is_kept_in_event_time(every_s: float, expected: int) -> None:
    ladder = replayed(90, every_s=every_s).ladder

    assert ladder.rungs["evaluated"] == pytest.approx(expected, abs=4)
    assert ladder.rungs.total() == 90
    assert ladder.without["evaluation_over_budget"] == ladder.rungs["unevaluated"]
    assert ladder.tokens == 100 * ladder.rungs["evaluated"]


def test_a_replay_under_a_budget_gives_the_same_bytes() -> None:
    first, second = (replayed(40, every_s=2.0) for _ in range(2))

    assert first.digest == second.digest
    assert first.ladder == second.ladder


def test_the_shares_of_the_ladder_add_up() -> None:
    ladder = replayed(40, every_s=2.0).ladder

    shares = ladder.values()["shares"]
    assert sum(shares.values()) == pytest.approx(1.0)
    assert list(shares) == ["evaluated", "cached", "unevaluated", "popular"]


def answered(**fields: object) -> Recommendation:
    return Recommendation(
        request_id="r",
        user_id="u",
        requested_at=instant(START_S),
        **fields,  # type: ignore[arg-type]
    )


def test_tokens_and_seconds_are_counted_where_the_model_was_asked() -> None:
    ladder = Ladder()
    ladder.add(
        answered(slate=(), rung="evaluated", tokens=300, timings_ms={"evaluation_share": 20.0})
    )
    ladder.add(answered(slate=(), rung="cached", tokens=300))
    ladder.add(answered(slate=(), rung="unevaluated", degraded="evaluation_late"))
    ladder.add(answered(slate=(), rung="popular", degraded="catalogue_cold"))

    assert (ladder.tokens, ladder.compute_s) == (300, 0.02)
    assert ladder.without == {"evaluation_late": 1, "catalogue_cold": 1}
    assert ladder_sentence(ladder) == (
        "CnLE: 1 evaluated (25.0 %), 1 cached (25.0 %), 2 without (50.0 %: catalogue_cold 1, "
        "evaluation_late 1), 300 tokens, 0.0 s of its model, 15,000 tokens/s"
    )


def test_a_recommendation_of_an_older_version_is_told_by_its_evaluations() -> None:
    item = Recommended(article_id="a", position=0, score=0.0, news_value=0.0, contributions={})
    ladder = Ladder()
    ladder.add(answered(slate=(item,)))
    ladder.add(answered(slate=(msgspec.structs.replace(item, evaluation=0.5),)))
    ladder.add(answered(slate=(), degraded="catalogue_cold"))

    assert ladder.rungs == {"unevaluated": 1, "evaluated": 1, "popular": 1}


def test_without_cnle_there_is_nothing_to_tell() -> None:
    ladder = Ladder()
    ladder.add(answered(slate=(), rung="unevaluated"))
    ladder.add(answered(slate=(), rung="popular", degraded="catalogue_cold"))

    assert not ladder.is_evaluated
