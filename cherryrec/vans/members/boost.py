"""Boosted trees on what the ensemble still gets wrong, grown one at a time as impressions come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from cherryrec.compiled import compiled
from cherryrec.errors import ModelError
from cherryrec.listwise import Arrays
from cherryrec.vans.features import Feature
from cherryrec.vans.inputs import RAW
from cherryrec.vans.kernels import centred, grow_tree, keep_slate, leaves, residuals, walk
from cherryrec.vans.member import SECOND, FrozenMember, Member, Shapes, SlateMember
from cherryrec.vans.snapshot import MAX_COUNT, check_range

__all__ = ["Boost", "BoostedTrees", "FrozenBoost", "quantise"]

Floats = NDArray[np.float64]
Codes = NDArray[np.uint8]
Bools = NDArray[np.bool_]

N_CODES = 64
"""Steps that values are cut into."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Boost(Member):
    """Boosted trees on what the others get wrong.

    Parameters
    ----------
    n_trees
        Trees kept; above 0.
    depth
        Splits from the root to a leaf; from 1 to 8.
    grow_every
        Impressions after which one more tree is grown; above 0.
    window_rows
        Rows of the newest impressions that it is grown from; at least 8, as one of more than a
        quarter of them is not kept.
    learning_rate
        Share of a tree's values that is added to the score, its shrinkage; above 0.
    """

    name: ClassVar[str] = "boost"
    inputs: ClassVar[str] = RAW
    stage: ClassVar[int] = SECOND

    n_trees: int = 200
    depth: int = 3
    grow_every: int = 25
    window_rows: int = 32_768
    learning_rate: float = 0.05

    def __post_init__(self) -> None:
        """Refuse settings no member can be built with."""
        self.require_above_0("n_trees", "grow_every", "learning_rate")
        self.require(self.window_rows >= 8, "window_rows", "at least 8")
        self.require(1 <= self.depth <= 8, "depth", "from 1 to 8")

    def learner(self, features: tuple[Feature, ...], *, clip: float, seed: int) -> BoostedTrees:
        """Build what learns."""
        return BoostedTrees(
            features,
            n_trees=self.n_trees,
            depth=self.depth,
            every=self.grow_every,
            window_rows=self.window_rows,
            rate=self.learning_rate,
            seed=seed,
        )

    def frozen(
        self, arrays: Mapping[str, NDArray[np.generic]], *, n_features: int, clip: float
    ) -> FrozenBoost:
        """Rebuild its frozen form."""
        return FrozenBoost.of_arrays(arrays, n_features)

    def shapes(self, n_features: int) -> Shapes:
        """Return the shapes of its frozen form's arrays; it has as many trees as are grown."""
        n_inner, n_nodes = 2**self.depth - 1, 2 ** (self.depth + 1) - 1
        return {
            "feature": (None, n_inner),
            "threshold": (None, n_inner),
            "value": (None, n_nodes),
        }

    def at_least_every(self, n_impressions: int) -> Boost:
        """Return settings with which the next tree is grown within so many impressions."""
        return replace(self, grow_every=min(self.grow_every, n_impressions))


DEFAULTS = Boost()


@compiled
def quantise(Z: Floats) -> Codes:
    """Cut standardised values into 64 steps, the finer the nearer to 0: 32 + 37·z/(1 + |z|).

    Examples
    --------
    >>> quantise(np.array([[-5.0, -1.0, 0.0, 1.0, 5.0]])).tolist()
    [[1, 13, 32, 50, 62]]
    """
    codes = np.empty(Z.shape, np.uint8)
    for i in range(Z.shape[0]):
        for f in range(Z.shape[1]):
            step = 32.0 + 37.0 * Z[i, f] / (1.0 + abs(Z[i, f]))
            codes[i, f] = np.uint8(min(max(step, 0.0), 63.0))
    return codes


class FrozenBoost(FrozenMember):
    """What the trees add to a score: the sum of the leaves a row falls into.

    Parameters
    ----------
    feature, threshold, value
        T complete trees as arrays, (T, inner), (T, inner), (T, nodes): at node k a row goes to
        2k + 2 where its code is above the threshold, else to 2k + 1.
    n_features
        Inputs are F standardised values and F more; what they add is added up by feature.
    """

    def __init__(
        self, feature: NDArray[np.int16], threshold: Codes, value: Floats, n_features: int
    ) -> None:
        self._trees = feature, threshold, value
        self.n_features = n_features

    def contributions(self, Z: Floats) -> Floats:
        """Split what the trees add by feature, (n, 2F) → (n, F), each column's mean 0."""
        feature, threshold, value = self._trees
        sums = np.zeros(Z.shape)
        walk(quantise(Z), feature, threshold, value, sums)
        return centred(sums, self.n_features)

    def scores(self, Z: Floats) -> Floats:
        """Score a slate without splitting, (n, 2F) → (n,), of mean 0."""
        scores: Floats = self.contributions(Z).sum(axis=1)
        return scores

    def arrays(self) -> Arrays:
        """Return the trees' arrays."""
        return dict(zip(("feature", "threshold", "value"), self._trees, strict=True))

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[np.generic]], n_features: int) -> FrozenBoost:
        """Rebuild it from its arrays."""
        check_range("boost/feature", arrays["feature"], 0, 2 * n_features)
        n_trees = {len(arrays[name]) for name in ("feature", "threshold", "value")}
        if len(n_trees) > 1:
            msg = f"snapshot's boosted trees must be as many in every array, got {n_trees!r}"
            raise ModelError(msg)
        return cls(
            arrays["feature"].astype(np.int16),
            arrays["threshold"].astype(np.uint8),
            arrays["value"].astype(np.float64),
            n_features,
        )


