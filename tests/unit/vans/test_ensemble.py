from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cherryrec.errors import ConfigError, ModelError
from cherryrec.vans import Boost, Feature, Forest, Vans, VansConfig
from cherryrec.vans.scaler import MOMENTS
from tests.unit.vans.slates import FEATURES, auc, slates

SMALL = VansConfig(
    settings=(
        Forest(refit_every=20, min_leaf=20.0, leaf_shrinkage=20.0, window_rows=1024),
        Boost(grow_every=10, n_trees=20, window_rows=1024),
    )
)


def learned(n_impressions: int = 100, config: VansConfig = SMALL) -> Vans:
    model = Vans(FEATURES, config)
    for X, clicked in slates(n_impressions):
        model.learn(X, clicked)
    return model


def digest(arrays: dict[str, np.ndarray]) -> str:
    hashed = hashlib.sha256()
    for name in sorted(arrays):
        hashed.update(name.encode() + arrays[name].tobytes())
    return hashed.hexdigest()


def test_a_fresh_model_scores_all_articles_zero() -> None:
    (X, _), *_ = slates(1)

    scored = Vans(FEATURES).score(X)

    assert scored.scores.tolist() == [0.0] * 8
    assert not scored.contributions.any()


def test_a_fresh_model_with_a_prior_ranks_by_it() -> None:
    (X, _), *_ = slates(1)

    scored = Vans(FEATURES, VansConfig(prior_feature="likeness")).score(X)

    assert np.argsort(scored.scores).tolist() == np.argsort(X[:, 2]).tolist()
    np.testing.assert_allclose(scored.contributions[:, 2], scored.scores)


def test_contributions_and_members_sum_exactly_to_scores() -> None:
    model = learned()

    for X, _ in slates(20, seed=1, n_articles=37):
        scored = model.score(X)
        assert scored.contributions.shape == (37, 5)
        assert scored.members.shape == (37, len(SMALL.members))
        np.testing.assert_allclose(scored.contributions.sum(axis=1), scored.scores, atol=1e-9)
        np.testing.assert_allclose(scored.members.sum(axis=1), scored.scores, atol=1e-9)
        assert abs(scored.scores.mean()) < 1e-9
        np.testing.assert_allclose(scored.contributions[:, 4].std(), 0.0, atol=0.2)


@pytest.mark.slow
def test_the_ensemble_is_as_good_as_its_best_member() -> None:
    model = Vans(FEATURES, SMALL)
    measured = []

    for X, clicked in slates(1500):
        scored = model.score(X)
        measured.append([auc(scored.scores, clicked), *(auc(s, clicked) for s in scored.members.T)])
        model.learn(X, clicked)

    ensemble, *members = np.mean(measured[500:], axis=0)
    assert ensemble >= max(members) - 0.01
    assert ensemble > 0.8


def test_a_useless_member_loses_its_weight() -> None:
    # Without an interaction in the truth, pairs only fit noise.
    model = Vans(FEATURES, VansConfig(members=("linear", "pairs")))

    for X, clicked in slates(800, interaction=0.0):
        model.learn(X, clicked)

    assert model.weights["pairs"] < 0.25
    assert model.weights["linear"] > 3.0 * model.weights["pairs"]


def test_weights_are_never_negative_and_start_equal() -> None:
    fresh = Vans(FEATURES)

    assert set(fresh.weights) == set(fresh.config.members) - {"boost"}
    assert set(fresh.weights.values()) == {1.0 / len(fresh.weights)}
    assert min(learned(400).weights.values()) >= 0.0


@pytest.mark.parametrize("n_clicks", [0, 8])
def test_a_slate_without_contrast_teaches_the_scaler_only(n_clicks: int) -> None:
    model = learned()
    before = model.snapshot()
    (X, _), *_ = slates(1, seed=5)

    model.learn(X, np.arange(8) < n_clicks)

    changed = {
        name
        for name, array in model.snapshot().items()
        if array.tobytes() != before[name].tobytes()
    }
    assert changed == {f"scaler/{name}" for name in MOMENTS}


def test_one_article_can_be_scored_and_learned() -> None:
    model = learned()
    (X, _), *_ = slates(1)

    assert model.score(X[:1]).scores.tolist() == [0.0]
    model.learn(X[:1], np.array([True]))

    assert np.isfinite(model.score(X).scores).all()


def test_scoring_writes_nothing() -> None:
    model = learned()
    before = digest(model.snapshot())

    for X, _ in slates(5, seed=2):
        model.score(X)

    assert digest(model.snapshot()) == before


