from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from cherryrec.errors import ConfigError
from cherryrec.vans import (
    FORMER_SETTINGS,
    MEMBERS,
    Boost,
    Factors,
    Forest,
    Linear,
    Member,
    Net,
    Pairs,
    Poly,
    Scorer,
    Vans,
    VansConfig,
)
from tests.unit.vans.slates import FEATURES, slates

POLY = Poly(scores=("ctr", "likeness", "history"))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"members": ("linear", "gbm")}, "members must be some of"),
        ({"members": ()}, "one of the first stage at least, got"),
        ({"members": ("boost",)}, "one of the first stage at least, got"),
        ({"members": ("linear", "linear")}, "each once, one of"),
        ({"members": ("lr", "rf")}, "'lr' is 'linear' now, 'rf' is 'forest' now"),
        ({"settings": (Linear(), Linear(l2=0.1))}, r"one of each, got \['Linear', 'Linear'\]"),
        ({"clip": 0.0}, "clip must be above 0, got 0.0"),
        ({"drift_share": float("nan")}, "drift_share must be above 0, got nan"),
        ({"seed": -1}, "seed must be at least 0, got -1"),
    ],
)
def test_a_bad_setting_is_named(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        VansConfig(**settings)


@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [
        (Linear, {"learning_rate": float("nan")}, "linear: learning_rate must be above 0, got nan"),
        (Pairs, {"l2": -0.1}, "pairs: l2 must be at least 0, got -0.1"),
        (Poly, {"scores": ("age", "age")}, "poly: scores must be names, each once, one at least"),
        (Factors, {"n_factors": 0}, "factors: n_factors must be above 0, got 0"),
        (Forest, {"depth": 9}, "forest: depth must be from 1 to 8, got 9"),
        (Forest, {"feature_share": 1.5}, "feature_share must be above 0 and at most 1, got 1.5"),
        (Forest, {"rows_per_impression": 1}, r"must be from 2 to window_rows \(8192\), got 1"),
        (Net, {"input_dropout": 1.0}, "net: input_dropout must be at least 0 and below 1, got 1.0"),
        (Boost, {"depth": 0}, "boost: depth must be from 1 to 8, got 0"),
        (Boost, {"window_rows": 7}, "boost: window_rows must be at least 8, got 7"),
    ],
)
def test_a_members_bad_setting_is_named(
    kind: type[Member], settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        kind(**settings)


def test_names_of_members_and_settings_that_moved_are_none_any_more() -> None:
    now = {f"{kind.name}.{one.name}" for kind in MEMBERS for one in fields(kind)}
    now |= {one.name for one in fields(VansConfig)}

    for former, names in FORMER_SETTINGS.items():
        assert former not in {one.name for one in fields(VansConfig)}
        assert set(names.split(" and ")) <= now, former


def test_settings_that_are_the_defaults_are_left_out() -> None:
    changed = VansConfig().with_settings(Linear(), Forest(n_trees=3))

    assert changed.settings == (Forest(n_trees=3),)
    assert changed.with_settings(Forest()) == VansConfig()


@pytest.mark.parametrize("kind", MEMBERS, ids=lambda kind: kind.name)
def test_every_member_serves_the_shapes_it_states(kind: type[Member]) -> None:
    members = (kind.name,) if kind.stage == 1 else ("linear", kind.name)
    often = (*(member().at_least_every(5) for member in MEMBERS if member is not Poly), POLY)
    config = VansConfig(members=members, settings=often)
    model = Vans(FEATURES, config)
    for X, clicked in slates(40):
        model.learn(X, clicked)

    arrays = model.serving()

    own = {name for name in arrays if name.startswith(f"{kind.name}/")}
    stated = config.of(kind).shapes(len(FEATURES))
    assert own == {f"{kind.name}/{name}" for name in stated}
    assert Scorer.of_arrays(FEATURES, config, arrays).score(X).scores.any()
