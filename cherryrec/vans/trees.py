"""Regression trees as arrays: growing one by histograms, walking all of them at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cherryrec.listwise import Arrays
from cherryrec.vans.kernels import walk
from cherryrec.vans.member import Part, centred

__all__ = ["LEVELS", "Growth", "Trees", "TreesPart", "quantise"]

Floats = NDArray[np.float64]
Codes = NDArray[np.uint8]

LEVELS = 64
"""Steps that a standardised feature is cut into."""


def quantise(Z: Floats, clip: float) -> Codes:
    """Cut standardised features into `LEVELS` equal steps from -clip to clip, (n, F) → (n, F).

    Examples
    --------
    >>> import numpy as np
    >>> from cherryrec.vans.trees import quantise
    >>> quantise(np.array([[-5.0, 0.0, 4.99, 9.0]]), clip=5.0).tolist()
    [[0, 32, 63, 63]]
    """
    steps = np.floor((Z + clip) * (LEVELS / (2.0 * clip)))
    return np.clip(steps, 0, LEVELS - 1).astype(np.uint8)


@dataclass(frozen=True, slots=True)
class Growth:
    """When a tree stops splitting, and how its leaves are shrunk.

    Parameters
    ----------
    depth
        Splits from the root to a leaf; from 1 to 8.
    min_leaf
        Weight that a leaf must hold; above 0.
    shrinkage
        Weight of rows of mean 0 added to every leaf; at least 0.
    """

    depth: int
    min_leaf: float
    shrinkage: float


class Trees:
    """T full binary trees of one depth: node k's children are 2k + 1 (code ≤ threshold) and 2k + 2.

    A node that doesn't split sends all rows left, to a child of its own value.
    """

    def __init__(self, n_trees: int, depth: int) -> None:
        self.depth = depth
        self.feature = np.zeros((n_trees, 2**depth - 1), dtype=np.int16)
        self.threshold = np.full((n_trees, 2**depth - 1), LEVELS - 1, dtype=np.uint8)
        self.value = np.zeros((n_trees, 2 ** (depth + 1) - 1), dtype=np.float64)

    def grow(
        self,
        tree: int,
        codes: Codes,
        *,
        weights: Floats,
        targets: Floats,
        features: NDArray[np.int64],
        growth: Growth,
    ) -> None:
        """Replace one tree by one grown on weighted rows, splitting on some of the features."""
        n_rows, n_columns = len(codes), len(features)
        keys = codes[:, features].astype(np.int64) + LEVELS * np.arange(n_columns)  # (m, S)
        per_node = n_columns * LEVELS
        weighted = weights * targets
        row_mass, row_pull = np.repeat(weights, n_columns), np.repeat(weighted, n_columns)
        self.value[tree] = 0.0
        self.value[tree, 0] = weighted.sum() / (weights.sum() + growth.shrinkage)
        node = np.zeros(n_rows, dtype=np.int64)  # within its level
        for level in range(self.depth):
            n_nodes = 2**level
            flat = (keys + node[:, np.newaxis] * per_node).ravel()
            shape = (n_nodes, n_columns, LEVELS)
            size = n_nodes * per_node
            mass = np.bincount(flat, row_mass, size).reshape(shape)
            pull = np.bincount(flat, row_pull, size).reshape(shape)
            column, step, left, right = _best_splits(mass, pull, growth)

            first, child = n_nodes - 1, 2 * n_nodes - 1
            splits = column >= 0
            own = self.value[tree, first : first + n_nodes]
            self.feature[tree, first : first + n_nodes] = features[np.maximum(column, 0)]
            self.threshold[tree, first : first + n_nodes] = step
            self.value[tree, child : child + 2 * n_nodes : 2] = np.where(splits, left, own)
            self.value[tree, child + 1 : child + 2 * n_nodes : 2] = np.where(splits, right, own)
            chosen = codes[np.arange(n_rows), features[np.maximum(column, 0)][node]]
            node = 2 * node + (chosen > step[node])

    def arrays(self) -> Arrays:
        """Return the trees' arrays, copied."""
        return {
            "feature": self.feature.copy(),
            "threshold": self.threshold.copy(),
            "value": self.value.copy(),
        }

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> Trees:
        """Rebuild the trees from their arrays."""
        n_trees, n_inner = arrays["feature"].shape
        trees = cls(n_trees, (n_inner + 1).bit_length() - 1)
        trees.feature[:] = arrays["feature"]
        trees.threshold[:] = arrays["threshold"]
        trees.value[:] = arrays["value"]
        return trees


