"""Scoring without learning: numpy on a few small arrays, immutable, swapped as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cherryrec.vans.config import VansConfig
from cherryrec.vans.features import (
    Feature,
    check_features,
    check_slate,
    context_mask,
    fingerprint,
    used_mask,
)
from cherryrec.vans.kernels import slate_ranks
from cherryrec.vans.linear import QuadraticPart
from cherryrec.vans.member import Part
from cherryrec.vans.net import NetPart
from cherryrec.vans.scaler import Spread
from cherryrec.vans.snapshot import check_arrays, check_stamp, under
from cherryrec.vans.trees import TreesPart

__all__ = ["Scored", "Scorer", "combine"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Scored:
    """A slate's CherryRec Scores, and why.

    Parameters
    ----------
    scores
        One per article, (n,), of mean 0 over the slate.
    contributions
        What each feature adds, (n, F); summed over features they are the scores.
    members
        What each member of the ensemble adds, weight included, (n, M); summed over members they
        are the scores.
    """

    scores: Floats
    contributions: Floats
    members: Floats


def combine(contributions: list[Floats], factors: Floats) -> Scored:
    """Add the members' contributions, each (n, F), times their factors, (M,)."""
    weighted = np.stack(contributions) * factors[:, np.newaxis, np.newaxis]  # (M, n, F)
    total = weighted.sum(axis=0)
    return Scored(scores=total.sum(axis=1), contributions=total, members=weighted.sum(axis=2).T)


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
        n_features = len(features)
        wanted: dict[str, tuple[int | None, ...]] = {"factors": (len(config.members),)}
        wanted |= {f"scaler/{name}": (n_features,) for name in ("count", "mean", "squares")}
        for name in config.members:
            if name == "rf":
                n_inner, n_nodes = 2**config.depth - 1, 2 ** (config.depth + 1) - 1
                wanted |= {"rf/n_grown": (), "rf/value": (config.n_trees, n_nodes)}
                wanted |= {f"rf/{k}": (config.n_trees, n_inner) for k in ("feature", "threshold")}
            elif name in {"net", "wide"}:
                n_inputs = n_features * (2 if name == "wide" else 1)
                wanted |= {f"{name}/skip": (config.n_nets, n_inputs)}
                wanted |= {f"{name}/hidden": (config.n_nets, n_inputs, config.n_hidden)}
                wanted |= {f"{name}/out": (config.n_nets, config.n_hidden)}
            else:
                wanted[f"{name}/weights"] = (n_features,)
        if "pairs" in config.members:
            wanted["pairs/matrix"] = (n_features, n_features)
        check_arrays(arrays, wanted)
        self.features = features
        self.config = config
        self._used = used_mask(features, config.without)
        scaler = under("scaler", arrays)
        count, mean, squares = (
            scaler[name].astype(np.float64) for name in ("count", "mean", "squares")
        )
        self._spread = Spread(context_mask(features), count, mean, squares)
        self._parts = [self._part(name, under(name, arrays)) for name in config.members]
        self._factors = arrays["factors"].astype(np.float64)

    def score(self, X: Floats) -> Scored:
        """Score a slate of raw features, (n, F)."""
        check_slate(X, self.features)
        Z = self._spread.with_slate(X).standardise(X, self.config.clip) * self._used
        wide = Z
        if "wide" in self.config.members:
            wide = np.concatenate([Z, slate_ranks(X) * self._used], axis=1)
        inputs = [wide if name == "wide" else Z for name in self.config.members]
        parts = [part.contributions(z) for part, z in zip(self._parts, inputs, strict=True)]
        return combine(parts, self._factors)

    def _part(self, name: str, arrays: Mapping[str, NDArray[np.generic]]) -> Part:
        """Rebuild one member's part."""
        if name == "rf":
            return TreesPart.of_arrays(arrays, self.config.clip)
        if name in {"net", "wide"}:
            return NetPart.of_arrays(arrays, len(self.features))
        return QuadraticPart.of_arrays(arrays)
