"""Drift: noticed when what is clicked changes suddenly, and answered by learning faster again."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from cherryrec.vans import Feature, Forest, Vans, VansConfig
from cherryrec.vans.drift import DriftMonitor, misordered

N_FEATURES = 8
FEATURES = tuple(Feature(f"f{k}") for k in range(N_FEATURES))
CHANGE = 3_000
Log = list[tuple[NDArray[np.float64], NDArray[np.bool_]]]


def log_with_a_change(n: int, *, seed: int = 0, changes: bool = True) -> Log:
    """Slates whose clicks follow one taste, and from `CHANGE` on its opposite."""
    rng = np.random.default_rng(seed)
    taste = rng.normal(size=N_FEATURES)
    slates = []
    for k in range(n):
        X = rng.normal(size=(8, N_FEATURES))
        liking = X @ (-taste if changes and k >= CHANGE else taste) + rng.gumbel(size=8)
        slates.append((X, liking == liking.max()))
    return slates


def errors(model: Vans, log: Log) -> list[float]:
    """Prequential errors: each slate is scored before it is learned."""
    found = []
    for X, clicked in log:
        found.append(misordered(model.score(X).scores, clicked))
        model.learn(X, clicked)
    return found


def linear(threshold: float) -> Vans:
    return Vans(FEATURES, VansConfig(members=("linear", "svm"), drift_threshold=threshold))


def test_a_sudden_change_is_noticed_soon_and_once() -> None:
    log = log_with_a_change(CHANGE + 400)
    model = linear(5.0)

    errors(model, log[:CHANGE])
    before = model.drift.n_alarms
    errors(model, log[CHANGE : CHANGE + 100])

    assert (before, model.drift.n_alarms) == (0, 1)


@pytest.mark.slow
def test_a_steady_log_raises_no_alarm() -> None:
    for seed in range(3):
        model = linear(5.0)
        errors(model, log_with_a_change(4_000, seed=seed, changes=False))

        assert model.drift.n_alarms == 0


@pytest.mark.slow
def test_the_answer_to_a_drift_shortens_the_recovery() -> None:
    log = log_with_a_change(CHANGE + 600)

    with_answer = errors(linear(5.0), log)
    without = errors(linear(1e9), log)

    assert with_answer[:CHANGE] == without[:CHANGE]
    after = slice(CHANGE + 100, CHANGE + 600)
    assert np.mean(with_answer[after]) < np.mean(without[after]) - 0.1


def test_a_restored_monitor_goes_on_as_the_first_would() -> None:
    rng = np.random.default_rng(1)
    first = DriftMonitor(threshold=3.0)
    early = rng.random(700).tolist()
    late = (0.2 + rng.random(300)).tolist()
    for error in early:
        first.is_alarmed_by(error)
    second = DriftMonitor(threshold=3.0)
    second.load(first.snapshot())

    assert [first.is_alarmed_by(e) for e in late] == [second.is_alarmed_by(e) for e in late]
    assert first.n_alarms == second.n_alarms > 0


def test_members_take_larger_steps_after_a_drift() -> None:
    log = log_with_a_change(300, changes=False)
    calm, alarmed = (
        Vans(FEATURES, VansConfig(settings=(Forest(refit_every=10),))) for _ in range(2)
    )
    for model in (calm, alarmed):
        errors(model, log)
    for member in alarmed.members.values():
        member.warm_restart(0.01)
    X, clicked = log_with_a_change(1, seed=9)[0]

    steps = [step(model, X, clicked) for model in (calm, alarmed)]

    for name in ("linear", "factors", "svm"):
        assert steps[1][name] > 2.0 * steps[0][name], name


def step(model: Vans, X: NDArray[np.float64], clicked: NDArray[np.bool_]) -> dict[str, float]:
    """How far the linear weights of each member move by one slate."""
    before = model.snapshot()
    model.learn(X, clicked)
    after = model.snapshot()
    return {
        name: float(np.abs(after[f"{name}/weights"] - before[f"{name}/weights"]).sum())
        for name in ("linear", "factors", "svm")
    }
