"""The system in one process: what is sent reaches who reads it, as through the topics."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace

from cherryrec.errors import BadMessage
from cherryrec.events import CoRead, Evaluation, EvaluationRequest, Example, SlateLabelled, instant
from cherryrec.feedback import FeedbackConfig
from cherryrec.pipeline import EvaluatorConfig, PipelineConfig, Position, Send
from cherryrec.system import LocalSystem
from tests.worlds import (
    START_S,
    article,
    click,
    impression,
    liked,
    publish_articles,
    request,
    system_of,
    update,
)

WINDOW_S = PipelineConfig().feedback.attribution_window_s
CNLE = PipelineConfig(evaluator=EvaluatorConfig(enabled=True))


def used(system: LocalSystem, n: int = 1) -> None:
    """Ask n times, show six articles, click a2 each time; let their windows end."""
    names = [f"a{number}" for number in range(6)]
    for k in range(n):
        time_s, name, user = START_S + 10.0 * k, f"r{k}", f"u{k}"
        system.recommend(request(name, time_s, user_id=user, candidates=names))
        shown = impression(f"i{k}", names, time_s, user_id=user, request_id=name)
        system.send(shown)
        system.send(click("a2", time_s + 1.0, user_id=user, impression_id=f"i{k}"))
    system.advance(START_S + 10.0 * n + WINDOW_S)


def noting(**options: object) -> tuple[LocalSystem, list[Send]]:
    sent: list[Send] = []
    system = LocalSystem(on_send=sent.append, **options)  # type: ignore[arg-type]
    publish_articles(system, 8)
    return system, sent


def test_what_is_sent_reaches_the_learner_and_the_next_slates() -> None:
    system, sent = noting()
    system.send(update("u0", START_S - 60.0, history=("a7",)))

    used(system)

    assert [send.topic for send in sent] == [
        "recommendations", "co-reads", "examples", "labelled-slates",
    ]  # fmt: skip
    assert system.learner.n_examples == 1
    assert system.pipeline.slates.wins.sum() == 5.0  # a2 won against five beside it
    assert system.pipeline.co_reads.newest_s == START_S + 1.0
    assert [type(send.event) for send in sent[1:]] == [CoRead, Example, SlateLabelled]


def test_what_has_ended_is_forgotten() -> None:
    system, _ = noting(config=PipelineConfig(feedback=FeedbackConfig(correction_s=0.0)))

    used(system)
    system.advance(START_S + 2 * WINDOW_S)  # labelled by the first, it leaves with the next

    assert system.pipeline.users.requests(0, "u0").entries == ()


def test_a_live_system_ranks_with_what_it_has_just_learned() -> None:
    system, _ = noting()
    used(system, 90)

    got = system.recommend(request("new", START_S + 2 * WINDOW_S, user_id="new"))

    assert got.stage == "learned"
    assert got.slate[0].article_id == "a2"
    assert got.versions == {"models": 0}


def test_another_ranks_with_what_it_has_published() -> None:
    system = system_of(8)
    asked = request("new", START_S + 2 * WINDOW_S, user_id="new")
    used(system, 90)
    before = system.pipeline.preview(0, asked).recommendation
    system.publish()

    after = system.recommend(asked)

    assert (before.stage, before.versions) != (after.stage, after.versions)
    assert (after.stage, after.versions) == ("learned", {"models": 1})


def test_a_system_that_does_not_learn_stays_as_it_begins() -> None:
    system, sent = noting(is_learning=False)
    start = system.learner.vans.members["linear"].weights.copy()

    used(system, 5)

    assert sum(isinstance(send.event, Example) for send in sent) == 5
    assert system.learner.n_examples == 0
    assert np.array_equal(system.learner.vans.members["linear"].weights, start)
    assert system.pipeline.models.scorer is system.learner.vans


def test_cnle_is_asked_and_its_answer_ranks() -> None:
    asked: list[EvaluationRequest] = []

    def likes_a3(question: EvaluationRequest) -> Evaluation:
        asked.append(question)
        return liked(question, "a3")

    system, _ = noting(config=CNLE, evaluate=likes_a3)

    got = system.recommend(request("r", START_S + 1.0))

    assert [one.request_id for one in asked] == ["r"]
    assert {item.article_id: item.evaluation for item in got.slate}["a3"] == 0.9
    assert got.degraded is None


def test_where_no_one_answers_for_cnle_the_deadline_passes() -> None:
    system, _ = noting(config=CNLE)

    got = system.recommend(request("r", START_S + 1.0))

    assert got.degraded == "evaluation_late"
    assert len(got.slate) == 8


def test_a_question_is_left_open_by_send() -> None:
    system, sent = noting(config=CNLE)

    effects = system.send(request("r", START_S + 1.0))

    assert effects.pending is not None
    assert [send.topic for send in sent] == ["evaluation-requests"]


def test_a_request_is_answered_again_until_another_event_has_answered_it() -> None:
    system, _ = noting(config=CNLE)
    first = request("r", START_S + 1.0)
    system.recommend(first)

    with pytest.raises(BadMessage, match="request_id 'r' of user 'u' must be new, and was"):
        system.recommend(first)


def test_an_erased_user_is_gone_and_stays_so() -> None:
    system, _ = noting()
    system.send(update(history=("a1",)), Position(0, 0, START_S))

    system.erase("u", Position(0, 1, START_S + 1.0))

    assert system.profiles.values == {}
    late = system.send(update(history=("a1",)), Position(0, 2, START_S))
    assert late.counted == "late"


def test_a_retracted_article_is_in_no_slate() -> None:
    system, _ = noting()
    system.retract("a3")

    got = system.recommend(request("r", START_S + 1.0))

    assert "a3" not in {item.article_id for item in got.slate}


def test_an_article_of_no_time_is_refused_until_something_has_happened() -> None:
    with pytest.raises(BadMessage, match="article 'a9' must have published_at"):
        LocalSystem().send(article(9))

    system = LocalSystem()
    system.send(article(9), now=START_S)
    system.send(click("a9", START_S))
    system.send(article(10))
    assert system.pipeline.catalogue.ids == ["a9", "a10"]


def test_events_follow_each_other_by_kind() -> None:
    """An offset that came before is passed over: without a position each has the next."""
    system, _ = noting()

    counted = [system.send(click(f"a{k}", START_S + k, event_id=f"e{k}")).counted for k in range(3)]

    assert counted == ["applied"] * 3
    assert system.send(click("a0", START_S, event_id="e0")).counted == "duplicate"


@pytest.mark.parametrize("given", [(10, "applied"), (0, "duplicate")])
def test_events_without_a_position_follow_the_newest_one_given(given: tuple[int, str]) -> None:
    offset, counted_again = given
    system, _ = noting()
    first = system.send(click("a0", START_S, event_id="e0"), Position(0, 10))

    second = system.send(click("a1", START_S + 1.0, event_id="e1"))
    other = system.send(click("a2", START_S + 2.0, event_id="e2"), Position(0, offset + 10))
    last = system.send(click("a3", START_S + 3.0, event_id="e3"))

    assert (first.counted, second.counted, last.counted) == ("applied",) * 3
    assert other.counted == counted_again
    assert system.pipeline.users.profile(0, "u").n_clicks == 3 + (counted_again == "applied")


def test_a_position_of_another_partition_moves_none() -> None:
    system, _ = noting()

    system.send(update("elsewhere", history=("a1",)), Position(1, 10))

    assert system.send(update(history=("a1",)), Position(0, 0)).counted == "applied"
    assert system.send(update(time_s=START_S + 1.0, history=("a2",))).counted == "applied"


def test_an_answer_to_another_question_is_refused() -> None:
    system, _ = noting(
        config=CNLE,
        evaluate=lambda question: replace(liked(question, "a3"), request_id="other"),
    )

    with pytest.raises(BadMessage, match=r"that it is asked, \('r', 'u'\), got \('other', 'u'\)"):
        system.recommend(request("r", START_S + 1.0))


def test_the_same_events_give_the_same_slates() -> None:
    slates = []
    for _ in range(2):
        system, _ = noting()
        used(system, 30)
        slates.append(system.recommend(request("r", START_S + 2 * WINDOW_S, user_id="new")))

    assert slates[0] == slates[1]
    assert slates[0].requested_at == instant(START_S + 2 * WINDOW_S)
