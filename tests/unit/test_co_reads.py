"""Pairs of articles that the same readers clicked: weights by hand, fading, bounds, repeats."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cherryrec.co_reads import CoReads, CoReadsConfig
from cherryrec.errors import ConfigError

DAY_S = 86_400.0


def after(pairs: CoReads, *reads: str, now: float = 0.0) -> dict[str, tuple[float, float]]:
    return {name: (common, rare) for name, common, rare in pairs.after(reads, now)}


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

    assert (later, before) == (pytest.approx(now / 2), pytest.approx(now))


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

    assert pairs.after([], 0.0) == []
    assert pairs.after(["x"], 0.0) == []


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=120))
def test_whatever_comes_the_bounds_hold_and_sums_are_real(clicks: list[tuple[int, int]]) -> None:
    pairs = CoReads(CoReadsConfig(max_articles=8, max_pairs=3, recent_clicks=16))
    for event, (read, article) in enumerate(clicks):
        pairs.add(event, f"a{article}", [f"a{read}"], time_s=float(event))

    for name in range(31):
        found = pairs.after([f"a{name}"], float(len(clicks)))
        assert len(found) <= 3
        assert all(0.0 < common <= 1.0 and rare > 0.0 for _, common, rare in found)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"max_articles": 1}, "max_articles must be at least 2"),
        ({"max_pairs": 0}, "max_pairs must be above 0"),
        ({"n_reads": 0}, "n_reads must be above 0"),
        ({"half_life_s": 0.0}, "half_life_s must be above 0"),
        ({"recent_clicks": 0}, "recent_clicks must be above 0"),
    ],
)
def test_settings_without_room_are_refused(wrong: dict[str, float], reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        CoReadsConfig(**wrong)  # type: ignore[arg-type]
