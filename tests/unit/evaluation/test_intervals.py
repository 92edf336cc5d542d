"""Bootstrap intervals against the normal approximation and against their own promise."""

from __future__ import annotations

import math

import numpy as np
import pytest

from cherryrec.evaluation import intervals
from cherryrec.evaluation.intervals import (
    LEAST,
    bootstrap_means,
    mean_interval,
)


def test_the_interval_is_near_the_normal_one() -> None:
    values = np.random.default_rng(0).random(2_000)
    half = 1.96 * values.std() / math.sqrt(values.size)

    mean, low, high = mean_interval(values, n_resamples=20_000)

    assert mean == pytest.approx(values.mean())
    assert low == pytest.approx(mean - half, abs=0.05 * half)
    assert high == pytest.approx(mean + half, abs=0.05 * half)


def test_nineteen_of_twenty_intervals_hold_the_truth() -> None:
    rng = np.random.default_rng(1)
    found = [mean_interval(rng.random(100), seed=i, n_resamples=200) for i in range(200)]

    held = sum(low <= 0.5 <= high for _, low, high in found)

    assert 0.88 <= held / 200 <= 0.99


def test_missing_values_are_left_out_column_by_column() -> None:
    values = np.full((30, 3), math.nan)
    values[:, 0] = np.arange(30.0)
    values[::2, 1] = 5.0

    first, second, third = bootstrap_means(values)

    assert first.mean == 14.5
    assert second == (5.0, 5.0, 5.0)
    assert all(math.isnan(end) for end in third)


@pytest.mark.parametrize("n", [1, LEAST - 1])
def test_few_values_have_a_mean_and_no_interval(n: int) -> None:
    """One impression had an interval of width 0, as if nothing could move it."""
    found = mean_interval([0.7] * n)

    assert found.mean == pytest.approx(0.7)
    assert math.isnan(found.low)
    assert math.isnan(found.high)
    assert not found.excludes_zero


def test_pairing_finds_what_separate_intervals_hide() -> None:
    rng = np.random.default_rng(2)
    theirs = rng.random(500)
    ours = theirs + 0.01 + rng.normal(0, 0.01, 500)

    difference = mean_interval(ours - theirs)

    assert difference.low > 0
    assert mean_interval(ours).low < mean_interval(theirs).high


def test_many_values_get_the_normal_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(3).random(3_000)
    resampled = mean_interval(values)
    monkeypatch.setattr(intervals, "MAX_RESAMPLED", 1_000)

    assert mean_interval(values) == pytest.approx(resampled, abs=1e-3)
