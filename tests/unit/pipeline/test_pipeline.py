"""The pipeline from request to example: every answer given once, explained, and learnable."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cherryrec.attention import AttentionConfig
from cherryrec.codec import decode, encode
from cherryrec.errors import ConfigError
from cherryrec.events import (
    Deadline,
    Evaluation,
    EvaluationRequest,
    Example,
    FeedbackTick,
    Recommendation,
    SlateLabelled,
    instant,
)
from cherryrec.features import FEATURE_SET, FEATURES, column
from cherryrec.learner import Learner
from cherryrec.open_requests import MAX_OPEN
from cherryrec.pipeline import (
    Effects,
    EvaluatorConfig,
    MemoryStore,
    Models,
    Pipeline,
    PipelineConfig,
    Position,
)
from cherryrec.pipeline.ranking import OTHERS
from tests.worlds import (
    START_S,
    article,
    click,
    impression,
    liked,
    offsets,
    pipeline_of,
    request,
    update,
)

CLOCK_S = 5_000.0
WINDOW_S = PipelineConfig().feedback.attribution_window_s
CORRECTION_S = PipelineConfig().feedback.correction_s


def sent(effects: Effects) -> Any:
    """The only message that followed."""
    assert len(effects.sends) == 1
    return effects.sends[0].event


def answer(effects: Effects) -> Recommendation:
    event = sent(effects)
    assert isinstance(event, Recommendation)
    assert effects.sends[0].topic == "recommendations"
    return decode(Recommendation, encode(event))


def question(effects: Effects) -> EvaluationRequest:
    event = sent(effects)
    assert isinstance(event, EvaluationRequest)
    assert effects.sends[0].topic == "evaluation-requests"
    return decode(EvaluationRequest, encode(event))


def labels(effects: Effects) -> tuple[Example, SlateLabelled]:
    """The example and the labelled slate of one ended request, nothing else."""
    assert [send.topic for send in effects.sends] == ["examples", "labelled-slates"]
    example, slate = (send.event for send in effects.sends)
    assert isinstance(example, Example)
    assert isinstance(slate, SlateLabelled)
    assert (slate.articles, slate.clicked) == (example.articles, example.clicked)
    return example, slate


def ids(recommendation: Recommendation) -> list[str]:
    return [item.article_id for item in recommendation.slate]


def explains(recommendation: Recommendation) -> None:
    """Contributions sum to scores, positions count up, scores fall."""
    scores = [item.score for item in recommendation.slate]
    assert scores == sorted(scores, reverse=True)
    for position, item in enumerate(recommendation.slate):
        assert item.position == position
        assert sum(item.contributions.values()) == pytest.approx(item.score, abs=1e-9)
        assert set(item.contributions) <= {*FEATURES, OTHERS}


def test_a_request_is_answered_at_once_where_cnle_is_not_used() -> None:
    pipeline = pipeline_of(8)

    got = answer(pipeline.request(Position(0, 0), request("r", slate_size=3), clock_s=CLOCK_S))

    assert len(got.slate) == 3
    assert (got.request_id, got.user_id, got.degraded) == ("r", "u", None)
    explains(got)


def learned(pipeline: Pipeline, n: int = 30) -> None:
    """Show slates and click a2 in each, learning from every example."""
    learner = Learner(pipeline.config.knrs, pipeline.config.vans)
    at = offsets()
    for k in range(n):
        time_s = START_S + 10.0 * k
        name, user = f"t{k}", f"u{k % 5}"
        pipeline.request(at(), request(name, time_s, user_id=user), clock_s=CLOCK_S)
        shown = impression(name, [f"a{j}" for j in range(6)], time_s, user_id=user)
        pipeline.impression(at(), shown)
        pipeline.click(at(), click("a2", time_s, user_id=user, impression_id=name))
    effects = pipeline.tick(FeedbackTick(partition=0, time=instant(START_S + 2 * WINDOW_S)))
    for offset, send in enumerate(effects.sends):
        if isinstance(send.event, Example):
            learner.learn(send.event, partition=0, offset=offset)
    pipeline.models = Models(scorer=learner.vans, knrs_weights=learner.knrs_weights, version=7)


def test_contributions_of_a_learned_model_sum_to_its_scores() -> None:
    pipeline = pipeline_of(8)
    learned(pipeline)

    got = answer(
        pipeline.request(
            Position(0, 999), request("r", START_S + 3 * WINDOW_S, user_id="new"), clock_s=CLOCK_S
        )
    )

    explains(got)
    assert any(abs(item.score) > 1e-3 for item in got.slate)
    assert got.versions == {"models": 7}
    assert got.slate[0].article_id == "a2"


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

    assert (effects.counted, effects.sends) == ("duplicate", [])


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


def test_a_request_read_again_gives_the_same_slate() -> None:
    pipeline = pipeline_of(8)
    first = answer(pipeline.request(Position(0, 0), request("r"), clock_s=CLOCK_S))
    pipeline.article("a99", article(99), now=START_S)
    pipeline.click(Position(0, 0), click("a1"))

    again = answer(pipeline.request(Position(0, 0), request("r"), clock_s=CLOCK_S))

    assert encode(again) == encode(first)


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

    assert [got.degraded for got in at_once] == ["evaluation_over_budget"] * 5
    for k in range(MAX_OPEN):
        timeout = Deadline(request_id=f"r{k}", user_id="u")
        assert answer(pipeline.deadline(Position(0, k), timeout)).request_id == f"r{k}"


def test_a_click_labels_the_features_frozen_at_scoring() -> None:
    pipeline = pipeline_of(6)
    at = offsets()
    pipeline.request(at(), request("r"), clock_s=CLOCK_S)
    pipeline.impression(at(), impression("i", ["a0", "a1", "a2"], START_S + 1, request_id="r"))
    for k in range(50):  # the world moves on
        pipeline.impression(at(), impression(f"x{k}", ["a0"], START_S + 2, user_id="v"))
    pipeline.click(at(), click("a1", START_S + 5, impression_id="i"))

    open_time = FeedbackTick(partition=0, time=instant(START_S + 1 + WINDOW_S))
    assert pipeline.tick(open_time).sends == []
    effects = pipeline.tick(FeedbackTick(partition=0, time=instant(START_S + 2 + WINDOW_S)))

    example, slate = labels(effects)
    assert example.example_id == "r:1"
    assert (slate.slate_id, slate.is_correction) == ("r", False)
    assert slate.categories == ("weather", "politics", "sport")
    assert example.clicked == (False, True, False)
    assert example.feature_set == FEATURE_SET
    features = np.frombuffer(example.features, "<f4").reshape(3, -1)
    assert not features[:, column("views_24h")].any()

    pipeline.forget(effects.closed)
    assert [e.n_labelled for e in pipeline.users.requests(0, "u").entries] == [1]
    after = START_S + 2 + WINDOW_S + CORRECTION_S
    pipeline.forget(pipeline.tick(FeedbackTick(partition=0, time=instant(after))).closed)
    assert pipeline.users.requests(0, "u").entries == ()


def test_an_answer_never_shown_is_forgotten_in_time() -> None:
    pipeline = pipeline_of(4)
    pipeline.request(Position(0, 0), request("r"), clock_s=CLOCK_S)

    effects = pipeline.tick(FeedbackTick(partition=0, time=instant(START_S + WINDOW_S + 3_601)))
    pipeline.forget(effects.closed)

    assert effects.sends == []
    assert pipeline.users.requests(0, "u").entries == ()


def test_windows_and_deadlines_come_back_after_a_crash() -> None:
    store = MemoryStore()
    config = PipelineConfig(evaluator=EvaluatorConfig(enabled=True))
    first = pipeline_of(6, config=config)
    first.users._requests = store
    at = offsets()
    asked = question(first.request(at(), request("r1"), clock_s=CLOCK_S))
    first.evaluation(at(), liked(asked, "a1"))
    first.impression(at(), impression("i", ["a0", "a1"], request_id="r1"))
    first.click(at(), click("a1", START_S + 1, impression_id="i"))
    first.request(at(), request("r2"), clock_s=CLOCK_S + 1)

    restored = pipeline_of(6, config=config)
    restored.users._requests = store
    items = [(user, raw) for (_, user), raw in store.values.items()]
    pending = restored.restore(0, items)

    assert [(p.expires_at, p.request_id) for p in pending] == [(CLOCK_S + 3, "r2")]
    effects = restored.tick(FeedbackTick(partition=0, time=instant(START_S + 2 * WINDOW_S)))
    assert labels(effects)[0].example_id == "r1:1"


def test_an_example_is_sent_again_until_it_is_safe() -> None:
    pipeline = pipeline_of(6)
    at = offsets()
    pipeline.request(at(), request("r"), clock_s=CLOCK_S)
    pipeline.impression(at(), impression("i", ["a0", "a1"], request_id="r"))
    pipeline.click(at(), click("a1", impression_id="i"))
    tick = FeedbackTick(partition=0, time=instant(START_S + 2 * WINDOW_S))
    first = labels(pipeline.tick(tick))

    store = pipeline.users._requests  # a crash before the example was acknowledged
    assert isinstance(store, MemoryStore)
    pipeline.restore(0, [(user, raw) for (_, user), raw in store.values.items()])

    assert labels(pipeline.tick(tick)) == first


def test_erasing_a_user_leaves_nothing_and_others_alone() -> None:
    pipeline = pipeline_of(6, evaluator=True)
    at = offsets()
    for user in ("u", "v"):
        pipeline.click(at(), click("a1", user_id=user))
        pipeline.request(at(), request(f"r-{user}", user_id=user), clock_s=CLOCK_S)

    pipeline.profile_update(at(), "u", None)

    assert pipeline.users.profile(0, "u").history == ()
    assert pipeline.users.requests(0, "u").entries == ()
    assert len(pipeline.users.profile(0, "v").history) == 1
    assert len(pipeline.users.requests(0, "v").entries) == 1
    timeout = Deadline(request_id="r-u", user_id="u")
    assert pipeline.deadline(at(), timeout).counted == "duplicate"


def test_events_are_counted_as_what_they_are() -> None:
    pipeline = pipeline_of(4)

    counted = [
        pipeline.impression(Position(0, 0), impression("i", ["a0"])).counted,
        pipeline.impression(Position(0, 1), impression("i", ["a0"])).counted,
        pipeline.click(Position(0, 0), click("a0", event_id="e")).counted,
        pipeline.click(Position(0, 1), click("a0", event_id="e")).counted,
        pipeline.click(Position(0, 2), click("a1", START_S - 3 * 86_400)).counted,
        pipeline.click(Position(0, 0), click("a0", event_id="e")).counted,
    ]

    assert counted == ["applied", "duplicate", "applied", "duplicate", "late", "applied"]
    rows = pipeline.catalogue.known_rows(["a0"])
    assert pipeline.catalogue.totals.totals(rows)[0].tolist() == [1, 1, 0]


def test_what_is_flushed_makes_another_worker_know_the_same() -> None:
    one, other = pipeline_of(6), pipeline_of(6)
    at = offsets()
    for k in range(20):
        one.impression(at(), impression(f"i{k}", ["a0", "a1", "a2"], START_S + k))
        one.click(at(), click("a1", START_S + k, user_id=f"u{k}"))
    for send in one.flush([0]):
        assert send.topic == "article-activity"
        other.activity(send.event)  # type: ignore[arg-type]

    asked = request("r", START_S + 60, user_id="somebody")
    ours, theirs = (answer(p.request(Position(1, 0), asked, clock_s=CLOCK_S)) for p in (one, other))
    assert ids(ours) == ids(theirs)
    assert one.flush([0]) == []


def test_a_click_changes_the_next_slate() -> None:
    pipeline = pipeline_of(8)
    before = answer(pipeline.request(Position(0, 0), request("r1"), clock_s=CLOCK_S))
    pipeline.click(Position(0, 0), click("a4", START_S + 1))

    after = answer(pipeline.request(Position(0, 1), request("r2", START_S + 2), clock_s=CLOCK_S))

    assert "a4" in ids(before)
    assert "a4" not in ids(after)


@pytest.mark.parametrize("wrong", [0, -5])
def test_a_deadline_of_no_time_is_refused(wrong: int) -> None:
    with pytest.raises(ConfigError, match=f"deadline_ms must be above 0, got {wrong}"):
        EvaluatorConfig(deadline_ms=wrong)


def test_half_lives_other_than_the_features_are_named_after_are_refused() -> None:
    with pytest.raises(ConfigError, match="named after, got"):
        PipelineConfig(attention=AttentionConfig(half_lives_s=(600.0, 3_600.0)))
