"""The score waterfall: contributions by size, and a sum that is the score or said not to be."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from cherryrec.cli.waterfall import plain_waterfall, rich_waterfall
from cherryrec.events import Recommendation, Recommended, instant


def slate(score: float, contributions: dict[str, float]) -> Recommendation:
    item = Recommended(
        article_id="a1",
        position=0,
        score=score,
        news_value=0.25,
        contributions=contributions,
        evaluation=0.75,
    )
    return Recommendation(
        request_id="r1",
        user_id="u1",
        requested_at=instant(1.8e9),
        slate=(item,),
        degraded="evaluation_late",
        stage="prior",
        versions={"models": 7},
        timings_ms={"select": 1.25},
        dropped=("a9",),
    )


CONTRIBUTIONS = {"small": 0.125, "large": -0.75, "middle": 0.5}


def test_contributions_come_by_size_with_the_sum_so_far() -> None:
    lines = list(plain_waterfall(slate(-0.125, CONTRIBUTIONS), {"a1": "A title"}))

    steps = [line.split() for line in lines if line.startswith("    ") and " = " in line][:3]
    assert [(step[0], float(step[1]), float(step[3])) for step in steps] == [
        ("large", -0.75, -0.75),
        ("middle", 0.5, -0.25),
        ("small", 0.125, -0.125),
    ]
    assert lines[-1].strip() == "sum -0.125000000 = score -0.125000000 (within 1e-09)"


def test_everything_that_made_the_slate_is_said() -> None:
    text = "\n".join(plain_waterfall(slate(-0.125, CONTRIBUTIONS), {"a1": "A title"}))

    for said in (
        "request r1 of user u1",
        "ranked by: the first model, shrunk towards the news value (stage prior)",
        "degraded: evaluation_late",
        "versions: models 7",
        "timings: select 1.2 ms",
        "candidates that are in no catalogue: a9",
        "1. a1 “A title”: score -0.125000, news value 0.2500, evaluation 0.7500",
    ):
        assert said in text


@pytest.mark.parametrize(("gap", "is_equal"), [(9e-10, True), (2e-9, False)])
def test_sum_that_is_not_the_score_is_said_not_to_be(gap: float, is_equal: bool) -> None:
    (*_, last) = plain_waterfall(slate(-0.125 + gap, CONTRIBUTIONS), {})

    assert ("IS NOT" not in last) == is_equal


def test_terminal_shows_the_same_names_and_ignores_markup_in_titles() -> None:
    screen = io.StringIO()
    console = Console(file=screen, width=120)
    for part in rich_waterfall(slate(-0.125, CONTRIBUTIONS), {"a1": "[red]A title[/red]"}):
        console.print(part)

    shown = screen.getvalue()
    assert all(name in shown for name in CONTRIBUTIONS)
    assert "[red]A title[/red]" in shown