class TreesPart(Part):
    """The mean of trees, each split's change of value credited to the feature it splits on.

    Parameters
    ----------
    trees
        Trees that won't be grown again.
    n_grown
        How many of them have been; the mean is theirs.
    clip
        As in `quantise`.

    References
    ----------
    Saabas, A. (2014). Interpreting random forests.
    """

    def __init__(self, trees: Trees, n_grown: int, clip: float) -> None:
        self.trees = trees
        self.n_grown = n_grown
        self.clip = clip

    def path_contributions(self, codes: Codes) -> Floats:
        """Sum each row's changes of value by feature, (n, F): leaf value - root value in sum."""
        sums = np.zeros(codes.shape)
        trees = self.trees
        grown = slice(0, self.n_grown)
        walk(codes, trees.feature[grown], trees.threshold[grown], trees.value[grown], sums)
        return sums / max(self.n_grown, 1)

    def leaf_means(self, codes: Codes) -> Floats:
        """Average the trees' leaf values of each row, (n,)."""
        means: Floats = self.path_contributions(codes).sum(axis=1) + self.root_mean()
        return means

    def root_mean(self) -> float:
        """Average the trees' root values."""
        return float(self.trees.value[: self.n_grown, 0].sum() / max(self.n_grown, 1))

    def contributions(self, Z: Floats) -> Floats:
        """Split the scores by feature, (n, F)."""
        return centred(self.path_contributions(quantise(Z, self.clip)))

    def arrays(self) -> Arrays:
        """Return the trees' arrays and how many of them are grown."""
        return {**self.trees.arrays(), "n_grown": np.array(self.n_grown, dtype=np.int64)}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[np.generic]], clip: float) -> TreesPart:
        """Rebuild the part from its arrays."""
        return cls(Trees.of_arrays(arrays), int(arrays["n_grown"]), clip)


def _best_splits(
    mass: Floats, pull: Floats, growth: Growth
) -> tuple[NDArray[np.int64], Codes, Floats, Floats]:
    """Return each node's best column (-1: none), threshold, and its children's values."""
    n_nodes, _, n_levels = mass.shape
    left_mass, left_pull = mass.cumsum(axis=2), pull.cumsum(axis=2)
    right_mass = left_mass[:, :, -1:] - left_mass
    right_pull = left_pull[:, :, -1:] - left_pull
    left = left_pull / np.maximum(left_mass + growth.shrinkage, 1e-12)
    right = right_pull / np.maximum(right_mass + growth.shrinkage, 1e-12)
    parent = left_pull[:, :, -1:] ** 2 / np.maximum(left_mass[:, :, -1:] + growth.shrinkage, 1e-12)
    gain = left_pull * left + right_pull * right - parent
    gain[(left_mass < growth.min_leaf) | (right_mass < growth.min_leaf)] = -np.inf
    best = gain.reshape(n_nodes, -1).argmax(axis=1)
    nodes = np.arange(n_nodes)
    column, step = np.divmod(best, n_levels)
    splits = gain[nodes, column, step] > 0.0
    return (
        np.where(splits, column, -1),
        np.where(splits, step, LEVELS - 1).astype(np.uint8),
        left[nodes, column, step],
        right[nodes, column, step],
    )
