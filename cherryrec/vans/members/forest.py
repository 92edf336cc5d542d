"""A bounded random forest: one tree after another is grown again on the newest impressions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from cherryrec.listwise import Arrays
from cherryrec.vans.features import Feature
from cherryrec.vans.member import Member, Shapes, SlateMember
from cherryrec.vans.scaler import CLIP
from cherryrec.vans.snapshot import MAX_COUNT, check_range, under
from cherryrec.vans.trees import FrozenTrees, Growth, Trees, quantise
from cherryrec.vans.window import RowWindow

__all__ = ["Forest", "WindowForest"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Forest(Member):
    """Shallow trees, one after the other grown again on the newest impressions.

    Parameters
    ----------
    n_trees
        Trees; above 0.
    depth
        Splits from the root to a leaf; from 1 to 8.
    refit_every
        Impressions after which the next tree is grown again; above 0.
    window_rows
        Rows that trees are grown from; above 0.
    rows_per_impression
        Of those, how many one impression may fill: all clicked articles and a sample of the others,
        weighted to stand for them; from 2 to `window_rows`.
    min_leaf
        Weight (articles) that a leaf must hold; above 0.
    leaf_shrinkage
        Weight of articles of mean 0 added to every leaf; at least 0.
    feature_share
        Share of the features that one tree may split on; in (0, 1].
    """

    name: ClassVar[str] = "forest"

    n_trees: int = 10
    depth: int = 6
    refit_every: int = 50
    window_rows: int = 8_192
    rows_per_impression: int = 6
    min_leaf: float = 100.0
    leaf_shrinkage: float = 100.0
    feature_share: float = 0.4

    def __post_init__(self) -> None:
        """Refuse settings no member can be built with."""
        self.require_above_0("n_trees", "refit_every", "min_leaf")
        self.require_at_least_0("leaf_shrinkage")
        self.require(1 <= self.depth <= 8, "depth", "from 1 to 8")
        is_share = 0.0 < self.feature_share <= 1.0
        self.require(is_share, "feature_share", "above 0 and at most 1")
        is_fitting = 2 <= self.rows_per_impression <= self.window_rows
        wanted = f"from 2 to window_rows ({self.window_rows!r})"
        self.require(is_fitting, "rows_per_impression", wanted)

    def learner(self, features: tuple[Feature, ...], *, clip: float, seed: int) -> WindowForest:
        """Build what learns."""
        return WindowForest(
            features,
            n_trees=self.n_trees,
            depth=self.depth,
            refit_every=self.refit_every,
            window_rows=self.window_rows,
            rows_per_impression=self.rows_per_impression,
            min_leaf=self.min_leaf,
            leaf_shrinkage=self.leaf_shrinkage,
            feature_share=self.feature_share,
            clip=clip,
            seed=seed,
        )

    def frozen(
        self, arrays: Mapping[str, NDArray[np.generic]], *, n_features: int, clip: float
    ) -> FrozenTrees:
        """Rebuild its frozen form."""
        check_range("forest/feature", arrays["feature"], 0, n_features)
        return FrozenTrees.of_arrays(arrays, clip)

    def shapes(self, n_features: int) -> Shapes:
        """Return the shapes of its frozen form's arrays."""
        n_inner, n_nodes = 2**self.depth - 1, 2 ** (self.depth + 1) - 1
        return {
            "feature": (self.n_trees, n_inner),
            "threshold": (self.n_trees, n_inner),
            "value": (self.n_trees, n_nodes),
            "n_grown": (),
        }

    def at_least_every(self, n_impressions: int) -> Forest:
        """Return settings with which the next tree is grown within so many impressions."""
        return replace(self, refit_every=min(self.refit_every, n_impressions))


DEFAULTS = Forest()


