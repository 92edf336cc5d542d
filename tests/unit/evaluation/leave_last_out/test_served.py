"""CherryRec under protocol B: what it is sent, when, and what it is asked."""

from __future__ import annotations

import numpy as np
import pytest

from cherryrec.evaluation.leave_last_out import LeaveLastOut, Split, leave_last_out
from cherryrec.evaluation.leave_last_out.served import ServedRanks, ServedSequences
from cherryrec.evaluation.logs import LoggedClick
from cherryrec.evaluation.mind_rows import MindImpression
from cherryrec.pipeline import PipelineConfig
from cherryrec.system import PARTITION

TIME_S = 1.6e9


def of_clicks(*pairs: tuple[str, str]) -> LeaveLastOut:
    """Return the sequences of clicks a minute after one another."""
    return leave_last_out(
        (
            LoggedClick(str(n), user, article, TIME_S + 60.0 * n)
            for n, (user, article) in enumerate(pairs)
        ),
        least=1,
    )


def row(user: str, minute: int, history: str, shown: str, clicked: str) -> MindImpression:
    labels = tuple(a == clicked for a in shown)
    time_s = TIME_S + 60.0 * minute
    return MindImpression(f"{user}{minute}", user, time_s, tuple(history), tuple(shown), labels)


def served(data: LeaveLastOut, split: Split = "test") -> tuple[ServedSequences, ServedRanks]:
    system = ServedSequences(PipelineConfig())
    return system, system.run(data, split)


def read(system: ServedSequences, user: str) -> list[str]:
    profile = system.pipeline.users.profile(PARTITION, user)
    return [past.article_id for past in profile.history]


SHARED = of_clicks(*((user, article) for article in "abcd" for user in "uvw"))


def test_what_is_held_out_is_never_sent() -> None:
    system, _ = served(SHARED)
    assert {user: read(system, user) for user in "uvw"} == {user: ["a", "b", "c"] for user in "uvw"}
    assert system.pipeline.catalogue.row_of.keys() == set("abcd"), "it can be recommended"

    system, _ = served(SHARED, "validation")
    assert read(system, "u") == ["a", "b"]


def test_no_article_is_found_by_its_first_reader_and_else_what_is_left_is_retrieved() -> None:
    _, found = served(SHARED)

    # of four articles three are read: the fourth is what is left; u is the first to open d
    for order in (found.ranked, found.retrieved, found.wide, found.kept):
        assert order.tolist() == [0, 1, 1]
    assert found.n_kept.tolist() == [0, 1, 1]
    assert found.n_live.tolist() == [3, 4, 4]


def test_what_is_offered_later_is_not_live_yet() -> None:
    rows = [
        row("u", 0, "ab", "cx", "c"),
        row("u", 2, "ab", "dx", "d"),
        row("v", 3, "abc", "ex", "e"),
        row("v", 4, "abc", "dx", "d"),
    ]

    data = leave_last_out(rows, least=1)
    _, found = served(data)

    # a and b are of histories alone; d is first offered on the slate that u is asked for
    assert data.articles == tuple("abcde")
    assert found.n_live.tolist() == [3, 5]


def test_a_history_is_imported_and_its_pairs_are_counted() -> None:
    rows = [row(user, n, "abcd", "yz", "y") for n, user in enumerate("stuv")] + [
        row(user, 10 + n, "abcd", "yz", "z") for n, user in enumerate("stuv")
    ]

    system, _ = served(leave_last_out(rows, least=1))

    assert read(system, "s") == ["a", "b", "c", "d", "y"]
    slots, after_a, _ = system.pipeline.co_reads.after(("a",), TIME_S + 1_000.0)
    pairs = dict(zip(system.pipeline.co_reads.names(slots), after_a.tolist(), strict=True))
    assert pairs["b"] > pairs["c"] > pairs["d"] > 0.0, "the nearer the heavier"


def test_who_only_has_a_history_is_asked_at_the_beginning_without_its_last() -> None:
    rows = [row("u", 0, "abcd", "xy", ""), row("v", 1, "abcd", "xy", "")]

    system, found = served(leave_last_out(rows, least=1))

    assert read(system, "u") == ["a", "b", "c"]
    assert found.ranked.tolist() == [1, 1]


@pytest.mark.slow
def test_the_same_run_gives_the_same_ranks() -> None:
    rng = np.random.default_rng(4)
    pairs = [(f"u{rng.integers(9)}", f"a{rng.integers(40)}") for _ in range(300)]
    data = of_clicks(*pairs)

    one, two = served(data)[1], served(data)[1]

    for name in ("ranked", "retrieved", "wide", "kept", "n_kept", "n_live"):
        assert getattr(one, name).tolist() == getattr(two, name).tolist()
    assert one.ranked.max() > 1
    assert ((one.ranked > 0) == (one.retrieved > 0)).all(), "the same twenty in another order"
    assert ((one.kept > 0) | (one.wide == 0)).all(), "what is ranked first of all kept is kept"


def test_progress_counts_clicks_and_requests() -> None:
    done: list[int] = []

    ServedSequences(PipelineConfig()).run(SHARED, "test", progress=done.append)

    assert sum(done) == pytest.approx(12)
