from __future__ import annotations

import numpy as np
import pytest

from cherryrec.vans import Feature, SlateScaler, WindowForest
from cherryrec.vans.trees import LEVELS, FrozenTrees, Growth, Trees, quantise
from tests.unit.vans.slates import FEATURES, auc, slates


def grown(*, min_leaf: float = 5.0, shrinkage: float = 0.0) -> tuple[Trees, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    codes = rng.integers(LEVELS, size=(500, 3)).astype(np.uint8)
    targets = np.where(codes[:, 1] > 40, 1.0, -0.2) + np.where(codes[:, 2] > 10, 0.3, 0.0)
    trees = Trees(1, 3)
    growth = Growth(depth=3, min_leaf=min_leaf, shrinkage=shrinkage)
    trees.grow(
        0, codes, weights=np.ones(500), targets=targets, features=np.arange(3), growth=growth
    )
    return trees, codes, targets


def test_a_tree_finds_the_steps_of_the_truth() -> None:
    trees, codes, targets = grown()

    assert (trees.feature[0, 0], trees.threshold[0, 0]) == (1, 40)
    np.testing.assert_allclose(FrozenTrees(trees, 1, 5.0).leaf_means(codes), targets, atol=1e-9)


def test_the_first_split_is_the_best_of_all() -> None:
    rng = np.random.default_rng(3)
    codes = rng.integers(LEVELS, size=(200, 2)).astype(np.uint8)
    weights, targets = rng.random(200) + 0.5, rng.normal(size=200)
    trees = Trees(1, 1)
    growth = Growth(depth=1, min_leaf=10.0, shrinkage=2.0)
    trees.grow(0, codes, weights=weights, targets=targets, features=np.arange(2), growth=growth)

    def gain(column: int, step: int) -> float:
        left = codes[:, column] <= step
        sides = [(weights[s].sum(), (weights * targets)[s].sum()) for s in (left, ~left)]
        if min(mass for mass, _ in sides) < 10.0:
            return -np.inf
        return float(sum(pull**2 / (mass + 2.0) for mass, pull in sides))

    best = max((gain(c, s), c, s) for c in range(2) for s in range(LEVELS))
    assert np.isclose(gain(int(trees.feature[0, 0]), int(trees.threshold[0, 0])), best[0])


def test_path_contributions_sum_to_the_leaf() -> None:
    trees, codes, _ = grown(shrinkage=3.0)
    frozen = FrozenTrees(trees, 1, 5.0)

    walked = []
    for row in codes:
        node = 0
        for _ in range(3):
            goes_right = row[trees.feature[0, node]] > trees.threshold[0, node]
            node = 2 * node + 1 + int(goes_right)
        walked.append(trees.value[0, node])

    np.testing.assert_allclose(frozen.leaf_means(codes), walked, atol=1e-12)
    np.testing.assert_allclose(frozen.path_contributions(codes)[:, 0], 0.0, atol=0.02)


def test_leaves_hold_the_least_weight() -> None:
    trees, codes, _ = grown(min_leaf=120.0)

    frozen = FrozenTrees(trees, 1, 5.0)
    _, counts = np.unique(frozen.leaf_means(codes).round(12), return_counts=True)

    assert counts.min() >= 120


def test_quantising_keeps_order_and_ends() -> None:
    codes = quantise(np.linspace(-9.0, 9.0, 500)[:, np.newaxis], clip=5.0)

    assert np.all(np.diff(codes[:, 0].astype(int)) >= 0)
    assert (codes.min(), codes.max()) == (0, LEVELS - 1)


def test_the_window_is_bounded_and_keeps_the_newest() -> None:
    forest = WindowForest(FEATURES, window_rows=64, rows_per_impression=8, refit_every=10)

    for X, clicked in slates(40, n_articles=20):
        forest.learn_slate(X / 1e4, clicked)

    assert forest.window.n_filled == 64
    assert set(forest.window.impressions.tolist()) == set(range(32, 40))


def test_a_sample_stands_for_the_whole_slate() -> None:
    forest = WindowForest(FEATURES, rows_per_impression=6)
    clicked = np.arange(40) < 2

    forest.learn_slate(np.zeros((40, 5)), clicked)

    weights, targets = forest.window.weights[:6], forest.window.targets[:6]
    assert weights.tolist() == [1.0, 1.0, 9.5, 9.5, 9.5, 9.5]
    assert abs(float(weights @ targets)) < 1e-5


def test_an_impression_of_many_clicks_keeps_its_contrast() -> None:
    forest = WindowForest(FEATURES, rows_per_impression=6)

    forest.learn_slate(np.zeros((30, 5)), np.arange(30) < 20)

    assert forest.window.n_filled == 6
    assert (forest.window.targets[:6] > 0).tolist() == [True] * 3 + [False] * 3


def test_trees_are_grown_in_turn() -> None:
    forest = WindowForest(FEATURES, n_trees=2, refit_every=20, min_leaf=5.0)
    scaler = SlateScaler(FEATURES)
    values = []

    for i, (X, clicked) in enumerate(slates(60)):
        scaler.learn_slate(X)
        forest.learn_slate(scaler.moments.standardise(X, 5.0), clicked)
        if (i + 1) % 20 == 0:
            values.append(forest.trees.value.copy())

    first, second, third = values
    assert np.all(first[1] == 0.0)
    assert np.array_equal(first[0], second[0])
    assert np.any(second[1] != 0.0)
    assert not np.array_equal(second[0], third[0])
    assert np.array_equal(second[1], third[1])


@pytest.mark.parametrize("refit_every", [1, 10, 1000])
def test_a_restored_forest_scores_by_the_trees_it_has(refit_every: int) -> None:
    forest = WindowForest(FEATURES, n_trees=3, refit_every=20, min_leaf=5.0)
    scaler = SlateScaler(FEATURES)
    for X, clicked in slates(50):
        scaler.learn_slate(X)
        Z = scaler.moments.standardise(X, 5.0)
        forest.learn_slate(Z, clicked)
    other = WindowForest(FEATURES, n_trees=3, refit_every=refit_every, min_leaf=5.0)

    other.load(forest.snapshot())

    assert other.n_grown == 2
    assert other.score_slate(Z).tobytes() == forest.score_slate(Z).tobytes()


def test_the_forest_learns_a_step_no_line_can() -> None:
    rng = np.random.default_rng(0)
    forest = WindowForest((Feature("a"), Feature("b")), min_leaf=20.0, feature_share=1.0)
    measured = []

    for i in range(600):
        Z = rng.normal(size=(8, 2))
        utility = np.where(np.abs(Z[:, 0]) < 0.7, 2.0, 0.0)
        clicked = np.arange(8) == np.argmax(utility + rng.gumbel(size=8))
        if i >= 300:
            measured.append(auc(forest.score_slate(Z), clicked))
        forest.learn_slate(Z, clicked)

    assert np.mean(measured) > 0.7
