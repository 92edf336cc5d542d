"""A request is answered once, with a slate whose scores are explained."""

from __future__ import annotations

import pytest

from cherryrec.codec import encode
from cherryrec.pipeline import Pipeline, Position
from tests.unit.pipeline.answers import CLOCK_S, WINDOW_S, answer, explains, ids
from tests.worlds import (
    START_S,
    article,
    click,
    impression,
    pipeline_of,
    request,
    system_of,
)


def test_a_request_is_answered_at_once_where_cnle_is_not_used() -> None:
    pipeline = pipeline_of(8)

    got = answer(pipeline.request(Position(0, 0), request("r", slate_size=3), clock_s=CLOCK_S))

    assert len(got.slate) == 3
    assert (got.request_id, got.user_id, got.degraded) == ("r", "u", None)
    explains(got)


def learned(n: int = 30) -> Pipeline:
    """Show slates and click a2 in each, learning from every example."""
    system = system_of(8)
    for k in range(n):
        time_s = START_S + 10.0 * k
        name, user = f"t{k}", f"u{k % 5}"
        system.recommend(request(name, time_s, user_id=user))
        system.send(impression(name, [f"a{j}" for j in range(6)], time_s, user_id=user))
        system.send(click("a2", time_s, user_id=user, impression_id=name))
    system.advance(START_S + 2 * WINDOW_S)
    system.publish()
    return system.pipeline


def test_contributions_of_a_learned_model_sum_to_its_scores() -> None:
    pipeline = learned()

    got = answer(
        pipeline.request(
            Position(0, 999), request("r", START_S + 3 * WINDOW_S, user_id="new"), clock_s=CLOCK_S
        )
    )

    explains(got)
    assert any(abs(item.score) > 1e-3 for item in got.slate)
    assert got.versions == {"models": 1}
    assert got.slate[0].article_id == "a2"


def test_a_request_read_again_gives_the_same_slate() -> None:
    pipeline = pipeline_of(8)
    first = answer(pipeline.request(Position(0, 0), request("r"), clock_s=CLOCK_S))
    pipeline.article("a99", article(99), now=START_S)
    pipeline.click(Position(0, 0), click("a1"))

    again = answer(pipeline.request(Position(0, 0), request("r"), clock_s=CLOCK_S))

    assert encode(again) == encode(first)


def test_dropped_candidates_are_named() -> None:
    pipeline = pipeline_of(4)
    pipeline.article("a1", None, now=START_S)

    got = answer(
        pipeline.request(
            Position(0, 0), request("r", candidates=["a0", "a1", "a2"]), clock_s=CLOCK_S
        )
    )

    assert got.dropped == ("a1",)
    assert sorted(ids(got)) == ["a0", "a2"]


@pytest.mark.parametrize("evaluator", [False, True])
def test_an_empty_catalogue_is_answered_with_an_empty_slate(evaluator: bool) -> None:
    """The scaler once failed on a slate without articles."""
    pipeline = pipeline_of(0, evaluator=evaluator)

    got = answer(pipeline.request(Position(0, 0), request("r"), clock_s=CLOCK_S))

    assert got.slate == ()
    assert got.degraded == "catalogue_cold"


def test_when_everything_was_retracted_the_slate_is_empty() -> None:
    pipeline = pipeline_of(2)
    for name in ("a0", "a1"):
        pipeline.article(name, None, now=START_S)

    effects = pipeline.request(
        Position(0, 0), request("r", candidates=["a0", "a1"]), clock_s=CLOCK_S
    )

    assert answer(effects).slate == ()


def test_a_click_changes_the_next_slate() -> None:
    pipeline = pipeline_of(8)
    before = answer(pipeline.request(Position(0, 0), request("r1"), clock_s=CLOCK_S))
    pipeline.click(Position(0, 0), click("a4", START_S + 1))

    after = answer(pipeline.request(Position(0, 1), request("r2", START_S + 2), clock_s=CLOCK_S))

    assert "a4" in ids(before)
    assert "a4" not in ids(after)
