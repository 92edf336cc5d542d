from __future__ import annotations

import numpy as np
import pytest

from cherryrec.errors import ModelError
from cherryrec.vans import Scorer, Vans, VansConfig
from tests.unit.vans.slates import FEATURES, slates

CONFIG = VansConfig(refit_every=20, min_leaf=20.0, leaf_shrinkage=20.0, window_rows=1024)


def learned(n_impressions: int, config: VansConfig = CONFIG) -> Vans:
    model = Vans(FEATURES, config)
    for X, clicked in slates(n_impressions):
        model.learn(X, clicked)
    return model


@pytest.mark.parametrize("n_impressions", [0, 1, 30, 300])
@pytest.mark.parametrize("members", [("lr", "pairs", "rf", "svm"), ("svm", "rf"), ("lr",)])
def test_a_scorer_equals_its_model(n_impressions: int, members: tuple[str, ...]) -> None:
    config = VansConfig(members=members, refit_every=20, min_leaf=20.0, leaf_shrinkage=20.0)
    model = learned(n_impressions, config)
    scorer = Scorer.of_arrays(FEATURES, config, model.serving())

    for n_articles in (1, 2, 37, 300):
        for X, _ in slates(3, seed=9, n_articles=n_articles):
            ours, theirs = scorer.score(X), model.score(X)
            np.testing.assert_allclose(ours.scores, theirs.scores, rtol=0, atol=1e-9)
            np.testing.assert_allclose(ours.contributions, theirs.contributions, atol=1e-9)
            np.testing.assert_allclose(ours.members, theirs.members, atol=1e-9)


def test_a_scorer_stays_as_it_was_while_the_model_learns() -> None:
    model = learned(50)
    arrays = model.serving()
    scorer = Scorer.of_arrays(FEATURES, CONFIG, arrays)
    (X, _), *_ = slates(1, seed=8)
    before = scorer.score(X).scores

    for slate, clicked in slates(50, seed=7):
        model.learn(slate, clicked)
    for array in arrays.values():
        array.fill(0)

    assert scorer.score(X).scores.tobytes() == before.tobytes()


def test_serving_arrays_hold_no_accumulators_and_no_window() -> None:
    model = learned(200)
    serving, snapshot = model.serving(), model.snapshot()

    assert not [name for name in serving if "window" in name or "optimizer" in name]
    size, whole = (sum(a.nbytes for a in arrays.values()) for arrays in (serving, snapshot))
    assert size < whole / 1.5


def test_arrays_that_do_not_fit_are_refused() -> None:
    arrays = learned(30).serving()

    with pytest.raises(ModelError, match="for other features"):
        Scorer.of_arrays(FEATURES[:4], CONFIG, arrays)
    with pytest.raises(ModelError, match="'factors' must have the shape"):
        Scorer.of_arrays(FEATURES, VansConfig(members=("lr",)), arrays)
    for name in ("fm/factors", "net/hidden", "boost/value", "scaler/raw_mean"):
        with pytest.raises(ModelError, match=f"must hold the array '{name}'"):
            Scorer.of_arrays(FEATURES, CONFIG, {k: v for k, v in arrays.items() if k != name})
    with pytest.raises(ModelError, match="finite numbers only"):
        Scorer.of_arrays(
            FEATURES, CONFIG, arrays | {"factors": np.full(len(CONFIG.stacked), np.inf)}
        )
