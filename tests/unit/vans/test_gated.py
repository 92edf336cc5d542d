"""Gated features: scaled by the slates they are for, seen by linear members, free where unused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from cherryrec.errors import ConfigError, ModelError
from cherryrec.vans import MEMBERS, Boost, Feature, Forest, Scorer, SlateScaler, Vans, VansConfig
from tests.unit.vans.slates import FEATURES, slates

GATED = (*FEATURES[:2], Feature("if_cold", is_gated=True), *FEATURES[2:])
COLUMN = 2
SMALL = VansConfig(
    members=tuple(member.name for member in MEMBERS),
    settings=(
        Forest(refit_every=20, min_leaf=20.0, leaf_shrinkage=20.0),
        Boost(grow_every=10, n_trees=20),
    ),
)


def widened(X: NDArray[np.float64], values: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """The slate with the gated column put in its place."""
    return np.insert(X, COLUMN, values, axis=1)


def test_a_gated_feature_is_scaled_by_the_slates_in_which_it_differs() -> None:
    scaler = SlateScaler((Feature("ctr"), Feature("if_cold", is_gated=True)))
    for number in range(100):
        here = 1.0 if number % 50 == 0 else 0.0
        scaler.learn_slate(np.array([[1.0, here], [-1.0, -here]]))

    slate = np.array([[1.0, 1.0], [-1.0, -1.0]])

    assert scaler.transform_slate(slate).tolist() == [[1.0, 1.0], [-1.0, -1.0]]


def test_a_gated_feature_of_no_slate_costs_nothing() -> None:
    plain, gated = Vans(FEATURES, SMALL), Vans(GATED, SMALL)

    for X, clicked in slates(150):
        one, other = plain.score(X), gated.score(widened(X, 0.0))
        np.testing.assert_allclose(other.scores, one.scores, rtol=0, atol=1e-9)
        assert not other.contributions[:, COLUMN].any()
        plain.learn(X, clicked)
        gated.learn(widened(X, 0.0), clicked)

    assert gated.weights == pytest.approx(plain.weights, abs=1e-9)


def test_contributions_of_gated_features_sum_to_the_scores_and_a_scorer_agrees() -> None:
    model = Vans(GATED, SMALL)
    rng = np.random.default_rng(0)
    for number, (X, clicked) in enumerate(slates(150)):
        model.learn(widened(X, rng.normal(size=8) if number % 3 == 0 else 0.0), clicked)
    (X, _), *_ = slates(1, seed=5)
    slate = widened(X, rng.normal(size=8))

    scored = model.score(slate)
    served = Scorer.of_arrays(GATED, SMALL, model.serving()).score(slate)

    np.testing.assert_allclose(scored.contributions.sum(axis=1), scored.scores, atol=1e-9)
    np.testing.assert_allclose(scored.members.sum(axis=1), scored.scores, atol=1e-9)
    assert np.ptp(scored.contributions[:, COLUMN]) > 0.0
    assert served.scores.tobytes() == scored.scores.tobytes()


def test_a_restored_model_with_gated_features_goes_on_bit_by_bit() -> None:
    model = Vans(GATED, SMALL)
    for X, clicked in slates(60):
        model.learn(widened(X, X[:, 0]), clicked)

    restored = Vans.restore(GATED, SMALL, model.snapshot())

    for X, clicked in slates(40, seed=1):
        slate = widened(X, X[:, 0])
        assert model.score(slate).scores.tobytes() == restored.score(slate).scores.tobytes()
        model.learn(slate, clicked)
        restored.learn(slate, clicked)


def test_a_snapshot_of_the_features_before_they_were_gated_is_refused() -> None:
    before = tuple(replace(feature, is_gated=False) for feature in GATED)

    with pytest.raises(ModelError, match="for other features"):
        Vans.restore(GATED, SMALL, Vans(before, SMALL).snapshot())


def test_gated_features_alone_make_no_model() -> None:
    with pytest.raises(ConfigError, match="needs a feature that differs within a slate"):
        Vans((Feature("if_cold", is_gated=True),))
