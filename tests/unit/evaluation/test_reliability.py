"""Reliability: a calibrated model has no error, a sure one has, and a temperature mends it."""

from __future__ import annotations

import numpy as np
import pytest

from cherryrec.cnle.evaluation import relative_share
from cherryrec.evaluation.cnle import cnle_sentences, reliability_values
from cherryrec.evaluation.reliability import N_BINS, Reliability, ReliabilityRecord
from cherryrec.events import Recommendation, Recommended, instant


def record_of(n: int, too_sure: float, temperature: float, *, seed: int = 0) -> ReliabilityRecord:
    """Impressions of a model as many times too sure of itself, tempered by that much."""
    rng = np.random.default_rng(seed)
    record = ReliabilityRecord()
    for _ in range(n):
        utility = rng.normal(size=8)
        clicked = np.arange(8) == np.argmax(utility + rng.gumbel(size=8))
        record.add(relative_share(too_sure * utility).round(6), clicked, temperature=temperature)
    return record


def summary_of(n: int, too_sure: float, temperature: float) -> Reliability:
    found = record_of(n, too_sure, temperature).summary(seed=0)
    assert found is not None
    return found


def test_the_right_temperature_takes_the_error_away() -> None:
    found = summary_of(3_000, 4.0, 4.0)

    assert found.before.error.mean > 0.05
    assert found.after.error.mean < 0.01
    assert found.gain.low > 0.04
    assert found.gain.mean == pytest.approx(found.before.error.mean - found.after.error.mean)
    assert found.after.loss.high < found.before.loss.low
    assert (found.n_impressions, found.n_candidates) == (3_000, 24_000)


def test_at_a_temperature_of_one_nothing_is_gained() -> None:
    found = summary_of(500, 1.0, 1.0)

    assert found.gain == (0.0, 0.0, 0.0)
    assert found.before.error == found.after.error
    assert found.before.error.mean < 0.02


def test_bins_hold_equal_counts_in_the_order_of_the_chances() -> None:
    found = summary_of(500, 2.0, 2.0)

    for curve in (found.before, found.after):
        assert len(curve.chances) == len(curve.clicks) == N_BINS
        assert (np.diff(curve.chances) > 0).all()
        # Equal counts: chances of an impression sum to 1, so the mean of the bins is 1/8.
        assert curve.chances.mean() == pytest.approx(1 / 8)
        assert curve.clicks.mean() == pytest.approx(1 / 8)


def test_several_clicks_share_one() -> None:
    record = ReliabilityRecord()

    record.add(np.full(4, 0.5), np.array([True, True, False, False]), temperature=1.0)

    found = record.summary(seed=0)
    assert found is not None
    assert found.before.chances.tolist() == [0.25] * 4
    assert sorted(found.before.clicks.tolist()) == [0.0, 0.0, 0.5, 0.5]
    assert found.before.loss.mean == pytest.approx(np.log(4))


@pytest.mark.parametrize("clicked", [[False, False], [True, True]])
def test_slates_without_a_contrast_say_nothing(clicked: list[bool]) -> None:
    record = ReliabilityRecord()

    record.add(np.array([0.6, 0.4]), np.array(clicked), temperature=1.0)

    assert record.summary(seed=0) is None


def recommended(temperature: float | None, *evaluations: float | None) -> Recommendation:
    return Recommendation(
        request_id="r",
        user_id="u",
        requested_at=instant(0.0),
        slate=tuple(
            Recommended(
                article_id=f"a{k}",
                position=k,
                score=0.0,
                news_value=0.0,
                contributions={},
                evaluation=one,
            )
            for k, one in enumerate(evaluations)
        ),
        temperature=temperature,
    )


def test_only_evaluated_candidates_of_a_slate_count() -> None:
    record = ReliabilityRecord()

    record.add_slate(recommended(2.0, 0.6, None, 0.4), ["a0", "a1"])
    record.add_slate(recommended(None, 0.6, 0.4), ["a0"])
    record.add_slate(recommended(None, None, None), ["a0"])
    record.add_slate(recommended(2.0, None, 0.6, 0.4), ["a0"])  # the click is none of CnLE's

    found = record.summary(seed=0)
    assert found is not None
    assert (found.n_impressions, found.n_candidates, found.temperature) == (1, 2, 2.0)


def test_the_same_seed_gives_the_same_intervals() -> None:
    record = record_of(100, 3.0, 2.0)

    first, second = record.summary(seed=1), record.summary(seed=1)

    assert first is not None
    assert second is not None
    assert reliability_values(first) == reliability_values(second)


def test_sentences_say_errors_before_and_after_and_the_weights() -> None:
    lines = cnle_sentences(summary_of(200, 4.0, 3.0), {"0": 1.25, "over 20": -0.001})

    assert len(lines) == 4
    assert "over 200 impressions" in lines[0]
    assert "temperature 3.00 at the end" in lines[0]
    assert lines[1].startswith("calibration error ")
    assert lines[3].endswith("0: +1.25, over 20: -0.00")
    assert cnle_sentences(None, {}) == []
