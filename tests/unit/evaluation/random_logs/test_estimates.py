"""Protocol D's estimators: by hand, against plain sums, and how often their intervals are right."""

from __future__ import annotations

import math

import numpy as np
import pytest

from cherryrec.evaluation.generate import DisplayWorld
from cherryrec.evaluation.random_logs import (
    ESTIMATORS,
    Evidence,
    NewestPolicy,
    PopularPolicy,
    Question,
    judge,
)
from cherryrec.evaluation.random_logs.exact import exact_interval


def drawn(n: int, seed: int) -> tuple[Evidence, np.ndarray]:
    """Evidence of n displays, and as columns: weight, click, expected of chosen, of displayed."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(2, 9, n)
    matched = rng.random(n) < 1.0 / sizes
    clicked = rng.random(n) < 0.3
    expected = rng.random((n, 2))
    evidence = Evidence()
    for k in range(n):
        evidence.add(
            1.0 / int(sizes[k]),
            is_match=bool(matched[k]),
            is_clicked=bool(clicked[k]),
            expected_chosen=float(expected[k, 0]),
            expected_displayed=float(expected[k, 1]),
        )
    return evidence, np.column_stack([sizes * matched, clicked, expected]).astype(float)


def test_sums_give_what_the_equations_say() -> None:
    evidence, columns = drawn(500, seed=1)
    w, r, q_chosen, q_displayed = columns.T

    rates = {one.estimator: one.rate.mean for one in evidence.estimates()}

    assert rates == pytest.approx(
        {
            "replay": r[w > 0].mean(),
            "IPS": (w * r).mean(),
            "SNIPS": (w * r).sum() / w.sum(),
            "DR": (q_chosen + w * (r - q_displayed)).mean(),
        }
    )
    assert evidence.effective_n == pytest.approx(w.sum() ** 2 / (w**2).sum())
    assert evidence.mean_weight == pytest.approx(w.mean())
    assert evidence.logged().mean == r.mean()


def test_the_interval_of_the_lift_is_that_of_resampled_displays() -> None:
    evidence, columns = drawn(4_000, seed=2)
    w, r = columns.T[:2]
    rng = np.random.default_rng(0)
    drawn_again = rng.integers(len(w), size=(2_000, len(w)))
    lifts = (w * r)[drawn_again].sum(1) / w[drawn_again].sum(1) / r[drawn_again].mean(1)

    lift = evidence.lift()

    assert lift.mean == pytest.approx((w * r).sum() / w.sum() / r.mean())
    assert [lift.low, lift.high] == pytest.approx(np.percentile(lifts, [2.5, 97.5]), abs=0.01)


def test_pools_of_one_size_give_one_interval_thrice() -> None:
    evidence = Evidence()
    for k in range(400):
        evidence.add(0.25, is_match=k % 4 == 0, is_clicked=k % 12 == 0)

    replay, snips = evidence.replay(), evidence.snips()

    assert tuple(snips) == pytest.approx(tuple(replay))
    assert tuple(replay)[1:] == pytest.approx(exact_interval(34 / 100, 100))
    assert evidence.ips().mean == pytest.approx(replay.mean)


def test_few_matches_have_no_interval() -> None:
    evidence = Evidence()
    for _ in range(9):
        evidence.add(0.5, is_match=True, is_clicked=True)

    assert all(math.isnan(one.rate.low) for one in evidence.estimates())
    assert evidence.replay().mean == 1.0


def test_nothing_clicked_still_has_an_upper_end() -> None:
    evidence = Evidence()
    for _ in range(100):
        evidence.add(0.5, is_match=True, is_clicked=False)

    for one in evidence.estimates():
        assert one.rate.mean == one.rate.low == 0.0
        assert 0.01 < one.rate.high < 0.08, one.estimator
    assert math.isnan(evidence.lift().mean)


def test_a_model_that_knows_the_chances_narrows_the_doubly_robust_interval() -> None:
    rng = np.random.default_rng(3)
    plain, informed = Evidence(), Evidence()
    for _ in range(4_000):
        chance = float(rng.choice([0.05, 0.95]))
        is_match, is_clicked = bool(rng.random() < 0.25), bool(rng.random() < chance)
        plain.add(0.25, is_match=is_match, is_clicked=is_clicked)
        informed.add(
            0.25,
            is_match=is_match,
            is_clicked=is_clicked,
            expected_chosen=chance,
            expected_displayed=chance,
        )

    assert (informed.dr().high - informed.dr().low) < 0.5 * (plain.ips().high - plain.ips().low)


class Watched(PopularPolicy):
    """Keeps what it chose."""

    def __init__(self) -> None:
        super().__init__()
        self.choices: list[str] = []

    def choose(self, question: Question) -> str:
        self.choices.append(super().choose(question))
        return self.choices[-1]


@pytest.mark.slow
def test_intervals_hold_the_true_rate_of_a_policy_that_learns() -> None:
    """As `benchmarks/off_policy_intervals.py` says on more seeds: here 93 of 100."""
    held = dict.fromkeys(ESTIMATORS[1:], 0)
    for seed in range(100):
        world = DisplayWorld(seed=seed, n_displays=800, rate=0.15)
        displays, policy = world.displays(), Watched()

        evidence = judge(displays, [policy]).evidence[policy.name]

        chosen = zip(displays, policy.choices, strict=True)
        truth = float(np.mean([world.chance(*pair) for pair in chosen]))
        for name, rate in evidence.estimates():
            if name in held:
                held[name] += rate.low <= truth <= rate.high

    assert min(held.values()) >= 93, held


def test_newest_is_the_same_policy_whatever_was_displayed() -> None:
    displays = DisplayWorld(seed=4, n_displays=300).displays()
    policy = NewestPolicy()

    found = judge(displays, [policy]).evidence["newest"]

    assert found.n == 300
    assert found.effective_n > 10
