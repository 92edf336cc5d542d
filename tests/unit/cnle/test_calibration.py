"""The temperature: found where there is one, 1 where nothing is known, never moved by nonsense."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from cherryrec.cnle.calibration import (
    MAX_STEP,
    MAX_TEMPERATURE,
    MAX_VERSIONS,
    Calibration,
    Temperature,
    Temperatures,
    log_odds,
)
from cherryrec.cnle.evaluation import log_shares, relative_share
from cherryrec.errors import ModelError

Slate = tuple[NDArray[np.float64], NDArray[np.bool_]]


def slates(n: int, temperature: float, *, seed: int = 0, size: int = 20) -> Iterator[Slate]:
    """Log-shares of a model that is as many times too sure of itself, and the click."""
    rng = np.random.default_rng(seed)
    for _ in range(n):
        utility = rng.normal(size=size)
        clicked = np.arange(size) == np.argmax(utility + rng.gumbel(size=size))
        yield log_shares(temperature * utility), clicked


def learned(n: int, temperature: float, *, seed: int = 0) -> Temperature:
    model = Temperature()
    for shares, clicked in slates(n, temperature, seed=seed):
        model.learn(shares, clicked)
    return model


@pytest.mark.parametrize("temperature", [0.2, 0.5, 1.0, 3.0, 10.0])
@pytest.mark.parametrize("seed", [0, 1])
def test_a_known_temperature_is_found_within_a_tenth(temperature: float, seed: int) -> None:
    assert learned(2_000, temperature, seed=seed).value == pytest.approx(temperature, rel=0.1)


def test_a_hundred_impressions_are_enough_for_a_third() -> None:
    assert learned(100, 4.0).value == pytest.approx(4.0, rel=0.34)


def test_the_temperature_lowers_the_loss_of_what_follows() -> None:
    model = Temperature()
    losses = []

    for shares, clicked in slates(800, 5.0):
        tempered = log_shares(shares / model.value)
        losses.append((-shares[clicked].mean(), -tempered[clicked].mean()))
        model.learn(shares, clicked)

    before, after = np.mean(losses[100:], axis=0)
    assert after < before - 1.0


def test_a_change_of_the_model_is_noticed() -> None:
    model = learned(3_000, 1.0)

    for shares, clicked in slates(3_000, 4.0, seed=1):
        model.learn(shares, clicked)

    assert model.value == pytest.approx(4.0, rel=0.2)


def test_a_model_that_knows_nothing_ends_at_the_upper_bound() -> None:
    rng = np.random.default_rng(0)
    model = Temperature()

    for _ in range(1_500):
        model.learn(rng.normal(0.0, 3.0, 20), np.arange(20) == rng.integers(20))

    assert MAX_TEMPERATURE / 2 < model.value <= MAX_TEMPERATURE * (1 + 1e-9)


def test_without_data_it_is_one() -> None:
    assert Temperature().value == 1.0
    assert Temperatures().of("any") == 1.0
    assert Calibration().temperatures() == Temperatures()
    assert Calibration().latest is None


@pytest.mark.parametrize(
    ("shares", "clicked"),
    [
        ([0.0], [True]),
        ([0.0], [False]),
        ([0.0, -3.0], [True, True]),
        ([0.0, -3.0], [False, False]),
        ([], []),
    ],
)
def test_slates_without_a_contrast_change_nothing(shares: list[float], clicked: list[bool]) -> None:
    model, calibration = learned(50, 3.0), Calibration()
    before = vars(model).copy()

    model.learn(np.array(shares), np.array(clicked, np.bool_))
    calibration.learn("v", np.array(shares), np.array(clicked, np.bool_))

    assert vars(model) == before
    assert calibration.latest is None


def test_candidates_judged_alike_change_nothing_but_the_count() -> None:
    model = learned(50, 3.0)
    value = model.value

    model.learn(np.full(5, -1.6), np.arange(5) == 2)

    assert model.value == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize("size", [1e-6, 1.0, 30.0, 1e6])
def test_steps_and_temperatures_are_bounded_whatever_comes(size: float) -> None:
    rng = np.random.default_rng(0)
    model = Temperature()

    for _ in range(300):
        before = model.log_temperature
        model.learn(size * rng.normal(size=6), np.arange(6) == rng.integers(6))
        assert abs(model.log_temperature - before) <= MAX_STEP + 1e-12
        assert model.value * (1 + 1e-9) >= 1 / MAX_TEMPERATURE
        assert model.value <= MAX_TEMPERATURE * (1 + 1e-9)


def test_a_constant_added_to_all_log_shares_changes_nothing() -> None:
    one, other = Temperature(), Temperature()

    for shares, clicked in slates(100, 3.0):
        one.learn(shares, clicked)
        other.learn(shares + 7.0, clicked)

    assert one.value == pytest.approx(other.value, rel=1e-9)


def test_log_odds_recover_the_log_shares_of_evaluations() -> None:
    shares = log_shares(np.array([2.0, 0.5, -1.0, -4.0]))

    recovered = log_odds(relative_share(shares).round(6))

    np.testing.assert_allclose(recovered - recovered[0], shares - shares[0], atol=1e-3)


def test_log_odds_of_none_and_all_are_finite() -> None:
    assert np.isfinite(log_odds(np.array([0.0, 1.0]))).all()


def test_versions_have_temperatures_of_their_own() -> None:
    calibration = Calibration()
    for shares, clicked in slates(500, 6.0):
        calibration.learn("sure", shares, clicked)
    for shares, clicked in slates(500, 0.5, seed=1):
        calibration.learn("timid", shares, clicked)

    temperatures = calibration.temperatures()

    assert temperatures.of("sure") == pytest.approx(6.0, rel=0.2)
    assert temperatures.of("timid") == pytest.approx(0.5, rel=0.2)
    assert temperatures.of("new") == 1.0


def test_versions_are_bounded_and_the_one_learned_longest_ago_leaves() -> None:
    calibration = Calibration()
    shares, clicked = np.array([3.0, 0.0]), np.array([False, True])

    for number in range(MAX_VERSIONS):
        calibration.learn(f"v{number}", shares, clicked)
    calibration.learn("v0", shares, clicked)
    calibration.learn("newest", shares, clicked)

    temperatures = calibration.temperatures()
    assert len(temperatures.by_version) == MAX_VERSIONS
    assert temperatures.of("v0") > 1.0
    assert temperatures.of("v1") == 1.0


def test_a_restored_calibration_goes_on_bit_by_bit() -> None:
    whole, restored = Calibration(), Calibration()
    for number, (shares, clicked) in enumerate(slates(60, 3.0)):
        whole.learn(f"v{number % 3}", shares, clicked)

    restored.load(whole.snapshot())
    for number, (shares, clicked) in enumerate(slates(60, 3.0, seed=1)):
        for one in (whole, restored):
            one.learn(f"v{number % 2}", shares, clicked)

    for name, array in whole.snapshot().items():
        assert array.tobytes() == restored.snapshot()[name].tobytes(), name
    assert whole.temperatures() == restored.temperatures()
    assert Temperatures.of_arrays(whole.temperatures().arrays()) == whole.temperatures()


def test_an_empty_calibration_restores() -> None:
    restored = Calibration()

    restored.load(Calibration().snapshot())

    assert restored.temperatures() == Temperatures.of_arrays(Temperatures().arrays())


def test_arrays_that_do_not_fit_are_refused() -> None:
    good = Temperatures({1: 2.0}).arrays()

    for changes, reason in (
        ({"temperatures": np.array([np.nan])}, "must be finite numbers"),
        ({"temperatures": np.array([1.0, 2.0])}, "one per version"),
        ({"temperatures": np.array([0.0])}, "temperatures must be from 1/20 to 20"),
        ({"temperatures": np.array([400.0])}, "temperatures must be from 1/20 to 20"),
    ):
        with pytest.raises(ModelError, match=reason):
            Temperatures.of_arrays(good | changes)
    with pytest.raises(ModelError, match="it lacks"):
        Temperatures.of_arrays({})
    with pytest.raises(ModelError, match="it lacks"):
        Calibration().load(good)
