"""What a user was shown: bounded, each event once, in whichever order they come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cherryrec.exposures import (
    MAX_ARTICLES,
    MAX_CATEGORIES,
    Exposures,
    Keys,
    note_clicked,
    note_labelled,
    note_shown,
)


def keys(*values: int) -> Keys:
    return np.array(values, np.uint32)


def articles_of(exposures: Exposures) -> dict[int, tuple[int, int, int]]:
    """Key → last exposure, exposures, clicks."""
    return {key: tuple(rest) for key, *rest in exposures.article_records().tolist()}


def categories_of(exposures: Exposures) -> dict[int, tuple[float, float]]:
    return {key: (c, e) for key, c, e in exposures.category_records().tolist()}


Event = tuple[float, list[int]]  # when, and the keys shown

impressions = st.lists(
    st.tuples(
        st.floats(1.0, 1_000.0),
        st.lists(st.integers(1, 12), min_size=1, max_size=5, unique=True),
    ),
    max_size=12,
)


@settings(deadline=None)
@given(impressions, st.randoms(use_true_random=False))
def test_exposures_are_counted_in_any_order(events: list[Event], random: object) -> None:
    times: Counter[int] = Counter(key for _, shown in events for key in shown)
    last = {key: int(max(t for t, shown in events if key in shown)) for key in times}
    random.shuffle(events)  # type: ignore[attr-defined]

    exposures = Exposures()
    for offset, (time_s, shown) in enumerate(events):
        exposures = note_shown(exposures, keys(*shown), time_s, offset=offset)

    assert articles_of(exposures) == {key: (last[key], times[key], 0) for key in times}
    assert exposures.n_slates == len(events)
    assert exposures.newest_s == max((t for t, _ in events), default=0.0)


@settings(deadline=None)
@given(impressions, st.integers(0, 12), st.integers(0, 12))
def test_what_is_read_again_after_a_crash_counts_once(
    events: list[Event], crashed: int, restart: int
) -> None:
    """An article pushed out by the bound was once counted as new when it was read again."""

    def counted(offsets: Iterable[int]) -> Exposures:
        exposures = Exposures()
        for offset in offsets:
            time_s, shown = events[offset]
            exposures = note_shown(exposures, keys(*shown), time_s, offset=offset)
            exposures = note_clicked(exposures, shown[0], time_s)
        return exposures

    crashed = min(crashed, len(events))
    again = [*range(crashed), *range(min(restart, crashed), len(events))]

    assert counted(again) == counted(range(len(events)))


def test_two_slates_of_one_second_count_twice() -> None:
    exposures = note_shown(Exposures(), keys(7), 60.25, offset=0)
    exposures = note_shown(exposures, keys(7), 60.5, offset=1)

    assert articles_of(exposures) == {7: (60, 2, 0)}


def test_a_late_impression_counts_and_is_not_the_newest() -> None:
    exposures = note_shown(Exposures(), keys(7, 8), 600.0, offset=0)
    exposures = note_shown(exposures, keys(8, 9), 60.0, offset=1)

    assert articles_of(exposures) == {7: (600, 1, 0), 8: (600, 2, 0), 9: (60, 1, 0)}
    assert (exposures.n_slates, exposures.newest_s) == (2, 600.0)


def test_the_articles_longest_not_shown_leave() -> None:
    exposures = Exposures()
    for k in range(300):
        exposures = note_shown(exposures, keys(k, 1_000), float(k), offset=k)
        assert len(exposures.article_records()) <= MAX_ARTICLES

    kept = set(articles_of(exposures))
    assert kept == {*range(300 - MAX_ARTICLES + 1, 300), 1_000}
    assert len(exposures.articles) == 12 * MAX_ARTICLES


def test_a_slate_longer_than_the_bound_is_cut() -> None:
    exposures = note_shown(Exposures(), np.arange(1, 500, dtype=np.uint32), 5.0, offset=0)

    assert sorted(articles_of(exposures)) == list(range(1, MAX_ARTICLES + 1))


def test_counts_stop_before_they_overflow() -> None:
    records = note_shown(Exposures(), keys(7), 1.0, offset=0).article_records().copy()
    records["times"] = 60_000
    full = Exposures(articles=records.tobytes())

    full = note_shown(full, keys(7), 2.0, offset=1)

    assert articles_of(full) == {7: (2, 60_000, 0)}


def test_a_click_is_noted_where_the_article_was_shown_before_it() -> None:
    shown = note_shown(Exposures(), keys(7, 8), 60.0, offset=0)

    clicked = note_clicked(note_clicked(shown, 8, 61.0), 8, 62.0)

    assert articles_of(clicked) == {7: (60, 1, 0), 8: (60, 1, 1)}
    for key, time_s in ((99, 61.0), (None, 61.0), (7, 59.0)):
        assert note_clicked(shown, key, time_s) is shown


def test_a_click_that_is_read_before_its_impression_is_noted_with_it() -> None:
    shown = note_shown(Exposures(), keys(7, 8), 60.0, offset=0, clicked=keys(7))
    assert articles_of(shown) == {7: (60, 1, 1), 8: (60, 1, 0)}

    twice = note_shown(shown, keys(7, 8), 90.0, offset=1, clicked=keys(8))
    assert articles_of(twice) == {7: (90, 2, 1), 8: (90, 2, 1)}
    assert note_clicked(twice, 8, 95.0) is twice


labelled_slates = st.lists(
    st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=1, max_size=6), max_size=10
)


@given(labelled_slates)
def test_categories_are_clicked_against_chance(slates: list[list[tuple[int, bool]]]) -> None:
    exposures = Exposures()
    clicks: Counter[int] = Counter()
    expected: Counter[int] = Counter()
    for slate in slates:
        codes, labels = [c for c, _ in slate], np.array([label for _, label in slate])
        exposures = note_labelled(exposures, keys(*codes), labels)
        for code, label in slate:
            clicks[code] += label
            expected[code] += labels.sum() / len(labels)

    got = categories_of(exposures)
    assert {k: c for k, (c, _) in got.items()} == {k: clicks[k] for k in clicks if k}
    for key, (_, share) in got.items():
        assert share == pytest.approx(expected[key], abs=1e-5)


@given(labelled_slates, st.data())
def test_labels_taken_back_leave_what_was_before(
    slates: list[list[tuple[int, bool]]], data: st.DataObject
) -> None:
    before = Exposures()
    for slate in slates:
        before = note_labelled(
            before, keys(*(c for c, _ in slate)), np.array([x for _, x in slate])
        )
    codes = keys(*data.draw(st.lists(st.integers(1, 5), min_size=1, max_size=4)))
    labels = np.ones(len(codes), np.bool_)

    after = note_labelled(note_labelled(before, codes, labels), codes, labels, sign=-1.0)

    wanted, got = categories_of(before), categories_of(after)
    for key in got:
        assert got[key] == pytest.approx(wanted.get(key, (0.0, 0.0)), abs=1e-5)


def test_the_categories_longest_not_labelled_leave() -> None:
    exposures = Exposures()
    for k in range(1, 101):
        exposures = note_labelled(exposures, keys(k), np.array([True]))

    assert list(categories_of(exposures)) == list(range(101 - MAX_CATEGORIES, 101))
    assert len(exposures.categories) == 12 * MAX_CATEGORIES
