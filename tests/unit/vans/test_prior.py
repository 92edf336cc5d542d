"""The shipped starting weights: names that are features, and what a learner makes of them."""

from __future__ import annotations

import numpy as np
import pytest

from cherryrec.errors import ConfigError
from cherryrec.features import CONTEXT, FEATURES
from cherryrec.vans import Vans, VansConfig, starting_weights
from tests.unit.vans.slates import FEATURES as SMALL
from tests.unit.vans.slates import slates

LINEAR = VansConfig(members=("lr",), lr_l2=0.5)


def test_the_shipped_weights_are_of_features_that_differ_within_a_slate() -> None:
    weights = starting_weights("generated")

    assert set(weights) <= set(FEATURES) - set(CONTEXT)
    assert 0.0 < max(map(abs, weights.values())) < 1.0


def test_a_learner_starts_from_the_weights_by_name() -> None:
    (X, _), *_ = slates(1)
    model = Vans(SMALL, LINEAR, initial={"ctr": 0.5, "of another version": 9.0})

    scored = model.score(X)

    assert model.members["lr"].weights.tolist() == [0.5, 0.0, 0.0, 0.0, 0.0]
    assert np.argsort(scored.scores).tolist() == np.argsort(X[:, 0]).tolist()


def test_a_restored_learner_is_pulled_to_where_it_started() -> None:
    initial = {"ctr": 0.5}
    model = Vans(SMALL, LINEAR, initial=initial)
    for X, clicked in slates(20):
        model.learn(X, clicked)
    restored = Vans.restore(SMALL, LINEAR, model.snapshot(), initial=initial)

    for X, clicked in slates(20, seed=1):
        model.learn(X, clicked)
        restored.learn(X, clicked)

    assert restored.members["lr"].weights.tolist() == model.members["lr"].weights.tolist()


def test_an_unknown_start_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"start must be one of .* got 'real'"):
        VansConfig(start="real")
