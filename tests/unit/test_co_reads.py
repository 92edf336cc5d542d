"""Pairs of articles that the same readers clicked: weights by hand, fading, bounds, repeats."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cherryrec.co_reads import CoReads, CoReadsConfig
from cherryrec.errors import ConfigError

DAY_S = 86_400.0


def after(pairs: CoReads, *reads: str, now: float = 0.0) -> dict[str, tuple[float, float]]:
    slots, common, rare = pairs.after(reads, now)
    return dict(
        zip(pairs.names(slots), zip(common.tolist(), rare.tolist(), strict=True), strict=True)
    )


def right_after(pairs: CoReads, read: str, now: float) -> dict[str, float]:
    slots, lifts = pairs.right_after(read, now)
    return dict(zip(pairs.names(slots), lifts.tolist(), strict=True))


def lately(pairs: CoReads, now: float, *, begins_session: bool) -> dict[str, float]:
    slots, counts = pairs.lately(now, begins_session=begins_session)
    return dict(zip(pairs.names(slots), counts.tolist(), strict=True))


def test_a_pair_is_worth_less_the_longer_ago_its_first_was_read() -> None:
    pairs = CoReads()
    pairs.add(1, "c", ["b", "a"], time_s=0.0)

    found = after(pairs, "b")
    assert found["c"] == pytest.approx((1.0 / 5.0, 1.0 / (5.0 * 6.0) ** 0.5))
    assert after(pairs, "a")["c"][0] == pytest.approx(0.5 / 5.0)


def test_the_way_back_is_worth_half() -> None:
    pairs = CoReads()
    pairs.add(1, "b", ["a"], time_s=0.0)

    assert after(pairs, "b")["a"][0] == pytest.approx(0.5 / 6.0)  # "b" was clicked once


def test_reads_add_up_by_their_place() -> None:
    pairs = CoReads()
    pairs.add(1, "c", ["a"], time_s=0.0)
    pairs.add(2, "c", ["b"], time_s=0.0)

    both = after(pairs, "a", "b")["c"][0]

    assert both == pytest.approx(after(pairs, "a")["c"][0] + after(pairs, "b")["c"][0] / 2)


def test_pairs_fade_and_never_grow_back() -> None:
    pairs = CoReads(CoReadsConfig(half_life_s=DAY_S))
    pairs.add(1, "b", ["a"], time_s=DAY_S)

    now, later, before = (after(pairs, "a", now=k * DAY_S)["b"][0] for k in (1.0, 2.0, 0.0))

    assert later == pytest.approx(now / 2)
    assert before == pytest.approx(now)


def test_a_click_that_comes_again_is_counted_once() -> None:
    pairs = CoReads()

    assert pairs.add(7, "b", ["a"], time_s=0.0)
    once = after(pairs, "a")
    assert not pairs.add(7, "b", ["a"], time_s=0.0)
    assert after(pairs, "a") == once


def test_of_more_pairs_than_there_is_room_for_the_lightest_leaves() -> None:
    pairs = CoReads(CoReadsConfig(max_pairs=2))
    for event, name in enumerate(("b", "b", "c", "c", "d")):
        pairs.add(event, name, ["a"], time_s=0.0)

    assert set(after(pairs, "a")) == {"b", "c"}, "one click does not drive out two"


def test_the_article_longest_idle_leaves_with_all_its_pairs() -> None:
    pairs = CoReads(CoReadsConfig(max_articles=3))
    pairs.add(1, "b", ["a"], time_s=0.0)
    pairs.add(2, "c", ["b"], time_s=1.0)
    pairs.add(3, "d", ["c"], time_s=2.0)  # "a" makes room

    assert after(pairs, "a") == {}
    assert set(after(pairs, "b")) == {"c"}, "its pair with what has left is gone too"


def test_who_read_nothing_known_is_told_nothing() -> None:
    pairs = CoReads()
    pairs.add(1, "b", ["a"], time_s=0.0)

    assert after(pairs) == {}
    assert after(pairs, "x") == {}


def test_what_is_read_right_after_is_told_against_what_everybody_reads() -> None:
    pairs = CoReads(CoReadsConfig(next_half_life_s=100.0, session_half_life_s=1e9))
    pairs.add(1, "b", ["a"], time_s=0.0)
    pairs.add(2, "c", ["a"], time_s=100.0)
    pairs.add(3, "b", ["d", "a"], time_s=100.0)
    pairs.add(4, "e", ["a"], time_s=100.0, begins_session=True)

    found = right_after(pairs, "a", 100.0)

    assert found["b"] == pytest.approx(0.5 / (10 * 2 / 3 + 0.001), rel=1e-6), "half of it faded"
    assert found["c"] == pytest.approx(1.0 / (10 * 1 / 3 + 0.001), rel=1e-6)
    assert set(found) == {"b", "c"}, "what begins a session follows on nothing"
    assert right_after(pairs, "b", 100.0) == {}, "there is no way back"
    assert right_after(pairs, "x", 100.0) == {}


def test_clicks_that_begin_a_session_are_counted_apart_and_fade() -> None:
    pairs = CoReads(CoReadsConfig(session_half_life_s=60.0))
    pairs.add(1, "a", [], time_s=0.0)
    pairs.add(2, "b", ["a"], time_s=0.0)
    pairs.add(3, "a", ["b"], time_s=60.0, begins_session=True)

    assert lately(pairs, 60.0, begins_session=True) == pytest.approx({"a": 1.5})
    assert lately(pairs, 60.0, begins_session=False) == pytest.approx({"b": 0.5})
    assert lately(pairs, 0.0, begins_session=False) == {"b": 0.5}, "nothing grows back"
    assert lately(pairs, 3_600.0, begins_session=True) == {}, "what is hardly left is nothing"


def test_an_article_that_makes_room_takes_its_sessions_with_it() -> None:
    pairs = CoReads(CoReadsConfig(max_articles=2))
    pairs.add(1, "b", ["a"], time_s=0.0)
    pairs.add(2, "c", [], time_s=1.0)  # "a" makes room

    assert right_after(pairs, "a", 1.0) == {}
    assert set(lately(pairs, 1.0, begins_session=True)) == {"c"}
    assert right_after(pairs, "c", 1.0) == {}


def test_rows_of_the_catalogue_are_looked_up_again_where_they_changed() -> None:
    pairs = CoReads(CoReadsConfig(max_articles=2))
    pairs.add(1, "b", ["a"], time_s=0.0)
    slots_of_both = np.array([0, 1], np.int32)  # "b" was clicked, its slot comes first
    rows_of = {"a": 1, "b": 0}
    hashes = np.array([20, 10, 30], np.uint64)

    assert pairs.names(slots_of_both) == ["b", "a"]
    assert pairs.rows(slots_of_both, rows_of.get, hashes).tolist() == [0, 1]

    hashes[0], hashes[2] = 40, 20  # "b" has moved
    assert pairs.rows(slots_of_both, {"a": 1, "b": 2}.get, hashes).tolist() == [2, 1]
    hashes[1] = 50  # "a" has left
    assert pairs.rows(slots_of_both, {"b": 2}.get, hashes).tolist() == [2, -1]

    pairs.add(2, "c", ["b"], time_s=1.0)  # in the place of "b", which takes that of "a"
    assert pairs.names(slots_of_both) == ["c", "b"]
    assert pairs.rows(slots_of_both, {"b": 2, "c": 1}.get, hashes).tolist() == [1, 2]


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=120))
@example([(1, 0)] * 6)  # clicks after a read that was never a click here: 6 / (0 + 5)
def test_whatever_comes_the_bounds_hold_and_sums_are_real(clicks: list[tuple[int, int]]) -> None:
    pairs = CoReads(CoReadsConfig(max_articles=8, max_pairs=3, recent_clicks=16))
    for event, (read, article) in enumerate(clicks):
        pairs.add(event, f"a{article}", [f"a{read}"], time_s=float(event))

    for name in range(31):
        found = after(pairs, f"a{name}", now=float(len(clicks)))
        assert len(found) <= 3
        for other, (common, rare) in found.items():
            there = clicks.count((name, int(other[1:])))
            back = clicks.count((int(other[1:]), name))
            assert 0.0 < common <= (there + 0.5 * back) / 5.0 + 1e-6
            assert 0.0 < rare <= common * np.sqrt((len(clicks) + 5.0) / 5.0) + 1e-6
        following = right_after(pairs, f"a{name}", float(len(clicks)))
        assert len(following) <= 3
        assert all(0.0 < lift < np.inf for lift in following.values())
    for begins_session in (False, True):
        assert len(lately(pairs, float(len(clicks)), begins_session=begins_session)) <= 8


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"max_articles": 1}, "max_articles must be at least 2"),
        ({"max_pairs": 0}, "max_pairs must be above 0"),
        ({"n_reads": 0}, "n_reads must be above 0"),
        ({"half_life_s": 0.0}, "half_life_s must be above 0"),
        ({"next_half_life_s": 0.0}, "next_half_life_s must be above 0"),
        ({"session_half_life_s": -1.0}, "session_half_life_s must be above 0"),
        ({"session_gap_s": 0.0}, "session_gap_s must be above 0"),
        ({"recent_clicks": 0}, "recent_clicks must be above 0"),
    ],
)
def test_settings_without_room_are_refused(wrong: dict[str, float], reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        CoReadsConfig(**wrong)  # type: ignore[arg-type]
