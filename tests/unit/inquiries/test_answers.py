"""Profiles, other conditions, and inquiries that are not answered."""

from __future__ import annotations

import math

import pytest

from cherryrec.errors import BadMessage
from cherryrec.events import Inquiry, InquiryAnswer, instant, seconds
from cherryrec.inquiries import inquire, over_limit
from cherryrec.inquiries.subject import subject_of
from cherryrec.pipeline import PipelineConfig, Position
from cherryrec.pipeline.ablations import feature_groups
from cherryrec.profile import ProfileConfig
from cherryrec.system import LocalSystem
from tests.worlds import START_S, click, impression, system_of, update

NOW = instant(START_S + 600.0)


def asks(kind: str = "what_if", user_id: str = "u", **fields: object) -> Inquiry:
    return Inquiry(inquiry_id="q", user_id=user_id, asked_at=NOW, kind=kind, **fields)  # type: ignore[arg-type]


@pytest.fixture
def system() -> LocalSystem:
    """A teacher who was shown three articles, and read a1 (politics) and a5 (politics)."""
    system = system_of(8, is_learning=False)
    system.send(update("u", START_S, role="teacher", fields=("science",)))
    system.send(impression("i", ["a1", "a2", "a3"], START_S + 60.0))
    system.send(click("a1", START_S + 65.0, impression_id="i"))
    system.send(click("a5", START_S + 90.0, dwell_s=12.0))
    system.advance(START_S + 300.0)
    return system


def names(slate: object) -> list[str]:
    return [item.article_id for item in slate]  # type: ignore[attr-defined]


def test_a_profile_is_what_was_said_read_and_shown(system: LocalSystem) -> None:
    answer = system.ask(asks("profile"))

    profile = answer.profile
    assert profile is not None and profile.is_known
    assert (profile.role, profile.fields) == ("teacher", ("science",))
    assert [(r.article_id, r.clicked_at, r.dwell_s) for r in profile.history] == [
        ("a5", instant(START_S + 90.0), 12.0),
        ("a1", instant(START_S + 65.0), None),
    ]
    assert (profile.n_clicks, profile.n_slates, profile.n_history) == (2, 1, 2)
    politics = profile.categories[0]
    assert (politics.name, politics.n_reads, politics.share) == ("politics", 2, 1.0)
    assert politics.lift > 0.0
    assert politics.n_clicks == 1.0 and politics.n_expected == pytest.approx(1 / 3)
    assert answer.titles["a5"] == "Strike stops regional trains"


def test_as_many_reads_as_are_asked_for(system: LocalSystem) -> None:
    profile = system.ask(asks("profile", n_history=1)).profile

    assert profile is not None
    assert names(profile.history) == ["a5"] and profile.n_history == 2


@pytest.mark.parametrize("user_id", ["u", "never seen"])
def test_who_is_erased_or_was_never_seen_is_not_known(system: LocalSystem, user_id: str) -> None:
    system.erase("u")

    profile = system.ask(asks("profile", user_id)).profile

    assert profile is not None and not profile.is_known
    assert not profile.history and not profile.categories


def test_an_inquiry_from_before_an_erasure_is_answered_as_of_nobody(system: LocalSystem) -> None:
    system.erase("u", Position(0, 9, START_S + 400.0))
    system.send(click("a2", START_S + 410.0), Position(0, 90, START_S + 410.0))

    before = system.ask(asks("profile"), Position(0, 0, START_S + 399.0)).profile
    after = system.ask(asks("profile"), Position(0, 0, START_S + 420.0)).profile

    assert before is not None and not before.is_known
    assert after is not None and names(after.history) == ["a2"]


def test_another_history_takes_the_place_of_the_clicks(system: LocalSystem) -> None:
    answer = system.ask(asks(history=("a2", "nowhere")))

    assert answer.slate is not None and answer.changed is not None
    assert "a2" in names(answer.slate) and "a1" not in names(answer.slate)
    assert "a2" not in names(answer.changed) and {"a1", "a5"} <= set(names(answer.changed))
    assert answer.unknown == ("nowhere",)


