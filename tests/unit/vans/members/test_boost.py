"""Boosted trees: grown on what is still wrong, from a bounded window, the oldest leaving."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from cherryrec.vans.features import Feature
from cherryrec.vans.kernels import residuals
from cherryrec.vans.members.boost import BoostedTrees, quantise
from tests.unit.vans.slates import auc

FEATURES = tuple(Feature(f"f{k}") for k in range(4))
F = len(FEATURES)
Floats = NDArray[np.float64]


def small(**settings: int) -> BoostedTrees:
    return BoostedTrees(FEATURES, **{"every": 5, "n_trees": 30, "window_rows": 2_048, **settings})


def slate(rng: np.random.Generator) -> tuple[Floats, NDArray[np.bool_]]:
    """Clicks by a step no line can follow: a value near 0 is liked, far from it is not."""
    Z = rng.normal(size=(8, 2 * F))
    liking = 3.0 * (np.abs(Z[:, 1]) < 0.5) + rng.gumbel(size=8)
    return Z, liking == liking.max()


def test_it_learns_what_no_line_can_say() -> None:
    rng = np.random.default_rng(0)
    trees, measured = small(), []

    for _ in range(600):
        Z, clicked = slate(rng)
        added = trees.frozen().contributions(Z).sum(axis=1)
        measured.append(auc(added, clicked))
        trees.learn_slate(Z, clicked, np.zeros(8))

    assert np.mean(measured[300:]) > 0.7


def test_what_the_scores_know_already_is_not_learned_again() -> None:
    rng = np.random.default_rng(1)
    alone, beside = small(), small()

    for _ in range(300):
        Z, clicked = slate(rng)
        alone.learn_slate(Z, clicked, np.zeros(8))
        beside.learn_slate(Z, clicked, 3.0 * (np.abs(Z[:, 1]) < 0.5))

    Z = np.concatenate([slate(rng)[0] for _ in range(50)])
    is_liked = np.abs(Z[:, 1]) < 0.5
    by_trees = [t.frozen().contributions(Z).sum(axis=1) for t in (alone, beside)]
    likeness = [float(np.corrcoef(added, is_liked)[0, 1]) for added in by_trees]
    assert likeness[0] > 0.6
    assert likeness[1] < likeness[0] / 2.0


def test_kept_scores_are_those_given_plus_all_trees() -> None:
    rng = np.random.default_rng(2)
    trees = small(n_trees=6)
    given = []

    for _ in range(120):  # more trees are grown than are kept
        Z, clicked = slate(rng)
        scores = rng.normal(size=8)
        given.append((Z, scores))
        trees.learn_slate(Z, clicked, scores)

    assert trees.n_grown > 6
    for (Z, scores), (start, end) in zip(given[-20:], trees.slates[-20:], strict=True):
        added = trees.scores[start:end] - scores
        wanted = trees.frozen().contributions(Z).sum(axis=1)
        np.testing.assert_allclose(added - added.mean(), wanted, atol=1e-9)


def test_the_window_keeps_the_newest_slates_and_no_two_share_rows() -> None:
    rng = np.random.default_rng(3)
    trees = small(window_rows=64)

    for n in rng.integers(2, 12, size=200):
        Z = rng.normal(size=(int(n), 2 * F))
        trees.learn_slate(Z, np.arange(n) == 0, np.zeros(n))
        start, end = trees.slates[-1]
        np.testing.assert_array_equal(trees.codes[start:end], quantise(Z))
        rows = np.concatenate([np.arange(a, b) for a, b in trees.slates])
        assert len(rows) == len(set(rows.tolist())) <= 64


def test_a_slate_longer_than_a_quarter_of_the_window_is_passed_over() -> None:
    trees = small(window_rows=64)

    trees.learn_slate(np.zeros((17, 2 * F)), np.arange(17) == 0, np.zeros(17))

    assert (len(trees.slates), trees.n_learned) == (0, 1)


def test_restored_trees_go_on_bit_by_bit() -> None:
    rng = np.random.default_rng(4)
    first, second = small(), small()
    for _ in range(60):
        Z, clicked = slate(rng)
        first.learn_slate(Z, clicked, Z[:, 0])
    second.load(first.snapshot())

    for _ in range(60):
        Z, clicked = slate(rng)
        for trees in (first, second):
            trees.learn_slate(Z, clicked, Z[:, 0])

    for name, array in first.snapshot().items():
        assert array.tobytes() == second.snapshot()[name].tobytes(), name


def test_residuals_are_chances_less_clicks() -> None:
    scores = np.array([0.0, 0.0, np.log(2.0), 9.0])
    clicked = np.array([True, False, False, True])

    rows, slopes, curvatures = residuals(np.array([[0, 3]]), scores, clicked)

    assert rows.tolist() == [0, 1, 2]
    assert slopes.tolist() == pytest.approx([-0.75, 0.25, 0.5])
    assert curvatures.tolist() == pytest.approx([0.1875, 0.1875, 0.25])
