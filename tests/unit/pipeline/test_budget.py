"""A budget is never exceeded, and goes to the requests that are worth most."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cherryrec.pipeline.budget import LEAST_QUESTIONS, N_ARRIVALS, Budget

PER_S, BURST_S = 2.0, 10.0
CAPACITY = PER_S * BURST_S


def poisson(rate: float, seconds: float, seed: int = 0) -> list[float]:
    rng = np.random.default_rng(seed)
    times = np.cumsum(rng.exponential(1.0 / rate, int(2 * rate * seconds)))
    return times[times < seconds].tolist()


def gains_of(n: int, seed: int = 1) -> list[float]:
    return np.random.default_rng(seed).exponential(1.0, n).tolist()


def decided(budget: Budget, times: Sequence[float], gains: Sequence[float]) -> list[bool]:
    return [budget.decide(gain, now) for now, gain in zip(times, gains, strict=True)]


arrivals = st.lists(st.tuples(st.floats(0.0, 5.0), st.floats(0.0, 10.0)), min_size=1, max_size=300)


@given(arrivals, st.floats(0.05, 20.0), st.floats(0.1, 30.0))
def test_no_window_is_granted_more_than_its_time_and_the_capacity_allow(
    steps: list[tuple[float, float]], per_s: float, burst_s: float
) -> None:
    budget = Budget(per_s=per_s, burst_s=burst_s)
    capacity = max(per_s * burst_s, LEAST_QUESTIONS)
    asked: list[float] = []
    now = 1_000.0
    for step_s, gain in steps:
        now += step_s
        if budget.decide(gain, now):
            asked.append(now)
        assert 0.0 <= budget.level <= capacity

    for first in range(len(asked)):
        for last in range(first, len(asked)):
            allowed = per_s * (asked[last] - asked[first]) + capacity
            assert last - first + 1 <= allowed + 1e-6


@given(
    st.lists(
        st.tuples(st.floats(0.01, 2.0), st.floats(0.01, 3.0), st.floats(0.0, 8.0)),
        min_size=1,
        max_size=100,
    )
)
def test_what_is_spent_after_all_stays_within_the_budget_but_for_one_overrun(
    questions: list[tuple[float, float, float]],
) -> None:
    budget = Budget(per_s=0.8, burst_s=10.0)
    now, spent, most = 0.0, 0.0, 0.0
    for step_s, expected, cost in questions:
        now += step_s
        if budget.decide(1.0, now, size=expected):
            budget.settle(expected=expected, spent=cost)
            spent += cost
            most = max(most, cost)

        assert budget.level >= 0.0
        assert spent <= 0.8 * now + 8.0 + most + 1e-6


@pytest.mark.parametrize("overload", [1.5, 3.0, 10.0])
@pytest.mark.parametrize("per_s", [0.5, 5.0])
def test_the_share_asked_approaches_the_budget_over_the_rate(overload: float, per_s: float) -> None:
    times = poisson(overload * per_s, 2_000.0 / per_s)

    asked = decided(Budget(per_s=per_s, burst_s=10.0), times, gains_of(len(times)))

    assert np.mean(asked) == pytest.approx(1.0 / overload, rel=0.05)


def test_all_are_asked_about_where_the_budget_allows() -> None:
    times = poisson(0.7 * PER_S, 500.0)

    asked = decided(Budget(per_s=PER_S, burst_s=BURST_S), times, gains_of(len(times)))

    assert np.mean(asked) > 0.98


def test_those_asked_about_gain_most_and_not_the_first_of_each_second() -> None:
    times = poisson(3.0 * PER_S, 1_000.0)
    gains = np.array(gains_of(len(times)))

    asked = np.array(decided(Budget(per_s=PER_S, burst_s=BURST_S), times, gains.tolist()))

    best = np.sort(gains)[-asked.sum() :].mean()
    assert gains[asked].mean() > 3.0 * gains[~asked].mean()
    assert gains[asked].mean() > 0.93 * best, "hindsight could hardly have done better"


@pytest.mark.parametrize("factor", [0.2, 5.0])
def test_the_threshold_follows_when_gains_or_rates_change(factor: float) -> None:
    budget = Budget(per_s=PER_S, burst_s=BURST_S)
    before = poisson(3.0 * PER_S, 500.0)
    decided(budget, before, gains_of(len(before)))
    after = [500.0 + time for time in poisson(9.0 * PER_S, 500.0, seed=3)]
    gains = factor * np.array(gains_of(len(after), seed=4))

    asked = np.array(decided(budget, after, gains.tolist()))

    assert asked.mean() == pytest.approx(1 / 9, rel=0.05)
    assert gains[asked].mean() > 3.0 * gains[~asked].mean()


@pytest.mark.parametrize("burst_s", [0.5, 10.0])
def test_the_budget_is_spent_where_each_request_gains_less_than_the_one_before(
    burst_s: float,
) -> None:
    """As a new model learns, gains fall; a threshold of older ones then left the bucket full."""
    times = poisson(3.0 * PER_S, 100.0)
    falling = (1.0 / (1.0 + np.arange(len(times)))).tolist()

    asked = decided(Budget(per_s=PER_S, burst_s=burst_s), times, falling)

    assert np.mean(asked) == pytest.approx(1 / 3, rel=0.1)


def test_requests_that_gain_the_same_are_served_first_come() -> None:
    times = poisson(3.0 * PER_S, 500.0)

    asked = decided(Budget(per_s=PER_S, burst_s=BURST_S), times, [0.4] * len(times))

    assert np.mean(asked) == pytest.approx(1 / 3, rel=0.05)


def test_a_question_that_costs_less_is_worth_more_at_the_same_gain() -> None:
    budget = Budget(per_s=0.8, burst_s=10.0)
    costs = np.tile([0.2, 0.8], 2_000)
    asked = np.array([budget.decide(1.0, 0.25 * k, size=one) for k, one in enumerate(costs)])

    assert asked[costs == 0.2].mean() > 0.99
    assert (asked * costs).sum() == pytest.approx(0.8 * 1_000.0, rel=0.05)


@pytest.mark.parametrize("price", [0.02, 0.5, 2.0])
def test_a_price_that_keeps_changing_starves_nobody(price: float) -> None:
    """Worths by cost once fell below all earlier ones whenever the price rose: nobody was asked."""
    budget = Budget(per_s=0.5, burst_s=10.0)
    prices = 0.1 + (price - 0.1) * (1.0 - 0.98 ** np.arange(2_000))

    asked = [budget.decide(1.0, 0.25 * k, price=one) for k, one in enumerate(prices)]

    spent = prices[asked].sum()
    assert spent == pytest.approx(min(0.5 * 500.0, prices.sum()), rel=0.05)


def test_a_question_dearer_than_the_burst_is_asked_when_it_is_saved_up() -> None:
    budget = Budget(per_s=0.1, burst_s=1.0)

    asked = [budget.decide(1.0, float(k), size=4.0) for k in range(400)]

    assert sum(asked) == pytest.approx(0.1 * 400 / 4.0, abs=2)


def test_a_clock_that_goes_back_a_little_gives_nothing_and_takes_nothing() -> None:
    budget = Budget(per_s=PER_S, burst_s=BURST_S)
    while budget.decide(1.0, 100.0):
        pass
    wavering = [100.0, 99.0, 100.0, 95.0, 100.0] * 20

    assert not any(budget.decide(1.0, now) for now in wavering)
    assert budget.decide(1.0, 101.0)


def test_a_clock_that_was_put_back_goes_on_from_there() -> None:
    budget = Budget(per_s=PER_S, burst_s=BURST_S)
    while budget.decide(1.0, 10_000.0):
        pass

    assert not budget.decide(1.0, 5_000.0), "the jump itself earns nothing"
    assert budget.decide(1.0, 5_001.0)


def test_a_clock_that_runs_ahead_and_back_earns_one_capacity_at_most() -> None:
    budget = Budget(per_s=PER_S, burst_s=BURST_S)
    while budget.decide(1.0, 0.0):
        pass

    asked = [budget.decide(1.0, now) for now in [1e9] + [1.0] * 100]

    assert sum(asked) <= CAPACITY


def test_workers_share_the_budget_by_what_they_own() -> None:
    times = poisson(3.0 * PER_S, 2_000.0)
    workers = [Budget(per_s=PER_S, burst_s=BURST_S) for _ in range(4)]
    for worker in workers:
        worker.own(0.25)

    asked = sum(
        workers[number % 4].decide(gain, now)
        for number, (now, gain) in enumerate(zip(times, gains_of(len(times)), strict=True))
    )

    assert asked == pytest.approx(PER_S * 2_000.0, rel=0.05)


def test_what_is_left_moves_with_the_partitions() -> None:
    budget = Budget(per_s=PER_S, burst_s=BURST_S)
    budget.own(0.5)
    budget.decide(1.0, 0.0)
    before = budget.level

    budget.own(0.25)
    assert budget.level == before / 2
    budget.own(0.0)
    assert not budget.decide(1.0, 1.0)
    budget.own(1.0)
    assert budget.decide(1.0, 2.0)


def test_an_absurd_measurement_silences_for_one_burst_only() -> None:
    budget = Budget(per_s=0.8, burst_s=10.0)
    assert budget.decide(1.0, 0.0, size=0.5)
    budget.settle(expected=0.5, spent=1e9)

    assert not budget.decide(1.0, 10.0, size=0.5)
    assert budget.decide(1.0, 11.0, size=0.5)


def test_what_was_not_spent_comes_back() -> None:
    budget = Budget(per_s=0.8, burst_s=10.0)
    budget.decide(1.0, 0.0, size=0.5)
    before = budget.level

    budget.settle(expected=0.5, spent=0.0)

    assert budget.level == before + 0.5


def test_memory_is_bounded() -> None:
    budget = Budget(per_s=PER_S, burst_s=BURST_S)
    decided(budget, [float(k) for k in range(3 * N_ARRIVALS)], gains_of(3 * N_ARRIVALS))

    assert len(budget._arrivals) == len(budget._values) == N_ARRIVALS
