"""Protocol D: policies learn from their matches alone, and a log without a draw is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cherryrec.errors import LogError
from cherryrec.evaluation.generate import DisplayWorld
from cherryrec.evaluation.logs import LoggedDisplay, LogSource
from cherryrec.evaluation.random_logs import (
    NewestPolicy,
    OurPolicy,
    Policy,
    PopularPolicy,
    Question,
    RandomPolicy,
    Results,
    Uniformity,
    displays_of,
    judge,
    results_of,
)
from cherryrec.evaluation.random_logs.tables import page, table, values
from tests.logs import WRITERS

NO_DISPLAYS = sorted(set(WRITERS) - {"r6a", "r6b"})
DISPLAYS = DisplayWorld(seed=7, n_displays=120).displays()


def results(displays: list[LoggedDisplay], *policies: Policy, anyway: bool = False) -> Results:
    judged = judge(displays, policies or [NewestPolicy()])
    return results_of(judged, log_name="log", command="c", seed=0, anyway=anyway)


class Recorder:
    """Chooses the first of the pool, and keeps what it is told."""

    name = "recorder"

    def __init__(self) -> None:
        self.told: list[tuple[str, str, bool]] = []

    def choose(self, question: Question) -> str:
        return question.pool[0]

    def learn(self, question: Question, chosen: str, *, is_clicked: bool) -> None:
        self.told.append((question.display_id, chosen, is_clicked))


def test_a_policy_is_told_of_its_matches_alone() -> None:
    policy = Recorder()

    judge(DISPLAYS, [policy])

    matched = [one for one in DISPLAYS if one.displayed == one.pool[0]]
    assert 0 < len(matched) < len(DISPLAYS)
    assert policy.told == [(one.display_id, one.displayed, one.is_clicked) for one in matched]


@pytest.mark.slow
@pytest.mark.parametrize("make", [OurPolicy, NewestPolicy, PopularPolicy, RandomPolicy])
def test_clicks_that_a_policy_did_not_earn_change_none_of_its_choices(
    make: type[Policy],
) -> None:
    def choices(displays: list[LoggedDisplay]) -> list[str]:
        policy, found = make(), []
        for display in displays:
            question = Question.of(display)
            found.append(policy.choose(question))
            if found[-1] == display.displayed:
                policy.learn(question, found[-1], is_clicked=display.is_clicked)
        return found

    chosen = choices(DISPLAYS)
    others = [
        replace(one, is_clicked=not one.is_clicked) if one.displayed != choice else one
        for one, choice in zip(DISPLAYS, chosen, strict=True)
    ]

    assert choices(others) == chosen
    assert all(choice in one.pool for one, choice in zip(DISPLAYS, chosen, strict=True))


def test_our_policy_keeps_no_reader() -> None:
    policy = OurPolicy()

    judge(DISPLAYS, [policy])

    last = {DISPLAYS[-1].display_id}
    assert {user for _, user in policy.system.profiles.values} <= last
    assert len(policy.system.requests.values) <= 2  # of the last: its record, and what is frozen


@pytest.mark.slow
def test_our_policy_learns_what_is_clicked() -> None:
    policy, pool = OurPolicy(), ("a", "b", "c", "d")
    for n in range(200):
        question = Question(f"d{n}", 1.2e9 + 60.0 * n, pool)
        chosen = policy.choose(question)
        policy.learn(question, chosen, is_clicked=chosen == "c")

    last = [policy.choose(Question(f"l{n}", 1.2e9 + 60.0 * (200 + n), pool)) for n in range(5)]

    assert last == ["c"] * 5


@pytest.mark.parametrize("name", NO_DISPLAYS)
def test_a_log_without_propensities_is_refused(tmp_path: Path, name: str) -> None:
    log = LogSource(WRITERS[name](tmp_path / "log").path).open()

    with pytest.raises(LogError, match=r"the chance with which each article was displayed.*no "):
        displays_of(log)


def test_pools_of_one_article_are_refused() -> None:
    ones = [LoggedDisplay(str(n), 60.0 * n, ("a",), "a", False, ()) for n in range(50)]

    with pytest.raises(LogError, match=r"two articles or more, got 50 displays with one each"):
        results(ones)


def test_a_log_that_was_not_drawn_uniformly_is_refused() -> None:
    ranked = [
        LoggedDisplay(str(n), 60.0 * n, ("a", "b"), "b" if n % 4 == 0 else "a", n % 5 == 0, ())
        for n in range(400)
    ]

    with pytest.raises(LogError, match=r"'a' displayed 300 times where 200 are expected, 10\.0"):
        results(ranked)
    assert results(ranked, anyway=True).n_displays == 400


def test_a_log_drawn_uniformly_is_taken() -> None:
    counts = Uniformity()
    for display in DisplayWorld(seed=8, n_displays=4_000).displays():
        counts.add(display)

    counts.require()

    assert 0.0 < counts.deviation < 6.0


def test_a_log_with_too_few_matches_is_refused() -> None:
    with pytest.raises(LogError, match=r"match at least 10 displays for an interval, got at most"):
        results(DISPLAYS[:12])


def test_the_table_says_what_is_known() -> None:
    found = results(DISPLAYS, NewestPolicy(), RandomPolicy())

    text, markdown, numbers = table(found), page(found), values(found)

    assert "120 displays of" in text
    assert [line.split("|")[1].strip() for line in markdown.splitlines() if line[:3] == "| n"] == [
        "newest"
    ]
    assert numbers["protocol"] == "D"
    assert numbers["policies"]["random"]["SNIPS"]["mean"] == found.rows[1].estimates[2].rate.mean
    assert any("replay weighs small ones more" in note for note in found.notes)
