"""Decayed counters against the direct sum, in any order, across every move of the landmark."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from cherryrec.attention import DAY_S, AttentionConfig, DecayedCounters
from cherryrec.errors import ConfigError
from tests.worlds import HALF_LIVES_S, START_S

TIMES = st.lists(st.floats(0.0, 9 * DAY_S), min_size=1, max_size=40)
HALF_LIVES = np.array(HALF_LIVES_S)
ROW = np.array([0])


def view(counters: DecayedCounters, rows: NDArray[np.intp], time_s: float) -> None:
    counters.add(rows, np.zeros(len(rows), int), [time_s], is_click=False)


def click(counters: DecayedCounters, rows: NDArray[np.intp], time_s: float) -> None:
    counters.add(rows, np.zeros(len(rows), int), [time_s], is_click=True)


def direct(times: list[float], now: float) -> NDArray[np.float64]:
    """The definition: each event counts 2^-(age / half-life)."""
    ages = now - np.array(times)[:, None]
    return np.asarray(np.exp2(-ages / HALF_LIVES).sum(axis=0))


@given(TIMES, st.randoms(use_true_random=False))
def test_views_equal_the_direct_sum_in_any_order(times: list[float], random: object) -> None:
    times = [START_S + t for t in times]
    random.shuffle(times)  # type: ignore[attr-defined]
    counters = DecayedCounters(HALF_LIVES_S, 1)

    for time in times:
        view(counters, ROW, time)

    now = max(times) + 60.0
    np.testing.assert_allclose(counters.views(ROW, now)[0], direct(times, now), rtol=1e-9)
    assert counters.totals(ROW)[0].tolist() == [len(times), 0, 0]
    assert counters.first_shown[0] == min(times)


@given(TIMES)
def test_clicks_equal_the_direct_sum(times: list[float]) -> None:
    times = [START_S + t for t in times]
    counters = DecayedCounters(HALF_LIVES_S, 1)

    for time in times:
        click(counters, ROW, time)

    now = max(times)
    np.testing.assert_allclose(counters.clicks(ROW, now)[0], direct(times, now), rtol=1e-9)
    assert not counters.views(ROW, now).any()


@given(TIMES, st.randoms(use_true_random=False), st.floats(-DAY_S, 9 * DAY_S))
def test_ages_at_click_are_summed_to_the_second_in_any_order(
    times: list[float], random: object, born: float
) -> None:
    shuffled = list(times)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    counters, other = DecayedCounters(HALF_LIVES_S, 1), DecayedCounters(HALF_LIVES_S, 1)

    for time, otherwise in zip(times, shuffled, strict=True):
        click(counters, ROW, START_S + time)
        click(other, ROW, START_S + otherwise)
    for both in (counters, other):
        both.rebase(START_S + 12 * DAY_S)

    ages = counters.click_ages(ROW, np.array([START_S + born]))
    wanted = sum(np.floor(START_S + time) - (START_S + born) for time in times)
    assert ages[0] == pytest.approx(max(wanted, 0.0), abs=1e-3)
    assert counters.sums[:, -4:].tobytes() == other.sums[:, -4:].tobytes()


def test_an_unknown_birth_is_no_age() -> None:
    counters = DecayedCounters(HALF_LIVES_S, 2)
    click(counters, ROW, START_S)

    ages = counters.click_ages(np.array([0, 0, 1]), np.array([np.nan, START_S + 60, START_S]))

    assert np.isnan(ages[0])
    assert ages[1:].tolist() == [0.0, 0.0]  # clicked before it was born; never clicked


@given(TIMES)
def test_events_added_at_once_leave_the_bits_of_events_added_one_by_one(times: list[float]) -> None:
    together, single = DecayedCounters(HALF_LIVES_S, 2), DecayedCounters(HALF_LIVES_S, 2)
    events = np.repeat(np.arange(len(times)), 2)

    for is_click in (False, True):
        together.add(np.tile([0, 1], len(times)), events, times, is_click=is_click)
        for time in times:
            single.add(np.array([0, 1]), np.zeros(2, int), [time], is_click=is_click)

    assert together.sums.tobytes() == single.sums.tobytes()
    assert together.first_shown.tobytes() == single.first_shown.tobytes()


@given(TIMES)
def test_groups_count_as_their_members_do(times: list[float]) -> None:
    """A group read before the landmark moved was once written back undecayed."""
    groups, single = DecayedCounters(HALF_LIVES_S, 3), DecayedCounters(HALF_LIVES_S, 3)

    for time in sorted(times):
        codes, event = np.array([1, 2, 1]), np.zeros(3, int)
        groups.add_to_groups(codes, event, [START_S + time], is_click=False)
        for row in (1, 2, 1):
            view(single, np.array([row]), START_S + time)
        groups.add_to_groups(codes, event, [START_S + time], is_click=True)
        for row in (1, 2, 1):
            click(single, np.array([row]), START_S + time)

    assert groups.landmark == single.landmark
    np.testing.assert_allclose(groups.sums, single.sums, rtol=1e-12)


@given(TIMES, st.randoms(use_true_random=False))
def test_groups_count_several_events_at_once(times: list[float], random: Random) -> None:
    together, single = DecayedCounters(HALF_LIVES_S, 4), DecayedCounters(HALF_LIVES_S, 4)
    named = [[random.randrange(4) for _ in range(random.randrange(1, 6))] for _ in times]
    events = np.repeat(np.arange(len(times)), [len(codes) for codes in named])

    for is_click in (False, True):
        together.add_to_groups(np.concatenate(named), events, times, is_click=is_click)
        for codes, time in zip(named, times, strict=True):
            event = np.zeros(len(codes), int)
            single.add_to_groups(np.array(codes), event, [time], is_click=is_click)

    np.testing.assert_allclose(together.sums, single.sums, rtol=1e-12)


@pytest.mark.parametrize("halvings", [1074.5, 1030.0, 500.5, 499.5])
def test_an_event_of_long_ago_counts_the_same_before_and_after_the_landmark_moved(
    halvings: float,
) -> None:
    """Moving by 1,152 halvings at once gave 0 where an event read after the move gave 5e-324."""
    moved, read_after = DecayedCounters(HALF_LIVES_S, 2), DecayedCounters(HALF_LIVES_S, 2)
    old_s = START_S + 8 * DAY_S - halvings * HALF_LIVES_S[0]
    now_s = START_S + 8 * DAY_S

    moved.rebase(START_S)
    for time_s, row in ((old_s, 0), (now_s, 1)):
        moved.add_to_groups(np.array([row]), np.zeros(1, int), [time_s], is_click=False)
    for time_s, row in ((now_s, 1), (old_s, 0)):
        read_after.add_to_groups(np.array([row]), np.zeros(1, int), [time_s], is_click=False)

    assert moved.landmark == read_after.landmark
    assert moved.sums.tobytes() == read_after.sums.tobytes()
    assert (moved.sums[0, 0] == 0.0) == (halvings > 500)


def test_nothing_is_denormal_however_long_ago() -> None:
    """Where a thread flushes denormals to zero, and where it does not, there is none."""
    smallest = np.finfo(float).smallest_normal
    counters = DecayedCounters(HALF_LIVES_S, 2)
    rows, event = np.array([0, 1, 1]), np.zeros(3, int)

    for hour in range(24 * 14):
        time_s = START_S + 3600.0 * hour
        if hour % 24 == 0:
            counters.add_to_groups(rows, event, [START_S], is_click=False)  # late, and later still
            counters.add_to_groups(rows, event, [START_S + 1.0], is_click=True)
        counters.rebase(time_s)
        for read in (
            counters.sums,
            counters.views(rows, time_s),
            counters.clicks(rows, time_s + 30 * DAY_S),
            counters.shifted(counters.sums, counters.landmark, time_s + 90 * DAY_S),
        ):
            assert ((read == 0.0) | (np.abs(read) >= smallest)).all()

    assert (counters.sums[:, 0] == 0.0).all()
    assert (counters.sums[:, 3] > 0.0).all()


def test_what_is_read_long_before_and_long_after_is_finite() -> None:
    counters = DecayedCounters(HALF_LIVES_S, 1)
    view(counters, ROW, START_S)

    for days in (-400, -8, 8, 400):
        assert np.isfinite(counters.views(ROW, START_S + days * DAY_S)).all()


@given(st.floats(0.0, 1.9 * DAY_S), st.integers(0, 4))
def test_a_landmark_moved_before_or_after_an_event_leaves_the_same_bits(
    time: float, days: int
) -> None:
    before, after = DecayedCounters(HALF_LIVES_S, 1), DecayedCounters(HALF_LIVES_S, 1)
    before.rebase(START_S)
    view(before, ROW, START_S + time)
    before.rebase(START_S + days * DAY_S)
    after.rebase(START_S)
    after.rebase(START_S + days * DAY_S)

    view(after, ROW, START_S + time)

    assert before.landmark == after.landmark
    assert before.sums.tobytes() == after.sums.tobytes()


def test_shifting_there_and_back_is_exact() -> None:
    counters = DecayedCounters(HALF_LIVES_S)
    rng = np.random.default_rng(0)
    decayed, counted = rng.random((5, 2 * len(HALF_LIVES_S))), rng.integers(0, 99, (5, 4))
    sums = np.column_stack([decayed, counted.astype(float)])

    there = counters.shifted(sums, START_S, START_S + 2 * DAY_S)
    back = counters.shifted(there, START_S + 2 * DAY_S, START_S)

    assert back.tobytes() == sums.tobytes()
    assert (there[:, -4:-1] == sums[:, -4:-1]).all()
    assert (there[:, -1] == sums[:, -1] - 2 * DAY_S * sums[:, -3]).all()


def test_a_landmark_never_goes_back() -> None:
    counters = DecayedCounters(HALF_LIVES_S, 1)
    view(counters, ROW, START_S + 3 * DAY_S)
    landmark = counters.landmark

    view(counters, ROW, START_S - 30 * DAY_S)

    assert counters.landmark == landmark
    assert counters.views(ROW, START_S + 3 * DAY_S)[0].tolist() == pytest.approx(
        [1.0, 1.0, 1.0, 1.0], abs=1e-8
    )


def test_growing_keeps_what_was_counted_and_clearing_forgets_it() -> None:
    counters = DecayedCounters(HALF_LIVES_S, 1)
    view(counters, ROW, START_S)
    counters.add_readers(ROW)

    counters.grow(3)
    assert counters.totals(slice(0, 3)).tolist() == [[1, 0, 1], [0, 0, 0], [0, 0, 0]]
    assert np.isnan(counters.first_shown[1:]).all()

    counters.clear(0)
    assert not counters.sums.any()
    assert np.isnan(counters.first_shown).all()


def test_readers_count_by_group() -> None:
    counters = DecayedCounters(HALF_LIVES_S, 3)

    counters.add_readers_to_groups(np.array([2, 0, 2]))

    assert counters.totals(slice(None))[:, 2].tolist() == [1, 0, 2]


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"half_lives_s": ()}, "must rise"),
        ({"half_lives_s": (3_600.0, 600.0)}, "must rise"),
        ({"half_lives_s": (600.0, 600.0)}, "must rise"),
        ({"half_lives_s": (60.0,)}, "at least 600, got 60.0"),
        ({"half_lives_s": (7_000.0,)}, "must divide a day"),
        ({"n_buckets": 12}, "power of two, got 12"),
        ({"n_buckets": 0}, "power of two, got 0"),
        ({"recent_ids": 0}, "at least 1, got 0"),
    ],
)
def test_settings_that_cannot_count_are_refused(wrong: dict[str, object], reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        AttentionConfig(**wrong)  # type: ignore[arg-type]


ANY_TIMES = st.lists(st.floats(START_S - 1e9, START_S + 1e9), min_size=1, max_size=20)


@given(ANY_TIMES, st.floats(START_S - 2e9, START_S + 2e9))
def test_sums_are_finite_as_of_any_time_and_no_event_counts_more_than_once_after_it(
    times: list[float], now: float
) -> None:
    counters = DecayedCounters(HALF_LIVES_S, 1)
    for time in times:
        view(counters, ROW, time)
        click(counters, ROW, time)

    for values in (counters.views(ROW, now), counters.clicks(ROW, now), counters.decay(now)):
        assert np.isfinite(values).all()
    assert (counters.decay(now) <= 1.0).all()
    if now >= max(times):
        views, wanted = counters.views(ROW, now)[0], direct(times, now)
        np.testing.assert_allclose(views, wanted, rtol=1e-9, atol=1e-60)  # nothing decays further
        assert (counters.views(ROW, now) <= len(times) * (1 + 1e-9)).all()