def test_a_restored_model_goes_on_bit_by_bit() -> None:
    model = learned(70)
    restored = Vans.restore(FEATURES, SMALL, model.snapshot())

    for X, clicked in slates(70, seed=3):
        assert model.score(X).scores.tobytes() == restored.score(X).scores.tobytes()
        model.learn(X, clicked)
        restored.learn(X, clicked)

    assert digest(model.snapshot()) == digest(restored.snapshot())


def test_a_snapshot_is_not_changed_by_later_learning() -> None:
    model = learned(50)
    arrays = model.snapshot()
    before = digest(arrays)

    for X, clicked in slates(50, seed=4):
        model.learn(X, clicked)

    assert digest(arrays) == before


def test_a_snapshot_of_a_fresh_model_restores() -> None:
    restored = Vans.restore(FEATURES, SMALL, Vans(FEATURES, SMALL).snapshot())

    assert restored.n_learned == 0


def test_snapshots_are_bounded() -> None:
    sizes = [sum(a.nbytes for a in learned(n).snapshot().values()) for n in (300, 600)]

    assert sizes[0] == sizes[1]


@pytest.mark.slow
def test_learning_does_not_depend_on_the_hash_seed() -> None:
    here = Path(__file__).parent
    script = (
        "from test_ensemble import digest, learned\nprint(digest(learned(60).snapshot()), end='')"
    )

    digests = [
        subprocess.run(
            [sys.executable, "-c", script],
            check=True,
            capture_output=True,
            text=True,
            env={
                **os.environ,
                "PYTHONHASHSEED": seed,
                "PYTHONPATH": os.pathsep.join([str(here), str(here.parents[2])]),
            },
        ).stdout
        for seed in ("1", "2")
    ]

    assert digests[0] == digests[1] == digest(learned(60).snapshot())


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_a_number_is_refused_by_name(value: float) -> None:
    model = learned(10)
    before = digest(model.snapshot())
    (X, clicked), *_ = slates(1)
    X[3, 1] = value

    for act in (lambda: model.score(X), lambda: model.learn(X, clicked)):
        with pytest.raises(
            ModelError, match="feature 'minutes' of article 3 of the slate must be a"
        ):
            act()

    assert digest(model.snapshot()) == before


def test_wrong_shapes_are_refused() -> None:
    model = Vans(FEATURES)

    with pytest.raises(ModelError, match=r"shape \(articles, 5\), got \(3, 4\)"):
        model.score(np.zeros((3, 4)))
    with pytest.raises(ModelError, match=r"at least one article"):
        model.score(np.zeros((0, 5)))
    with pytest.raises(ModelError, match=r"clicked must have the shape \(3,\), got \(2,\)"):
        model.learn(np.zeros((3, 5)), np.array([True, False]))


def test_snapshots_of_other_models_are_refused() -> None:
    arrays = learned(30).snapshot()

    with pytest.raises(ModelError, match="for other features"):
        Vans.restore((*FEATURES[:4], Feature("hour", is_context=True)), SMALL, arrays)
    with pytest.raises(ModelError, match="'forest/trees/feature' must have the shape"):
        Vans.restore(FEATURES, SMALL.with_settings(Forest(depth=2)), arrays)
    with pytest.raises(ModelError, match="window must hold at most 64 rows, got"):
        Vans.restore(
            FEATURES, SMALL.with_settings(replace(SMALL.of(Forest), window_rows=64)), arrays
        )
    with pytest.raises(ModelError, match="must hold the array 'svm/weights'"):
        Vans.restore(FEATURES, SMALL, {k: v for k, v in arrays.items() if k != "svm/weights"})
    with pytest.raises(ModelError, match="'linear/weights' must hold finite numbers only"):
        Vans.restore(FEATURES, SMALL, arrays | {"linear/weights": np.full(5, np.nan)})


def test_features_are_checked() -> None:
    with pytest.raises(ConfigError, match=r"must be unique, got \['ctr'\] more than once"):
        Vans((Feature("ctr"), Feature("ctr")))
    with pytest.raises(ConfigError, match="needs a feature that differs within a slate"):
        Vans((Feature("hour", is_context=True),))
    with pytest.raises(ConfigError, match="prior_feature must differ within a slate"):
        Vans(FEATURES, VansConfig(prior_feature="history"))


def test_a_single_article_teaches_nothing() -> None:
    """It once counted into the deviation within a slate, which shrank with every click alone."""
    model = learned(30)
    before = digest(model.snapshot())

    (X, _), *_ = slates(1, seed=5)
    model.learn(X[:1], np.array([True]))

    assert digest(model.snapshot()) == before