class WindowForest(SlateMember):
    """The mean of shallow trees, each grown on bootstrapped impressions and some features.

    River's adaptive forest costs 4.5 ms an event and cannot be exported as arrays; this one grows
    its next tree every `refit_every` impressions by histograms, in a bounded window. A row's
    target is its click less the slate's mean click.

    Parameters
    ----------
    features
        The columns, in order.
    n_trees, depth, refit_every, window_rows, rows_per_impression, min_leaf, leaf_shrinkage,
    feature_share
        As in `Forest`.
    clip
        What standardised values are cut at.
    seed
        Of all that is drawn.

    Examples
    --------
    >>> import numpy as np
    >>> from cherryrec.vans import Feature, WindowForest
    >>> forest = WindowForest((Feature("ctr"),), n_trees=2, depth=1, refit_every=10, min_leaf=5.0)
    >>> slate = np.array([[1.0], [-1.0]])
    >>> for _ in range(20):
    ...     forest.learn_slate(slate, np.array([True, False]))
    >>> scores = forest.score_slate(slate)
    >>> bool(scores[0] > scores[1])
    True
    """

    def __init__(
        self,
        features: tuple[Feature, ...],
        *,
        n_trees: int = DEFAULTS.n_trees,
        depth: int = DEFAULTS.depth,
        refit_every: int = DEFAULTS.refit_every,
        window_rows: int = DEFAULTS.window_rows,
        rows_per_impression: int = DEFAULTS.rows_per_impression,
        min_leaf: float = DEFAULTS.min_leaf,
        leaf_shrinkage: float = DEFAULTS.leaf_shrinkage,
        feature_share: float = DEFAULTS.feature_share,
        clip: float = CLIP,
        seed: int = 0,
    ) -> None:
        self.features = features
        self.n_trees = n_trees
        self.depth = depth
        self.refit_every = refit_every
        self.window_rows = window_rows
        self.rows_per_impression = rows_per_impression
        self.min_leaf = min_leaf
        self.leaf_shrinkage = leaf_shrinkage
        self.feature_share = feature_share
        self.clip = clip
        self.seed = seed
        self.window = RowWindow(window_rows, len(features))
        self.trees = Trees(n_trees, depth)
        self.n_learned = 0
        self.n_grown = 0  # trees since the start, those grown again included
        self._frozen: FrozenTrees | None = None

    def learn_slate(
        self, Z: Floats, clicked: Bools, offset: Floats | None = None, weight: float = 1.0
    ) -> None:
        """Keep the impression's rows; grow a tree when it is time. Trees know no offset."""
        kept, weights = self._sample(clicked)
        targets = clicked[kept] - np.count_nonzero(clicked) / len(clicked)
        self._learn(quantise(Z[kept], self.clip), targets, weights)

    def learn_row(self, z: Floats, y: float) -> None:
        """Keep the row as an impression of its own."""
        self._learn(quantise(z[np.newaxis], self.clip), np.array([y]), np.ones(1))

    def predict_row(self, z: Floats) -> float:
        """Average the trees' leaves."""
        return float(self.frozen().leaf_means(quantise(z[np.newaxis], self.clip))[0])

    def frozen(self) -> FrozenTrees:
        """Return the trees grown so far."""
        if self._frozen is None:
            trees = Trees.of_arrays(self.trees.arrays())
            self._frozen = FrozenTrees(trees, min(self.n_grown, self.n_trees), self.clip)
        return self._frozen

    def warm_restart(self, share: float) -> None:
        """Grow the next trees from impressions after the drift only."""
        self.window = RowWindow(self.window_rows, len(self.features))

    def snapshot(self) -> Arrays:
        """Return trees, window and counters; every draw's seed follows from the counters."""
        return {
            "n_learned": np.array(self.n_learned, dtype=np.int64),
            "n_grown": np.array(self.n_grown, dtype=np.int64),
            **{f"trees/{name}": array for name, array in self.trees.arrays().items()},
            **{f"window/{name}": array for name, array in self.window.snapshot().items()},
        }

    def load(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Put back what `snapshot` returned.

        One of before trees were counted has grown them as often as these settings would have.
        """
        check_range("forest/n_learned", arrays["n_learned"], 0, MAX_COUNT)
        check_range("forest/trees/feature", arrays["trees/feature"], 0, len(self.features))
        impressions, last = arrays["window/impressions"], int(arrays["n_learned"])
        check_range("forest/window/impressions", impressions, 0, max(last, 1))
        check_range("forest/window/weights", arrays["window/weights"], 0, np.inf)
        n_grown = int(arrays.get("n_grown", np.array(last // self.refit_every)))
        check_range("forest/n_grown", np.array(n_grown), 0, last + 1)
        self.n_learned, self.n_grown = last, n_grown
        self.trees = Trees.of_arrays(under("trees", arrays))
        self.window = RowWindow(self.window_rows, len(self.features))
        self.window.load(under("window", arrays))
        self._frozen = None

    def _learn(self, codes: NDArray[np.uint8], targets: Floats, weights: Floats) -> None:
        """Add an impression's rows, and grow the next tree when it is time."""
        self.window.add(codes, targets, weights, self.n_learned)
        self.n_learned += 1
        if self.n_learned % self.refit_every == 0:
            self._refit(self.n_grown % self.n_trees)
            self._frozen = None

    def _sample(self, clicked: Bools) -> tuple[NDArray[np.int64], Floats]:
        """Choose the clicked rows and some others, and their weights; clicks may be cut too."""
        rng = np.random.Generator(np.random.PCG64([self.seed, 0, self.n_learned]))
        clicks, others = np.flatnonzero(clicked), np.flatnonzero(~clicked)
        n_clicks = min(len(clicks), self.rows_per_impression // 2)
        n_others = min(len(others), self.rows_per_impression - n_clicks)
        kept_clicks = rng.permutation(clicks)[:n_clicks]
        kept_others = rng.permutation(others)[:n_others]
        weights = np.empty(n_clicks + n_others)
        weights[:n_clicks] = len(clicks) / n_clicks
        weights[n_clicks:] = len(others) / n_others
        return np.concatenate([kept_clicks, kept_others]), weights

    def _refit(self, tree: int) -> None:
        """Grow one tree on impressions drawn with Poisson(1) counts and a share of the features."""
        self.n_grown += 1
        rng = np.random.Generator(np.random.PCG64([self.seed, 1, self.n_grown]))
        n_features = len(self.features)
        n_columns = max(1, round(self.feature_share * n_features))
        columns = np.sort(rng.permutation(n_features)[:n_columns])
        n_rows = self.window.n_filled
        assert n_rows, "a tree is grown when an impression was added"
        impressions = self.window.impressions[:n_rows]
        oldest = int(impressions.min())
        counts = rng.poisson(1.0, size=int(impressions.max()) - oldest + 1)[impressions - oldest]
        drawn = np.flatnonzero(counts)
        self.trees.grow(
            tree,
            self.window.codes[drawn],
            weights=np.multiply(counts[drawn], self.window.weights[drawn], dtype=np.float64),
            targets=self.window.targets[drawn].astype(np.float64),
            features=columns,
            growth=Growth(self.depth, self.min_leaf, self.leaf_shrinkage),
        )
