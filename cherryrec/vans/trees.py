"""Regression trees as arrays: growing one by histograms, walking all of them at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cherryrec.compiled import compiled
from cherryrec.listwise import Arrays
from cherryrec.vans.kernels import centred, grow_tree, leaves, walk
from cherryrec.vans.member import FrozenMember, less_mean
from cherryrec.vans.snapshot import check_range

__all__ = ["LEVELS", "FrozenTrees", "Growth", "Trees", "quantise"]

Floats = NDArray[np.float64]
Codes = NDArray[np.uint8]

LEVELS = 64
"""Steps that a standardised feature is cut into."""


@compiled
def quantise(Z: Floats, clip: float) -> Codes:
    """Cut standardised features into `LEVELS` equal steps from -clip to clip, (n, F) → (n, F).

    Examples
    --------
    >>> import numpy as np
    >>> from cherryrec.vans.trees import quantise
    >>> quantise(np.array([[-5.0, 0.0, 4.99, 9.0]]), clip=5.0).tolist()
    [[0, 32, 63, 63]]
    """
    codes = np.empty(Z.shape, np.uint8)
    steps_per_unit = LEVELS / (2.0 * clip)
    for i in range(Z.shape[0]):
        for f in range(Z.shape[1]):
            step = (Z[i, f] + clip) * steps_per_unit
            codes[i, f] = np.uint8(min(max(step, 0.0), LEVELS - 1.0))
    return codes


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
        grow_tree(
            codes,
            np.arange(len(codes)),
            -weights * targets,
            weights,
            features,
            growth.shrinkage,
            growth.min_leaf,
            1.0,
            self.feature[tree],
            self.threshold[tree],
            self.value[tree],
        )

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


class FrozenTrees(FrozenMember):
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
        sums = np.zeros(len(codes))
        trees = self.trees
        grown = slice(0, self.n_grown)
        leaves(codes, trees.feature[grown], trees.threshold[grown], trees.value[grown], sums)
        return sums / max(self.n_grown, 1)

    def contributions(self, Z: Floats) -> Floats:
        """Split the scores by feature, (n, F)."""
        return centred(self.path_contributions(quantise(Z, self.clip)), Z.shape[1])

    def scores(self, Z: Floats) -> Floats:
        """Score a slate without splitting, (n,), of mean 0."""
        return less_mean(self.leaf_means(quantise(Z, self.clip)))

    def arrays(self) -> Arrays:
        """Return the trees' arrays and how many of them are grown."""
        return {**self.trees.arrays(), "n_grown": np.array(self.n_grown, dtype=np.int64)}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[np.generic]], clip: float) -> FrozenTrees:
        """Rebuild it from its arrays."""
        n_trees = len(arrays["feature"])
        check_range("forest/n_grown", arrays["n_grown"], 0, n_trees + 1)
        trees = Trees.of_arrays(arrays)
        return cls(trees, int(arrays["n_grown"]), clip)
