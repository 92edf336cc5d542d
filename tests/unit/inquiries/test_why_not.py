"""Why not: each fate, with its numbers, and none that serving contradicts."""

from __future__ import annotations

import math
import random

import pytest

from cherryrec.catalogue import CatalogueConfig
from cherryrec.events import Inquiry, Recommendation, WhyNot, instant, seconds
from cherryrec.knrs import KnrsConfig
from cherryrec.pipeline import PipelineConfig, Position, TrialsConfig
from cherryrec.system import LocalSystem
from tests.unit.inquiries.streams import CONFIG, Run, inquiry_of, steps_of
from tests.worlds import START_S, article, click, impression, request, system_of, update

DAY_S = 86_400.0


def why_not(system: LocalSystem, article_id: str, **fields: object) -> WhyNot:
    inquiry = Inquiry(
        inquiry_id="q",
        user_id="u",
        asked_at=instant(START_S + 600.0),
        kind="why_not",
        article_id=article_id,
        **fields,  # type: ignore[arg-type]
    )
    found = system.ask(inquiry).why_not
    assert found is not None and found.article_id == article_id
    assert found.sentence.endswith(".")
    return found


@pytest.fixture
def system() -> LocalSystem:
    return system_of(8, is_learning=False)


def test_an_article_of_which_nothing_has_come_is_unknown(system: LocalSystem) -> None:
    assert why_not(system, "x").fate == "unknown"
    assert "x" not in system.pipeline.catalogue.row_of


def test_one_that_was_read_before_its_message_came_is_not_published(system: LocalSystem) -> None:
    system.send(click("early", START_S))

    assert why_not(system, "early").fate == "not_published"


def test_an_embargo_has_its_end(system: LocalSystem) -> None:
    until = article(99, published_at=instant(START_S + DAY_S))
    system.send(until, Position(0, 99, START_S))

    found = why_not(system, "a99")

    assert (found.fate, found.at) == ("embargoed", instant(START_S + DAY_S))
    assert found.sentence == "It is under embargo until 2026-01-06T00:00:00+00:00."


def test_an_embargo_that_has_ended_waits_for_what_makes_it_live(system: LocalSystem) -> None:
    system.send(article(99, published_at=instant(START_S + 599.0)), Position(0, 99, START_S))

    found = why_not(system, "a99")
    system.recommend(request("r", START_S + 600.0))

    assert (found.fate, found.at) == ("embargoed", instant(START_S + 599.0))
    assert found.sentence == (
        "Its embargo ended at 2026-01-05T00:09:59+00:00, and the next request or article makes it "
        "live: none has come since."
    )
    assert why_not(system, "a99").fate != "embargoed"


def test_a_retracted_article_is_retracted(system: LocalSystem) -> None:
    system.retract("a3")

    assert why_not(system, "a3").fate == "retracted"


def test_an_old_one_says_since_when_it_is_there() -> None:
    config = PipelineConfig(catalogue=CatalogueConfig(max_age_s=DAY_S))
    system = system_of(2, config=config, is_learning=False)
    system.send(article(9, published_at=instant(START_S - 2 * DAY_S)))

    found = why_not(system, "a9")

    assert (found.fate, found.at) == ("too_old", instant(START_S - 2 * DAY_S))
    assert found.sentence.startswith("It is too old: 2.0 days, and at most 1 day ")


def test_what_is_excluded_or_read_says_by_what(system: LocalSystem) -> None:
    system.send(update("u", START_S, history=("a1",)))
    system.send(click("a2", START_S + 60.0))

    assert why_not(system, "a3", exclude=("a3",)).fate == "excluded"
    assert (why_not(system, "a1").fate, why_not(system, "a1").at) == ("read", None)
    assert why_not(system, "a2").at == instant(START_S + 60.0)


def test_a_read_of_another_history_has_no_time(system: LocalSystem) -> None:
    system.send(click("a2", START_S + 60.0))

    found = why_not(system, "a4", history=("a4",))

    assert (found.fate, found.at) == ("read", None)
    assert found.sentence == "It is in the history that was asked about."
    assert why_not(system, "a2", history=("a4",)).fate == "in_slate"


def test_of_given_candidates_it_is_one_or_not(system: LocalSystem) -> None:
    given = ("a1", "a2", "a3")

    assert why_not(system, "a7", candidates=given).fate == "not_a_candidate"
    assert why_not(system, "a2", candidates=given, exclude=("a2",)).fate == "excluded"
    assert why_not(system, "a2", candidates=given).fate == "in_slate"
    assert why_not(system, "a2", candidates=given).kept is None


