"""A request that waits for CNLE is answered once, by its evaluation or its deadline."""

from __future__ import annotations

import pytest

from cherryrec.codec import encode
from cherryrec.errors import ConfigError
from cherryrec.events import Deadline, Evaluation
from cherryrec.open_requests import MAX_OPEN
from cherryrec.pipeline import EvaluatorConfig, Position
from tests.unit.pipeline.answers import CLOCK_S, answer, explains, ids, question
from tests.worlds import START_S, article, impression, liked, pipeline_of, request, update


def test_with_cnle_a_request_becomes_a_question_then_a_recommendation() -> None:
    pipeline = pipeline_of(8, evaluator=True)
    pipeline.profile_update(
        Position(0, 0), "u", update(role="editor", history=("a0", "a4"), fields=("sport",))
    )

    effects = pipeline.request(Position(0, 0), request("r", deadline_ms=700), clock_s=CLOCK_S)

    asked = question(effects)
    assert effects.pending is not None
    assert (effects.pending.expires_at, effects.pending.request_id) == (CLOCK_S + 0.7, "r")
    assert asked.expires_at == CLOCK_S + 0.7
    assert len(asked.candidates) == 6  # but for the two that were read
    assert asked.profile.role == "editor"
    assert asked.profile.fields == ("sport",)
    assert len(asked.profile.history) == 2

    got = answer(pipeline.evaluation(Position(0, 0), liked(asked, "a5")))

    explains(got)
    assert got.degraded is None
    assert got.versions["evaluator"] == "scripted"
    assert {item.article_id: item.evaluation for item in got.slate}["a5"] == 0.9


def test_an_evaluation_after_its_request_was_answered_is_late() -> None:
    pipeline = pipeline_of(8, evaluator=True)
    asked = question(pipeline.request(Position(0, 0), request("r"), clock_s=CLOCK_S))
    timeout = Deadline(request_id="r", user_id="u")

    got = answer(pipeline.deadline(Position(0, 0), timeout))
    assert got.degraded == "evaluation_late"
    assert all(item.evaluation is None for item in got.slate)

    late = pipeline.evaluation(Position(0, 0), liked(asked, "a1"))
    assert (late.counted, late.sends) == ("late", [])
    unknown = pipeline.evaluation(
        Position(0, 1), Evaluation(request_id="?", user_id="u", evaluations={"a1": 0.5})
    )
    assert unknown.counted == "late"


def test_a_deadline_after_the_evaluation_changes_nothing() -> None:
    pipeline = pipeline_of(8, evaluator=True)
    asked = question(pipeline.request(Position(0, 0), request("r"), clock_s=CLOCK_S))
    answer(pipeline.evaluation(Position(0, 0), liked(asked, "a1")))

    effects = pipeline.deadline(Position(0, 0), Deadline(request_id="r", user_id="u"))

    assert (effects.counted, effects.sends) == ("unchanged", [])


@pytest.mark.parametrize(
    "failed",
    [
        Evaluation(request_id="r", user_id="u", error="out of memory"),
        Evaluation(request_id="r", user_id="u", evaluations={}),
    ],
)
def test_a_failed_evaluation_degrades_at_once(failed: Evaluation) -> None:
    pipeline = pipeline_of(8, evaluator=True)
    pipeline.request(Position(0, 0), request("r"), clock_s=CLOCK_S)

    assert answer(pipeline.evaluation(Position(0, 0), failed)).degraded == "evaluation_failed"


def test_a_request_read_again_while_pending_asks_the_same_question() -> None:
    pipeline = pipeline_of(8, evaluator=True)
    first = pipeline.request(Position(0, 0), request("r"), clock_s=CLOCK_S)
    pipeline.article("a99", article(99), now=START_S)
    pipeline.impression(Position(0, 0), impression("other", ["a1", "a2"], user_id="v"))

    again = pipeline.request(Position(0, 0), request("r"), clock_s=CLOCK_S + 60)

    assert encode(question(again)) == encode(question(first))
    assert again.pending == first.pending


def test_a_request_read_again_after_its_answer_is_not_answered_otherwise() -> None:
    """It was once answered a second time, without its evaluations and without `degraded`."""
    pipeline = pipeline_of(8, evaluator=True)
    pipeline.request(Position(0, 0), request("r"), clock_s=CLOCK_S)
    first = answer(pipeline.deadline(Position(0, 0), Deadline(request_id="r", user_id="u")))

    effects = pipeline.request(Position(0, 0), request("r"), clock_s=CLOCK_S)
    assert (effects.counted, effects.sends) == ("duplicate", [])

    again = pipeline.deadline(Position(0, 0), Deadline(request_id="r", user_id="u"))
    assert encode(answer(again)) == encode(first)


def test_the_evaluation_that_answered_answers_again_when_it_is_read_again() -> None:
    pipeline = pipeline_of(8, evaluator=True)
    asked = question(pipeline.request(Position(0, 0), request("r"), clock_s=CLOCK_S))
    first = answer(pipeline.evaluation(Position(0, 5), liked(asked, "a3")))

    assert encode(answer(pipeline.evaluation(Position(0, 5), liked(asked, "a3")))) == encode(first)
    assert pipeline.evaluation(Position(0, 6), liked(asked, "a3")).counted == "late"


def test_an_article_retracted_while_cnle_thinks_is_left_out() -> None:
    pipeline = pipeline_of(8, evaluator=True)
    asked = question(pipeline.request(Position(0, 0), request("r"), clock_s=CLOCK_S))
    pipeline.article("a3", None, now=START_S)

    got = answer(pipeline.evaluation(Position(0, 0), liked(asked, "a3")))

    assert "a3" not in ids(got)
    assert len(got.slate) == 7
    explains(got)


def test_candidates_without_any_text_are_not_sent_to_cnle() -> None:
    """A question without candidates cannot be decoded: nobody would have answered it."""
    pipeline = pipeline_of(0, evaluator=True)

    got = answer(
        pipeline.request(Position(0, 0), request("r", candidates=["x", "y"]), clock_s=CLOCK_S)
    )

    assert got.degraded == "evaluation_failed"
    assert sorted(ids(got)) == ["x", "y"]


def test_of_many_pending_requests_of_one_user_none_is_dropped() -> None:
    pipeline = pipeline_of(8, evaluator=True)
    at_once = []
    for k in range(MAX_OPEN + 5):
        effects = pipeline.request(Position(0, k), request(f"r{k}"), clock_s=CLOCK_S)
        if effects.pending is None:
            at_once.append(answer(effects))

    assert [got.degraded for got in at_once] == ["evaluation_user_limit"] * 5
    for k in range(MAX_OPEN):
        timeout = Deadline(request_id=f"r{k}", user_id="u")
        assert answer(pipeline.deadline(Position(0, k), timeout)).request_id == f"r{k}"


@pytest.mark.parametrize("wrong", [0, -5])
def test_a_deadline_of_no_time_is_refused(wrong: int) -> None:
    with pytest.raises(ConfigError, match=f"deadline_ms must be above 0, got {wrong}"):
        EvaluatorConfig(deadline_ms=wrong)
