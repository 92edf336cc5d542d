"""What one reader can move for everyone: about what any other reader can."""

from __future__ import annotations

import pytest

from cherryrec.events import Click
from cherryrec.pipeline import Pipeline, Position
from tests.unit.pipeline.answers import CLOCK_S, answer, ids
from tests.worlds import START_S, article, click, impression, offsets, pipeline_of, request

N_ARTICLES = 100


def busy() -> Pipeline:
    """A hundred articles that 400 readers were shown and clicked, the first ones most."""
    pipeline = pipeline_of(N_ARTICLES)
    at = offsets()
    for k in range(400):
        some = [f"a{(k * 7 + j) % N_ARTICLES}" for j in range(10)]
        user = f"reader-{k}"
        shown = impression(f"i{k}", some, START_S + k, user_id=user)
        pipeline.impression(at(), shown)
        for one in some:
            if int(one[1:]) < k % N_ARTICLES:
                pipeline.click(at(), click(one, START_S + k + 1, user_id=user))
    return pipeline


def place(pipeline: Pipeline, article_id: str) -> int:
    """Where a reader without history finds an article."""
    asked = request("r", START_S + 700.0, user_id="new", slate_size=N_ARTICLES)
    return ids(answer(pipeline.request(Position(0, 0), asked, clock_s=CLOCK_S))).index(article_id)


def pushed(clicks: list[Click]) -> tuple[Pipeline, list[str]]:
    pipeline = busy()
    return pipeline, [
        pipeline.click(Position(0, 100_000 + k), one).weight for k, one in enumerate(clicks)
    ]


@pytest.mark.slow
def test_thousands_of_clicks_of_one_reader_move_a_story_as_one_does() -> None:
    """Ten thousand moved one from place 61 to 31."""
    asked = request("r", START_S + 700.0, user_id="new", slate_size=N_ARTICLES)
    target = ids(answer(busy().request(Position(0, 0), asked, clock_s=CLOCK_S)))[60]
    some = [target, *[f"a{k}" for k in range(5) if f"a{k}" != target][:3]]
    clicks = [
        click(some[k % 4], START_S + 500.0 + 0.01 * k, user_id="bot", event_id=f"b{k}")
        for k in range(2_500)
    ]

    one, weights = pushed(clicks[:4])
    many, more = pushed(clicks)

    assert weights == ["counted"] * 4
    assert more.count("counted") == 4
    assert place(many, target) == place(one, target)


@pytest.mark.slow
def test_one_reader_counts_so_often_an_hour_over_all_articles() -> None:
    clicks = [
        click(f"a{k % N_ARTICLES}", START_S + 500.0 + 3.0 * k, user_id="bot", event_id=f"b{k}")
        for k in range(200)
    ]

    _, weights = pushed(clicks)

    assert weights.count("counted") <= 60
    assert "rate" in weights


def test_a_click_read_again_after_a_crash_counts_as_it_did() -> None:
    pipeline = pipeline_of(4)
    one, two = click("a0", event_id="e1"), click("a0", START_S + 1, event_id="e2")
    for _ in range(2):
        weights = [pipeline.click(Position(0, k), c).weight for k, c in enumerate((one, two))]

    assert weights == ["counted", "repeat"]
    rows = pipeline.catalogue.known_rows(["a0"])
    assert pipeline.catalogue.totals.totals(rows)[0].tolist() == [0, 1, 0]


def test_a_late_click_is_counted_nowhere() -> None:
    """Sent again after its id had left, it was counted again for everyone."""
    pipeline = pipeline_of(4)
    pipeline.article("a9", article(9), now=START_S)
    pipeline.click(Position(0, 0), click("a0"))
    late = click("a9", START_S - 3 * 86_400)

    for offset in (1, 2, 1):
        assert pipeline.click(Position(0, offset), late).counted == "late"

    rows = pipeline.catalogue.known_rows(["a9"])
    assert pipeline.catalogue.totals.totals(rows)[0].tolist() == [0, 0, 0]
