"""A request that was taken past its deadline is answered with what is popular, and not kept."""

from __future__ import annotations

from cherryrec.codec import decode, encode
from cherryrec.events import Recommendation
from cherryrec.pipeline import EvaluatorConfig, Pipeline, PipelineConfig, Position
from tests.unit.pipeline.answers import CLOCK_S, answer, explains, ids
from tests.worlds import START_S, article, click, pipeline_of, request


def clicked(**config: float) -> Pipeline:
    """Eight articles; a5 has three readers, a2 two, a7 one."""
    pipeline = pipeline_of(8, config=PipelineConfig(evaluator=EvaluatorConfig(**config)))  # type: ignore[arg-type]
    for number, name in enumerate(("a5", "a2", "a5", "a7", "a2", "a5")):
        at = Position(0, number)
        pipeline.click(at, click(name, START_S + number, user_id=f"w{number}"))
    return pipeline


def late(pipeline: Pipeline, name: str = "r", **changes: object) -> Recommendation:
    asked = request(name, START_S + 60.0, **changes)
    effects = pipeline.request(Position(0, 0), asked, clock_s=CLOCK_S, waited_s=9.0)
    assert effects.counted == "late"
    return answer(effects)


def test_late_request_gets_what_is_read_most_and_leaves_nothing() -> None:
    pipeline = clicked()

    got = late(pipeline, slate_size=3)

    assert ids(got) == ["a5", "a2", "a7"]
    assert (got.degraded, got.rung) == ("request_late", "popular")
    assert pipeline.users.requests(0, "u").entries == ()
    assert decode(Recommendation, encode(got)) == got
    explains(got)


def test_late_request_is_answered_out_of_its_candidates_without_what_it_excludes() -> None:
    pipeline = clicked()
    pipeline.article("a3", None, now=START_S)

    got = late(pipeline, candidates=["a1", "a2", "a3", "a5", "x"], exclude=["a2"])

    assert ids(got)[0] == "a5"
    assert sorted(ids(got)) == ["a1", "a5", "x"]
    assert sorted(got.dropped) == ["a2", "a3"]


def test_article_retracted_after_the_order_was_made_is_left_out() -> None:
    pipeline = clicked()
    late(pipeline)

    pipeline.article("a5", None, now=START_S)

    assert ids(late(pipeline, "r2", slate_size=2)) == ["a2", "a7"]


def test_article_published_after_the_order_was_made_can_be_asked_for() -> None:
    pipeline = clicked()
    late(pipeline)

    pipeline.article("a99", article(99), now=START_S)

    assert ids(late(pipeline, "r2", candidates=["a99", "a5"])) == ["a5", "a99"]


def test_deadline_is_the_request_s_own_or_the_configured_one() -> None:
    pipeline = clicked(deadline_ms=5_000)

    def degraded(waited_s: float, **changes: object) -> str | None:
        asked = request(f"r{waited_s}{changes}", START_S + 60.0, **changes)
        at = Position(0, 0)
        return answer(pipeline.request(at, asked, clock_s=CLOCK_S, waited_s=waited_s)).degraded

    assert degraded(4.9) is None
    assert degraded(5.1) == "request_late"
    assert degraded(0.3, deadline_ms=200) == "request_late"
    assert degraded(4.9, deadline_ms=0) is None  # that only asks for no evaluation


def test_request_that_is_open_is_answered_as_it_was_however_late_it_is_read_again() -> None:
    pipeline = clicked()
    first = answer(pipeline.request(Position(0, 0), request("r", START_S + 60.0), clock_s=CLOCK_S))

    again = late_effects = pipeline.request(
        Position(0, 0), request("r", START_S + 60.0), clock_s=CLOCK_S, waited_s=99.0
    )

    assert late_effects.counted == "applied"
    assert encode(answer(again)) == encode(first)