def test_one_that_is_not_kept_stands_behind_the_last_that_is() -> None:
    knrs = KnrsConfig(floor=4, quota=0.01, reserved=0.0)
    system = system_of(40, config=PipelineConfig(knrs=knrs), is_learning=False)
    for number in range(4):
        for reader in range(9):
            system.send(click(f"a{number}", START_S + 60.0 + reader, user_id=f"v{reader}"))

    found = why_not(system, "a20", slate_size=2)

    assert found.fate == "not_kept" and found.kept is not None
    assert (found.kept.n, found.kept.n_places, found.n_reserved) == (40, 4, 0)
    assert found.kept.rank > 4 and found.kept.other_id in {"a0", "a1", "a2", "a3"}
    assert found.kept.other_value is not None and found.kept.value < found.kept.other_value
    named = {one.name: one for one in found.kept.compared}
    assert named["clicks_1h"].own == 0.0 < named["clicks_1h"].other
    total = math.fsum(one.difference or 0.0 for one in found.kept.compared)
    assert total == pytest.approx(found.kept.value - found.kept.other_value, abs=0.05)


def test_one_outranked_names_the_biggest_differences(system: LocalSystem) -> None:
    for reader in range(9):
        system.send(click("a1", START_S + 60.0 + reader, user_id=f"v{reader}"))

    found = why_not(system, "a6", slate_size=1)

    assert found.fate == "outranked" and found.ranked is not None
    assert (found.ranked.n_places, found.ranked.other_id) == (1, "a1")
    assert found.ranked.rank > 1 and found.position is None
    gaps = [abs(one.difference or 0.0) for one in found.ranked.compared]
    assert gaps == sorted(gaps, reverse=True)
    total = math.fsum(one.difference or 0.0 for one in found.ranked.compared)
    assert found.ranked.other_value is not None
    assert total == pytest.approx(found.ranked.value - found.ranked.other_value, abs=1e-9)


def test_a_place_on_trial_displaces_another() -> None:
    config = PipelineConfig(trials=TrialsConfig(every=2, views=1.0))
    system = system_of(12, config=config, is_learning=True)
    for number in range(40):
        name, shown = f"i{number}", ["a0", "a1", "a2", "a3"]
        system.send(impression(name, shown, START_S + number, user_id=f"v{number}"))
        system.send(click("a0", START_S + number + 1, user_id=f"v{number}", impression_id=name))
    system.advance(START_S + 500.0)
    system.publish()

    fates = {f"a{number}": why_not(system, f"a{number}", slate_size=2) for number in range(12)}

    tried = [found for found in fates.values() if "on trial" in found.sentence]
    assert {found.fate for found in tried} == {"in_slate", "displaced"}


@pytest.mark.parametrize("seed", [1, 2])
def test_it_is_what_a_request_of_the_same_id_gets(seed: int) -> None:
    run = Run.new()
    rng = random.Random(seed)
    for step in steps_of(seed, 20):
        run.take(step)
    newest_s = run.system.pipeline.catalogue.reached_s

    for number in range(30):
        inquiry = inquiry_of(rng, newest_s, f"q{number}")
        answer = run.ask(inquiry)
        if inquiry.kind == "profile" or inquiry.history is not None or inquiry.without:
            continue
        candidates = inquiry.candidates
        if candidates is not None:  # a request would make rows for what is not known
            candidates = tuple(a for a in candidates if a not in answer.unknown)
        asked = request(
            inquiry.inquiry_id,
            seconds(answer.asked_at),
            user_id=inquiry.user_id,
            candidates=candidates or None,
            slate_size=inquiry.slate_size,
            exclude=inquiry.exclude,
        )
        if inquiry.candidates is not None and not candidates:
            assert answer.slate == ()
            continue
        got = run.system.recommend(asked)
        assert isinstance(got, Recommendation)
        assert (answer.slate, answer.stage) == (got.slate, got.stage)
        if answer.why_not is not None:
            shown = {item.article_id: item.position for item in got.slate}
            assert answer.why_not.position == shown.get(answer.why_not.article_id)
            assert (answer.why_not.fate == "in_slate") == (answer.why_not.article_id in shown)


def test_ranks_agree_with_what_is_kept() -> None:
    """Every live article: those kept for themselves are the first by rank, and no others."""
    knrs = KnrsConfig(floor=10, quota=0.01, reserved=0.2)
    config = PipelineConfig(knrs=knrs, slates=CONFIG.slates)
    system = system_of(30, config=config, is_learning=False)
    for number in range(60):
        system.send(click(f"a{number % 7}", START_S + number, user_id=f"v{number}"))

    found = [why_not(system, f"a{number}", slate_size=4) for number in range(30)]

    kept = [one.kept for one in found]
    assert sorted(one.rank for one in kept if one) == list(range(1, 31))
    (last,) = (one for one in found if one.kept is not None and one.kept.rank == 8)
    assert last.kept is not None
    assert (last.kept.other_id, last.kept.other_value, last.kept.compared) == (None, None, ())
    assert {one.kept.other_id for one in found if one is not last and one.kept} == {last.article_id}
    for one in found:
        assert one.kept is not None
        if one.fate == "not_kept":
            assert one.kept.rank > one.kept.n_places == 8
        elif one.kept.rank > 8:
            assert one.source is not None, "brought by a single source"
    assert sum(one.fate != "not_kept" for one in found) == 10
