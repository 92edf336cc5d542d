"""An article of tomorrow is kept, shown to nobody before its time, and live from then on."""

from __future__ import annotations

from cherryrec.catalogue.embargo import Embargo
from cherryrec.events import instant
from cherryrec.pipeline import Pipeline, Position
from tests.unit.pipeline.answers import CLOCK_S, answer, ids
from tests.worlds import HOUR_S, START_S, article, click, impression, pipeline_of, request

TOMORROW_S = START_S + 24 * HOUR_S
EMBARGOED = article(9, title="Budget: every household pays", published_at=instant(TOMORROW_S))


def publish(pipeline: Pipeline, **changes: object) -> None:
    """Let the embargoed article come at START_S."""
    published = article(9, **({"published_at": instant(TOMORROW_S)} | changes))
    pipeline.article("a9", published, now=START_S, arrived_s=START_S)


def asked(pipeline: Pipeline, time_s: float, **fields: object) -> list[str]:
    wanted = request(f"r{time_s}", time_s, user_id="new", slate_size=100, **fields)  # type: ignore[arg-type]
    return ids(answer(pipeline.request(Position(0, 0, time_s), wanted, clock_s=CLOCK_S)))


def test_it_is_live_at_its_time_and_not_before() -> None:
    pipeline = pipeline_of(3)
    publish(pipeline)

    assert "a9" not in asked(pipeline, TOMORROW_S - 1)
    assert "a9" in asked(pipeline, TOMORROW_S)


def test_it_leaves_no_trace_in_what_others_are_measured_by() -> None:
    plain, pipeline = pipeline_of(3), pipeline_of(3)
    publish(pipeline)
    for one in (plain, pipeline):
        alike = article(4, title=EMBARGOED.title, published_at=instant(START_S))
        one.article("a4", alike, now=START_S, arrived_s=START_S)

    mine, its = pipeline.catalogue, plain.catalogue
    assert mine.words.n_titles == its.words.n_titles == 4
    assert mine.published_s == its.published_s == START_S
    assert mine.story_similarity[:8].tolist() == its.story_similarity[:8].tolist()
    assert asked(pipeline, START_S) == asked(plain, START_S)


def test_it_is_dropped_as_a_candidate_and_named() -> None:
    pipeline = pipeline_of(3)
    publish(pipeline)

    wanted = request("r", START_S, candidates=("a0", "a9"))
    got = answer(pipeline.request(Position(0, 0, START_S), wanted, clock_s=CLOCK_S))

    assert (ids(got), got.dropped) == (["a0"], ("a9",))


def test_it_is_not_shown_where_no_article_is_live() -> None:
    pipeline = pipeline_of(0)
    publish(pipeline)
    pipeline.impression(Position(0, 0, START_S), impression("i", ["a8", "a9"], user_id="v"))

    assert asked(pipeline, START_S) == ["a8"]


def test_a_clock_ahead_does_not_release_it() -> None:
    pipeline = pipeline_of(3)
    publish(pipeline)
    ahead = request("r", TOMORROW_S, user_id="u", slate_size=100)

    got = answer(pipeline.request(Position(0, 0, START_S), ahead, clock_s=CLOCK_S))
    pipeline.click(Position(0, 0, START_S), click("a1", TOMORROW_S))

    assert "a9" not in ids(got)
    assert "a9" in pipeline.catalogue.embargo


def test_a_live_article_put_under_embargo_is_not_shown_until_its_time() -> None:
    pipeline = pipeline_of(3)
    pipeline.article("a1", article(1, published_at=instant(TOMORROW_S)), now=START_S,
                     arrived_s=START_S)  # fmt: skip

    assert sorted(asked(pipeline, START_S)) == ["a0", "a2"]
    assert sorted(asked(pipeline, TOMORROW_S)) == ["a0", "a1", "a2"]


def test_it_can_be_published_early_and_retracted() -> None:
    early, retracted = pipeline_of(1), pipeline_of(1)
    for pipeline in (early, retracted):
        publish(pipeline)

    publish(early, published_at=instant(START_S - 60))
    retracted.article("a9", None, now=START_S, arrived_s=START_S + 60)

    assert "a9" in asked(early, START_S)
    assert "a9" not in asked(retracted, TOMORROW_S + HOUR_S)


def test_another_article_at_its_time_releases_it_first() -> None:
    """So that all workers, and one that reads the topic again, tell stories in one order."""
    pipeline = pipeline_of(1)
    publish(pipeline, title=EMBARGOED.title)
    alike = article(4, title=EMBARGOED.title, published_at=instant(TOMORROW_S))
    pipeline.article("a4", alike, now=TOMORROW_S, arrived_s=TOMORROW_S + 1)

    catalogue = pipeline.catalogue
    similarity = catalogue.story_similarity
    assert similarity[catalogue.row_of["a9"]] < 0.9 < similarity[catalogue.row_of["a4"]]


def test_an_article_read_again_after_its_time_is_live() -> None:
    """The record keeps its arrival: a worker that restarts later does as one that ran on."""
    pipeline = pipeline_of(2)
    publish(pipeline)

    assert "a9" in asked(pipeline, TOMORROW_S + 10 * 60)


def test_what_waits_is_bounded_and_the_last_to_come_leaves() -> None:
    embargo = Embargo(capacity=2)
    for number, until_s in enumerate((30.0, 10.0, 20.0)):
        embargo.hold(article(number, body="long"), until_s)

    due = embargo.due(100.0)

    assert [(until_s, held.article_id, held.body) for until_s, held in due] == [
        (10.0, "a1", ""),
        (20.0, "a2", ""),
    ]