def test_no_click_of_the_reader_s_own_is_left_under_another_history() -> None:
    config = PipelineConfig(profile=ProfileConfig(history_size=1))
    system = system_of(8, config=config, is_learning=False)
    for reader in ("clicks", "only looks"):
        shown = ["a1", "a2", "a3"]
        system.send(impression(f"i {reader}", shown, START_S + 60.0, user_id=reader))
        if reader == "clicks":
            for article_id in ("a1", "a2"):  # the history keeps the second alone
                system.send(
                    click(article_id, START_S + 65.0, user_id=reader, impression_id=f"i {reader}")
                )
    system.advance(START_S + 300.0)
    at = Position(0, 0)

    clicks, only_looks = (
        subject_of(system.pipeline, at, asks(user_id=reader, history=("a3", "a5")))
        for reader in ("clicks", "only looks")
    )

    own = clicks.reader().exposures
    assert own.article_records()["clicks"].sum() == 2 and own.categories
    one, other = (subject.reader(is_changed=True) for subject in (clicks, only_looks))
    assert one.exposures.articles == other.exposures.articles
    assert one.exposures.article_records()["clicks"].tolist() == [0, 0, 1]
    assert one.exposures.categories == other.exposures.categories == b""
    assert one.profile == other.profile
    assert names(one.profile.history) == ["a5"]


def test_articles_that_nobody_knows_are_no_reads_of_another_history(system: LocalSystem) -> None:
    asked = asks(history=("nowhere", "a2", "nor here"), exclude=("a3", "no such"))

    reader = subject_of(system.pipeline, Position(0, 0), asked).reader(is_changed=True)
    answer = system.ask(asked)

    assert names(reader.profile.history) == ["a2"] and reader.profile.n_clicks == 1
    assert answer.unknown == ("no such", "nowhere", "nor here")
    assert answer.changed == system.ask(asks(history=("a2",), exclude=("a3",))).changed


def test_the_same_history_is_the_same_but_for_its_times(system: LocalSystem) -> None:
    answer = system.ask(asks(history=("a1", "a5")))

    assert answer.slate is not None and answer.changed is not None
    assert set(names(answer.slate)) == set(names(answer.changed))


def test_without_a_group_of_features_none_of_it_contributes() -> None:
    system = system_of(12, is_learning=True)
    for number in range(40):
        name, reader = f"i{number}", f"v{number}"
        system.send(impression(name, ["a0", "a1", "a2", "a3"], START_S + number, user_id=reader))
        system.send(click("a0", START_S + number, user_id=reader, impression_id=name))
    system.advance(START_S + 500.0)
    system.publish()

    answer = system.ask(asks(without=("features:attention",), candidates=("a0", "a1", "a2", "a3")))

    assert answer.slate is not None and answer.changed is not None
    group = set(feature_groups()["attention"])
    assert any(group & item.contributions.keys() for item in answer.slate)
    assert not any(group & item.contributions.keys() for item in answer.changed)
    for item in answer.changed:
        assert math.fsum(item.contributions.values()) == pytest.approx(item.score, abs=1e-9)


def test_without_a_source_knrs_does_not_look_at_it(system: LocalSystem) -> None:
    answer = system.ask(asks("why_not", article_id="a2", without=("knrs:most_clicked",)))

    assert answer.why_not is not None and answer.why_not.kept is not None
    assert "clicks_1h" not in {one.name for one in answer.why_not.kept.compared}


def test_what_is_asked_of_nothing_else_is_the_slate_alone(system: LocalSystem) -> None:
    answer = system.ask(asks(slate_size=3))

    assert answer.slate is not None and len(answer.slate) == 3
    assert answer.changed is None


def test_candidates_that_nobody_knows_leave_an_empty_slate(system: LocalSystem) -> None:
    answer = system.ask(asks(candidates=("x", "y")))

    assert (answer.slate, answer.unknown) == ((), ("x", "y"))


def test_a_part_that_there_is_not_is_refused_with_those_there_are(system: LocalSystem) -> None:
    with pytest.raises(BadMessage, match=r"without must name some of .*features:slate"):
        system.ask(asks(without=("vans:linear",)))


def test_it_is_asked_as_of_its_arrival_at_most(system: LocalSystem) -> None:
    answer = system.ask(asks(), Position(0, 0, START_S + 120.0))

    assert seconds(answer.asked_at) == START_S + 120.0


def test_one_that_lay_too_long_is_answered_by_that(system: LocalSystem) -> None:
    effects = inquire(system.pipeline, Position(3, 0), asks(), waited_s=6.0, late_after_s=5.0)

    (send,) = effects.sends
    assert isinstance(send.event, InquiryAnswer)
    assert (effects.counted, send.topic, send.partition) == ("late", "inquiry-answers", 3)
    assert send.event.outcome == "too_late" and send.event.slate is None
    assert send.event.reason is not None and "stream.inquiry_late_s" in send.event.reason


def test_one_over_the_limit_is_told_when_to_ask_again() -> None:
    effects = over_limit(asks(), Position(0, 0), share=0.1, wait_s=2.5)

    (send,) = effects.sends
    assert isinstance(send.event, InquiryAnswer)
    assert (send.event.outcome, send.event.retry_after_s) == ("over_limit", 2.5)
    assert send.event.reason is not None and "ask again in 2.5 s" in send.event.reason
