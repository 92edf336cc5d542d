"""Baselines on the feature matrix: what they can learn, and that they learn it again the same."""

from __future__ import annotations

import sys
from typing import TypeVar

import numpy as np
import pytest
from numpy.typing import NDArray

from cherryrec.errors import ConfigError
from cherryrec.evaluation.baselines import LambdaMart, ListwiseSoftmax
from cherryrec.evaluation.metrics import auc
from cherryrec.vans import Feature, Linear, Vans, VansConfig

FEATURES = (Feature("ctr"), Feature("age"), Feature("hour", is_context=True))

Slate = tuple[NDArray[np.float64], NDArray[np.bool_]]
T = TypeVar("T", LambdaMart, ListwiseSoftmax)


def slates(n: int, *, seed: int = 0, is_crossed: bool = False) -> list[Slate]:
    """Return slates whose clicked article has the highest ctr, or the highest ctr times age."""
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(n):
        features = np.column_stack([rng.normal(size=(6, 2)), np.full(6, rng.random())])
        truth = features[:, 0] * (features[:, 1] if is_crossed else 1.0)
        made.append((features, np.arange(6) == truth.argmax()))
    return made


def small(**settings: int) -> LambdaMart:
    return LambdaMart(FEATURES, **{"refit_every": 100, "n_trees": 30, **settings})  # type: ignore[arg-type]


def mean_auc(model: LambdaMart | ListwiseSoftmax, rows: list[Slate]) -> float:
    return float(np.mean([auc(model.score(features), clicked) for features, clicked in rows]))


def learned(model: T, rows: list[Slate]) -> T:
    for features, clicked in rows:
        model.learn(features, clicked)
    return model


def test_linear_ranks_as_the_ensembles_member_alone_at_every_step() -> None:
    linear = ListwiseSoftmax(FEATURES)
    alone = Vans(
        FEATURES,
        VansConfig(
            members=("linear",),
            clip=5.0,
            settings=(Linear(learning_rate=0.04, l2=1e-5, start="zero"),),
        ),
    )

    for features, clicked in slates(60):
        ours, theirs = linear.score(features), alone.score(features).scores
        assert np.array_equal(np.argsort(ours, kind="stable"), np.argsort(theirs, kind="stable"))
        linear.learn(features, clicked)
        alone.learn(features, clicked)


def test_linear_finds_what_decides() -> None:
    assert mean_auc(learned(ListwiseSoftmax(FEATURES), slates(100)), slates(50, seed=1)) > 0.97


@pytest.mark.slow
def test_trees_find_an_interaction_that_a_line_cannot() -> None:
    rows, later = slates(200, is_crossed=True), slates(100, seed=1, is_crossed=True)

    assert mean_auc(learned(small(), rows), later) > 0.9
    assert mean_auc(learned(ListwiseSoftmax(FEATURES), rows), later) < 0.6


def test_trees_rank_by_the_prior_until_the_first_fit() -> None:
    features = slates(1)[0][0]
    model = learned(small(refit_every=10), slates(9))
    by_age = learned(LambdaMart(FEATURES, prior_feature="age", refit_every=10), slates(9))

    assert model.score(features).tolist() == [0.0] * 6
    assert by_age.score(features).tolist() == features[:, 1].tolist()
    learned(by_age, slates(1))
    assert by_age.score(features).tolist() != features[:, 1].tolist()


def test_trees_are_fitted_again_after_so_many_impressions() -> None:
    features = slates(1, seed=5)[0][0]
    model = learned(small(refit_every=50), slates(50))
    first = model.score(features)

    learned(model, slates(49, seed=2))
    assert np.array_equal(model.score(features), first)
    learned(model, slates(1, seed=3))
    assert not np.array_equal(model.score(features), first)


def test_same_impressions_give_the_same_trees() -> None:
    features = slates(1, seed=5)[0][0]
    one, two = (learned(small(seed=3), slates(100)).score(features) for _ in range(2))

    assert np.array_equal(one, two)


def test_trees_forget_what_left_the_window() -> None:
    features = slates(1, seed=5)[0][0]
    turned = [(features, ~clicked) for features, clicked in slates(100, seed=7)]
    model = learned(small(max_rows=600), turned + slates(100))

    assert np.array_equal(model.score(features), learned(small(), slates(100)).score(features))


def test_slates_without_a_contrast_do_not_count_towards_a_fit() -> None:
    model = small(refit_every=2)
    features, clicked = slates(1)[0]
    for labels in (clicked, np.zeros(6, dtype=np.bool_), np.ones(6, dtype=np.bool_)):
        model.learn(features, labels)

    assert model.score(features).tolist() == [0.0] * 6


def test_missing_lightgbm_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lightgbm", None)

    with pytest.raises(ConfigError, match=r"extra `boosting`: pip install 'cherryrec\[boosting\]'"):
        LambdaMart(FEATURES)


def test_unknown_prior_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"one of \['ctr', 'age', 'hour'\], got 'views'"):
        LambdaMart(FEATURES, prior_feature="views")
