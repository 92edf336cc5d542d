"""The shipped starting weights: names that are features, and what a learner makes of them."""

from __future__ import annotations

import numpy as np
import pytest

from cherryrec.errors import ConfigError
from cherryrec.features import CONTEXT, FEATURES
from cherryrec.vans import Feature, Linear, Vans, VansConfig, starting_weights
from tests.unit.vans.slates import slates

SMALL = tuple(
    Feature(name, is_context=name == "history")
    for name in ("ctr_all", "minutes", "times_read", "noise", "history")
)
SHIPPED = starting_weights("generated")
START = [SHIPPED["ctr_all"], 0.0, SHIPPED["times_read"], 0.0, 0.0]
LINEAR = VansConfig(members=("linear",), settings=(Linear(l2=0.5),))


def test_the_shipped_weights_are_of_features_that_differ_within_a_slate() -> None:
    assert set(SHIPPED) <= set(FEATURES) - set(CONTEXT)
    assert 0.0 < max(map(abs, SHIPPED.values())) < 1.0


def test_a_learner_starts_from_the_weights_by_name() -> None:
    model = Vans(SMALL, LINEAR)

    assert model.members["linear"].weights.tolist() == START
    spread = np.zeros((2, len(SMALL)))
    spread[0, 0] = 1.0
    assert int(np.argmax(model.score(spread).scores)) == int(SHIPPED["ctr_all"] < 0)


def test_a_learner_that_starts_from_zero_has_no_weights() -> None:
    model = Vans(SMALL, VansConfig(members=("linear",), settings=(Linear(start="zero"),)))

    assert model.members["linear"].weights.tolist() == [0.0] * len(SMALL)


def test_a_restored_learner_is_pulled_to_where_it_started() -> None:
    model = Vans(SMALL, LINEAR)
    for X, clicked in slates(20):
        model.learn(X, clicked)
    restored = Vans.restore(SMALL, LINEAR, model.snapshot())

    for X, clicked in slates(20, seed=1):
        model.learn(X, clicked)
        restored.learn(X, clicked)

    weights, again = (one.members["linear"].weights for one in (model, restored))
    assert weights.tolist() == again.tolist() != START


def test_an_unknown_start_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"vans.linear: start must be one of .* got 'real'"):
        Linear(start="real")
    with pytest.raises(ConfigError, match=r"^start must be one of .* got 'real'"):
        starting_weights("real")
