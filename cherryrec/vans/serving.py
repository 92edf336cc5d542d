"""Scoring without learning: numpy on a few small arrays, immutable, swapped as a whole."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from cherryrec.vans.config import VansConfig
from cherryrec.vans.features import (
    Feature,
    check_features,
    check_slate,
    fingerprint,
    gated_mask,
    ungated,
    used_mask,
)
from cherryrec.vans.inputs import ALL, CENTRED, RANKS, RAW, inputs_of
from cherryrec.vans.member import Part
from cherryrec.vans.members.boost import BoostPart
from cherryrec.vans.members.factors import FactorPart
from cherryrec.vans.members.linear import QuadraticPart
from cherryrec.vans.members.net import NetPart
from cherryrec.vans.scaler import SPREAD, Spread
from cherryrec.vans.scored import Scored, combine
from cherryrec.vans.shrinkage import Shrinkage
from cherryrec.vans.snapshot import MAX_COUNT, check_arrays, check_range, check_stamp, under
from cherryrec.vans.trees import TreesPart

__all__ = ["SEES", "Scorer"]

Floats = NDArray[np.float64]

SEES = {"lr": ALL, "svm": ALL, "net": RAW, "wide": RANKS}
"""What members see of a slate, where it is not its centred values without the gated ones."""


class Scorer:
    """A learned model that only scores; equal to `Vans.score` at the time of `Vans.serving`.

    Parameters
    ----------
    features
        The columns, in order; those of the model that learned.
    config
        The settings of the model that learned.
    arrays
        What `Vans.serving` returned.
    """

    def __init__(
        self,
        features: tuple[Feature, ...],
        config: VansConfig,
        arrays: Mapping[str, NDArray[np.generic]],
    ) -> None:
        check_features(features)
        check_stamp(arrays, fingerprint(features))
        check_arrays(arrays, _wanted(features, config))
        check_range("scaler/count", arrays["scaler/count"], 0, np.inf)
        self.features = features
        self.config = config
        self._used = used_mask(features, config.without)
        self._spread = Spread.of_arrays(features, under("scaler", arrays))
        self._shared = np.flatnonzero(~gated_mask(features))
        self._parts = [self._part(name, under(name, arrays)) for name in config.stacked]
        self._sees = [SEES.get(name, CENTRED) for name in config.stacked]
        self._boost: BoostPart | None = None
        if "boost" in config.members:
            self._boost = BoostPart.of_arrays(under("boost", arrays), len(self._shared))
        self._factors = arrays["factors"].astype(np.float64)
        check_range("n_learned", arrays["n_learned"], 0, MAX_COUNT)
        self.n_learned = int(arrays["n_learned"])
        self._shrinkage = Shrinkage(
            features, config.prior_feature, impressions=config.prior_impressions
        )

    @property
    def trust(self) -> float:
        """The share of what was learned in the scores, in [0, 1]: see `Shrinkage`."""
        return self._shrinkage.trust(self.n_learned)

    @property
    def typical(self) -> Floats:
        """A row of raw features as it is on average, (F,)."""
        return self._spread.typical

    def score(self, X: Floats) -> Scored:
        """Score a slate of raw features, (n, F)."""
        check_slate(X, self.features)
        spread, clip = self._spread.with_slate(X), self.config.clip
        inputs = inputs_of(spread, X, clip=clip, used=self._used, wanted={RAW, *self._sees})
        parts = [p.contributions(inputs[s]) for p, s in zip(self._parts, self._sees, strict=True)]
        added = self._boost.contributions(inputs[RAW]) if self._boost else None
        scored = combine(
            parts, self._factors, added, shared=self._shared, n_features=len(self.features)
        )
        return self._shrinkage.mix(scored, inputs[ALL], n_learned=self.n_learned)

    def scores(self, X: Floats) -> Floats:
        """Score a slate without reasons, (n, F) → (n,): `score`'s within 1e-9, in a fifth of it."""
        check_slate(X, self.features)
        spread, clip = self._spread.with_slate(X), self.config.clip
        inputs = inputs_of(spread, X, clip=clip, used=self._used, wanted={RAW, *self._sees})
        parts = [p.scores(inputs[s]) for p, s in zip(self._parts, self._sees, strict=True)]
        scores = np.column_stack(parts) @ self._factors
        if self._boost is not None:
            scores += self._boost.contributions(inputs[RAW]).sum(axis=1)
        return self._shrinkage.mix_scores(scores, inputs[ALL], n_learned=self.n_learned)

    def _part(self, name: str, arrays: Mapping[str, NDArray[np.generic]]) -> Part:
        """Rebuild one member's part."""
        if name == "rf":
            check_range("rf/feature", arrays["feature"], 0, len(self._shared))
            return TreesPart.of_arrays(arrays, self.config.clip)
        if name in {"net", "wide"}:
            return NetPart.of_arrays(arrays, len(self._shared))
        if name == "fm":
            return FactorPart.of_arrays(arrays)
        return QuadraticPart.of_arrays(arrays)


def _wanted(features: tuple[Feature, ...], config: VansConfig) -> dict[str, tuple[int | None, ...]]:
    """Return the shapes of the arrays that a scorer of these settings needs."""
    n_all, n_features = len(features), len(ungated(features))
    wanted: dict[str, tuple[int | None, ...]] = {"factors": (len(config.stacked),), "n_learned": ()}
    wanted |= {f"scaler/{name}": (n_all,) for name in SPREAD}
    for name in config.stacked:
        if name == "rf":
            n_inner, n_nodes = 2**config.depth - 1, 2 ** (config.depth + 1) - 1
            wanted |= {"rf/n_grown": (), "rf/value": (config.n_trees, n_nodes)}
            wanted |= {f"rf/{k}": (config.n_trees, n_inner) for k in ("feature", "threshold")}
        elif name in {"net", "wide"}:
            n_skip = n_features * (2 if name == "wide" else 1)
            wanted |= {f"{name}/skip": (config.n_nets, n_skip)}
            wanted |= {f"{name}/hidden": (config.n_nets, 2 * n_features, config.n_hidden)}
            wanted |= {f"{name}/out": (config.n_nets, config.n_hidden)}
        else:
            wanted[f"{name}/weights"] = (n_all if SEES.get(name) == ALL else n_features,)
    if "fm" in config.members:
        wanted["fm/factors"] = (n_features, config.n_factors)
    if "pairs" in config.members:
        wanted["pairs/matrix"] = (n_features, n_features)
    if "boost" in config.members:
        n_inner, n_nodes = 2**config.boost_depth - 1, 2 ** (config.boost_depth + 1) - 1
        wanted |= {f"boost/{k}": (None, n_inner) for k in ("feature", "threshold")}
        wanted["boost/value"] = (None, n_nodes)
    return wanted