class BoostedTrees(SlateMember):
    """A ring of shallow trees, each fitted to the listwise residual of the scores before it.

    Every `every` impressions one more tree is grown by second-order boosting on impressions drawn
    from a window of the newest, for the gradient softmax(score) - clicks' share and the curvature
    p(1 - p), where score is the offset that the impression was learned with plus the trees' now.
    Past `n_trees` the oldest leaves: what it knew is learned again from newer impressions.

    Parameters
    ----------
    features
        The columns, in order; a row has two inputs of each.
    n_trees, depth
        Trees kept, and their depth; above 0.
    every
        Impressions after which a tree is grown; above 0.
    window_rows
        Rows kept; a tree is grown on about half of them. At least 8.
    rate
        Shrinkage of every tree; in (0, 1].
    leaf_l2, min_curvature
        L2 of a leaf's value, and the least curvature in it; at least 0.
    input_share
        Share of the inputs one tree may split on; in (0, 1].
    seed
        Of what is drawn.

    Examples
    --------
    >>> import numpy as np
    >>> from cherryrec.vans import BoostedTrees, Feature
    >>> trees = BoostedTrees((Feature("ctr"),), every=5, rate=1.0, min_curvature=0.0)
    >>> slate = np.array([[1.0, 0.0], [-1.0, 0.0]])
    >>> for _ in range(20):
    ...     trees.learn_slate(slate, np.array([True, False]))

    The first tree is grown at the twentieth impression, four times `every`. On each side of its
    split 20 rows have the slope -1/2 or 1/2 and the curvature 1/4: a leaf is 10 / (5 + 10), 10 the
    L2.

    >>> trees.score_slate(slate).round(3).tolist()
    [0.667, -0.667]

    References
    ----------
    Chen and Guestrin (2016), XGBoost, KDD, equations 5 to 7, https://arxiv.org/abs/1603.02754
    """

    def __init__(
        self,
        features: tuple[Feature, ...],
        *,
        n_trees: int = DEFAULTS.n_trees,
        depth: int = DEFAULTS.depth,
        every: int = DEFAULTS.grow_every,
        window_rows: int = DEFAULTS.window_rows,
        rate: float = DEFAULTS.learning_rate,
        leaf_l2: float = 10.0,
        min_curvature: float = 5.0,
        input_share: float = 0.3,
        seed: int = 0,
    ) -> None:
        self.features = features
        n_features = len(features)
        self.n_trees, self.depth = n_trees, depth
        self.every = every
        self.window_rows, self.sample_rows = window_rows, window_rows // 2
        self.rate, self.leaf_l2, self.min_curvature = rate, leaf_l2, min_curvature
        self.input_share = input_share
        self.seed = seed
        self.feature = np.zeros((n_trees, 2**depth - 1), np.int16)
        self.threshold = np.full((n_trees, 2**depth - 1), 255, np.uint8)
        self.value = np.zeros((n_trees, 2 ** (depth + 1) - 1))
        self.codes = np.zeros((window_rows, 2 * n_features), np.uint8)
        self.clicked = np.zeros(window_rows, np.bool_)
        self.scores = np.zeros(window_rows)
        self._slates = np.zeros((window_rows, 2), np.int64)
        self._n_slates = 0
        self.n_learned = 0
        self.n_grown = 0
        self._frozen: FrozenBoost | None = None

    @property
    def slates(self) -> NDArray[np.int64]:
        """First and last + 1 row of each slate in the window, the oldest first, (m, 2)."""
        return self._slates[: self._n_slates]

    def learn_slate(
        self, Z: Floats, clicked: Bools, offset: Floats | None = None, weight: float = 1.0
    ) -> None:
        """Keep one impression with the scores beside the trees'; grow a tree when it is time."""
        n = len(Z)
        self.n_learned += 1
        if n <= self.window_rows // 4:
            start = int(self._slates[self._n_slates - 1, 1]) if self._n_slates else 0
            start = 0 if start + n > self.window_rows else start
            self._n_slates = keep_slate(self._slates, self._n_slates, start, start + n)
            rows = slice(start, start + n)
            self.codes[rows] = quantise(Z)
            self.clicked[rows] = clicked
            self.scores[rows] = 0.0 if offset is None else offset
            n_trees = min(self.n_grown, self.n_trees)
            trees = self.feature[:n_trees], self.threshold[:n_trees], self.value[:n_trees]
            leaves(self.codes[rows], *trees, self.scores[rows])
        if self.n_learned % self.every == 0 and self.n_learned >= 4 * self.every:
            self._grow()

    def learn_row(self, z: Floats, y: float) -> None:
        """Learn one row against the average one, as a slate of two; a target above ½ is a click."""
        self.learn_slate(self._against_average(z), np.array([y > 0.5, y <= 0.5]))

    def predict_row(self, z: Floats) -> float:
        """Predict one row's log odds against the average one."""
        scores = self.frozen().scores(self._against_average(z))
        return float(scores[0] - scores[1])

    def frozen(self) -> FrozenBoost:
        """Return the trees grown so far."""
        if self._frozen is None:
            n = min(self.n_grown, self.n_trees)
            trees = (self.feature[:n].copy(), self.threshold[:n].copy(), self.value[:n].copy())
            self._frozen = FrozenBoost(*trees, len(self.features))
        return self._frozen

    def warm_restart(self, share: float) -> None:
        """Grow the next trees from impressions after the drift only."""
        self._n_slates = 0

    def snapshot(self) -> Arrays:
        """Return trees and window; every draw follows from the count of impressions."""
        last = int(self.slates[:, 1].max(initial=0))
        return {
            "feature": self.feature.copy(),
            "threshold": self.threshold.copy(),
            "value": self.value.copy(),
            "window/codes": self.codes[:last].copy(),
            "window/clicked": self.clicked[:last].copy(),
            "window/scores": self.scores[:last].copy(),
            "window/slates": self.slates.copy(),
            "counts": np.array([self.n_learned, self.n_grown], np.int64),
        }

    def load(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Put back what `snapshot` returned."""
        last, slates = len(arrays["window/codes"]), arrays["window/slates"]
        lengths = {len(arrays[f"window/{name}"]) for name in ("codes", "clicked", "scores")}
        if lengths != {last} or last > self.window_rows or len(slates) > last:
            msg = (
                f"snapshot's window must be of one length, at most {self.window_rows}, got "
                f"{sorted(lengths)!r} rows of {len(slates)} slates: "
                "use it with the vans.boost.window_rows it was taken with"
            )
            raise ModelError(msg)
        sizes = slates[:, 1].astype(np.int64) - slates[:, 0].astype(np.int64)
        check_range("boost/counts", arrays["counts"], 0, MAX_COUNT)
        check_range("boost/feature", arrays["feature"], 0, 2 * len(self.features))
        check_range("boost/window/codes", arrays["window/codes"], 0, N_CODES)
        check_range("boost/window/slates", slates, 0, last + 1)
        check_range("boost/window/slates", sizes, 1, last + 1)
        self.feature = arrays["feature"].astype(np.int16)
        self.threshold = arrays["threshold"].astype(np.uint8)
        self.value = arrays["value"].astype(np.float64)
        last = len(arrays["window/codes"])
        self.codes[:last] = arrays["window/codes"]
        self.clicked[:last] = arrays["window/clicked"]
        self.scores[:last] = arrays["window/scores"]
        self._n_slates = len(arrays["window/slates"])
        self._slates[: self._n_slates] = arrays["window/slates"]
        self.n_learned, self.n_grown = (int(count) for count in arrays["counts"])
        self._frozen = None

    def _against_average(self, z: Floats) -> Floats:
        """Lay out one row above the average one, which is 0 everywhere, (F,) → (2, 2F)."""
        pair = np.zeros((2, 2 * len(self.features)))
        pair[0, : len(z)] = z
        return pair

    def _grow(self) -> None:
        """Replace the oldest tree by one fitted to the residuals of a sample of the window."""
        if not len(self.slates):
            return
        place = self.n_grown % self.n_trees
        if self.n_grown >= self.n_trees:
            self._add(place, -1.0)
        rng = np.random.Generator(np.random.PCG64([self.seed, 5, self.n_grown]))
        sizes = self.slates[:, 1] - self.slates[:, 0]
        n_drawn = max(1, int(len(sizes) * min(1.0, self.sample_rows / sizes.sum())))
        drawn = self.slates[np.sort(rng.permutation(len(sizes))[:n_drawn])]
        rows, slopes, curvatures = residuals(drawn, self.scores, self.clicked)
        n_inputs = 2 * len(self.features)
        columns = rng.permutation(n_inputs)[: max(1, round(self.input_share * n_inputs))]
        grow_tree(
            self.codes,
            rows,
            slopes,
            curvatures,
            np.sort(columns),
            self.leaf_l2,
            self.min_curvature,
            self.rate,
            self.feature[place],
            self.threshold[place],
            self.value[place],
        )
        self._add(place, 1.0)
        self.n_grown += 1
        self._frozen = None

    def _add(self, place: int, sign: float) -> None:
        """Add one tree to, or take it off, the scores of the window."""
        tree = slice(place, place + 1)
        last = int(self.slates[:, 1].max())
        sums = np.zeros(last)
        trees = self.feature[tree], self.threshold[tree], self.value[tree]
        leaves(self.codes[:last], *trees, sums)
        self.scores[:last] += sign * sums
