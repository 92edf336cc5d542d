"""The exact binomial interval, against sums of the distribution itself."""

from __future__ import annotations

from math import comb

import pytest

from cherryrec.evaluation.random_logs.exact import exact_interval


def chance(k: int, n: int, p: float) -> float:
    return comb(n, k) * p**k * (1.0 - p) ** (n - k)


@pytest.mark.parametrize(("k", "n"), [(1, 3), (3, 40), (20, 40), (39, 40)])
def test_as_much_lies_beyond_each_end_as_it_should(k: int, n: int) -> None:
    low, high = exact_interval(k / n, n)

    assert sum(chance(j, n, low) for j in range(k, n + 1)) == pytest.approx(0.025)
    assert sum(chance(j, n, high) for j in range(k + 1)) == pytest.approx(0.025)


def test_the_interval_holds_any_rate_at_least_as_often_as_it_says() -> None:
    n = 20
    ends = [exact_interval(k / n, n) for k in range(n + 1)]

    for p in (0.01, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7):
        below = sum(chance(k, n, p) for k, (low, _) in enumerate(ends) if p < low)
        above = sum(chance(k, n, p) for k, (_, high) in enumerate(ends) if p > high)
        assert max(below, above) <= 0.025, p


def test_a_share_of_draws_between_two_whole_numbers_is_between_their_intervals() -> None:
    fewer, between, more = (exact_interval(0.2, n) for n in (50, 50.5, 51))

    assert fewer[0] < between[0] < more[0] < 0.2 < more[1] < between[1] < fewer[1]


def test_the_interval_of_very_many_draws_is_the_normal_one() -> None:
    low, high = exact_interval(0.04, 4_000_000)

    assert [low, high] == pytest.approx([0.04 - 1.92e-4, 0.04 + 1.92e-4], abs=1e-6)
