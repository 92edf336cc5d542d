"""The expected gain is largest for cold users and close calls, and spending by it pays."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cherryrec.pipeline import EvaluatorConfig
from cherryrec.pipeline.budget import Budget
from cherryrec.pipeline.gain import expected_gain, expected_improvement, score_deviation
from tests.unit.pipeline.cold_users import World

SCORES = st.lists(st.floats(-5.0, 5.0), min_size=1, max_size=20)
SPREADS = st.floats(0.0, 3.0)


@given(st.floats(0.0, 5.0), st.floats(0.05, 3.0))
def test_the_improvement_is_the_mean_of_what_a_normal_error_adds(
    behind: float, deviation: float
) -> None:
    edges = np.linspace(-8.0, 8.0, 20_001)
    density = np.exp(-0.5 * edges**2) / math.sqrt(2.0 * math.pi)
    gains = np.maximum(deviation * edges - behind, 0.0) * density

    integral = float(((gains[1:] + gains[:-1]) / 2.0 * np.diff(edges)).sum())

    assert expected_improvement(behind, deviation) == pytest.approx(integral, abs=1e-6)


@given(SCORES, SPREADS, st.randoms(use_true_random=False))
def test_the_gain_is_finite_and_knows_no_order_and_no_level(
    scores: list[float], deviation: float, rng: object
) -> None:
    gain = expected_gain(scores, deviation)

    assert 0.0 <= gain < math.inf
    rng.shuffle(scores)  # type: ignore[attr-defined]
    assert expected_gain(scores, deviation) == gain
    assert expected_gain([one + 2.0 for one in scores], deviation) == pytest.approx(gain, abs=1e-9)


@given(SCORES, SPREADS, SPREADS)
def test_the_gain_grows_with_the_spread(scores: list[float], one: float, other: float) -> None:
    gains = [expected_gain(scores, deviation) for deviation in sorted((one, other))]

    assert gains[0] <= gains[1] + 1e-12


@given(SCORES, SPREADS, st.floats(0.0, 1.0))
def test_the_gain_grows_as_scores_come_closer(
    scores: list[float], deviation: float, closer: float
) -> None:
    nearer = [one * closer for one in scores]

    assert expected_gain(nearer, deviation) >= expected_gain(scores, deviation) - 1e-12


def test_a_colder_user_s_request_gains_more() -> None:
    config = EvaluatorConfig()
    spreads = [
        score_deviation(
            n_reads,
            cold=config.gain_cold,
            warm=config.gain_warm,
            half_history=config.gain_half_history,
        )
        for n_reads in (0, 1, 5, 20, 50)
    ]

    gains = [expected_gain([0.5, 0.4, 0.1, -1.0], deviation) for deviation in spreads]

    assert gains == sorted(gains, reverse=True)
    assert gains[0] > 5.0 * gains[-1]


@pytest.mark.parametrize("seed", range(3))
def test_spending_by_gain_beats_first_come_at_the_same_budget(seed: int) -> None:
    world = World(seed=seed, n_requests=6_000, rate=3.0)
    by_gain = world.spend(Budget(per_s=1.0, burst_s=10.0), world.gains(EvaluatorConfig()))
    first_come = world.spend(Budget(per_s=1.0, burst_s=10.0), [1.0] * 6_000)
    hindsight = np.sort(world.lifts)[-by_gain.sum() :].sum()

    assert by_gain.mean() == pytest.approx(first_come.mean(), rel=0.05)
    assert world.lifts[by_gain].sum() > 1.5 * world.lifts[first_come].sum()
    assert world.lifts[by_gain].sum() < hindsight


def test_margin_and_history_each_add_to_the_other() -> None:
    world = World(seed=7, n_requests=6_000, rate=3.0)
    both = EvaluatorConfig()
    margin_only = EvaluatorConfig(gain_cold=0.3, gain_warm=0.3)

    lifts = {
        name: world.lifts[world.spend(Budget(per_s=1.0, burst_s=10.0), gains)].sum()
        for name, gains in {
            "both": world.gains(both),
            "margin": world.gains(margin_only),
            "history": [2.0 ** (-n / 5.0) for n in world.n_reads],
        }.items()
    }

    assert lifts["both"] > lifts["margin"]
    assert lifts["both"] > lifts["history"]
