"""Scoring without learning: numpy on a few small arrays, immutable, swapped as a whole."""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cherryrec.vans.config import VansConfig
from cherryrec.vans.features import (
    Feature,
    check_features,
    check_slate,
    fingerprint,
    gated_mask,
    used_mask,
)
from cherryrec.vans.inputs import ALL, features_seen, inputs_of
from cherryrec.vans.member import FrozenMember, Shapes
from cherryrec.vans.reduced import ReducedScorer
from cherryrec.vans.scaler import MOMENTS, RunningMoments
from cherryrec.vans.scored import Scored, combine
from cherryrec.vans.shrinkage import Shrinkage
from cherryrec.vans.snapshot import (
    MAX_COUNT,
    check_arrays,
    check_members,
    check_range,
    check_stamp,
    renamed,
    under,
)

__all__ = ["Learned", "Scorer"]

Floats = NDArray[np.float64]


class Learned(NamedTuple):
    """What a scorer has learned.

    Parameters
    ----------
    moments
        Of the slates so far.
    members
        One of every member, those of the first stage first.
    factors
        What the scores of each member of the first stage are multiplied by, (M,).
    n_learned
        Impressions, those that taught.
    """

    moments: RunningMoments
    members: tuple[FrozenMember, ...]
    factors: Floats
    n_learned: int


class Scorer:
    """The weighed sum of the first stage's scores, and the second stage's beside it.

    `Vans` scores with one as it learns, workers with one of its serving arrays.

    Parameters
    ----------
    features
        The columns, in order; those of the model that learned.
    config
        The settings of the model that learned.
    learned
        What it knows.
    """

    def __init__(self, features: tuple[Feature, ...], config: VansConfig, learned: Learned) -> None:
        check_features(features)
        self.features = features
        self.config = config
        self._learned = learned
        self._used = used_mask(features, config.without)
        self._shared = np.flatnonzero(~gated_mask(features))
        self._inputs = tuple(member.inputs for member in config.stages)
        self._n_first = len(config.first_stage)
        self._shrinkage = Shrinkage(
            features, config.prior_feature, impressions=config.prior_impressions
        )

    @classmethod
    def of_arrays(
        cls,
        features: tuple[Feature, ...],
        config: VansConfig,
        arrays: Mapping[str, NDArray[np.generic]],
    ) -> Scorer:
        """Rebuild the scorer of a learned model from what `Vans.serving` returned.

        Raises
        ------
        ModelError
            They are of other features, members or settings, or damaged.
        """
        check_features(features)
        arrays = renamed(arrays)
        check_stamp(arrays, fingerprint(features))
        check_members(arrays, [member.name for member in config.first_stage])
        check_arrays(arrays, _shapes(features, config))
        check_range("scaler/count", arrays["scaler/count"], 0, np.inf)
        check_range("n_learned", arrays["n_learned"], 0, MAX_COUNT)
        learned = Learned(
            moments=RunningMoments.of_arrays(features, under("scaler", arrays)),
            members=tuple(
                member.frozen(
                    under(member.name, arrays),
                    n_features=len(features_seen(member.inputs, features)),
                    clip=config.clip,
                )
                for member in config.stages
            ),
            factors=arrays["factors"].astype(np.float64),
            n_learned=int(arrays["n_learned"]),
        )
        return cls(features, config, learned)

    def after(self, learned: Learned) -> Scorer:
        """Return one of the same features and settings that knows something else."""
        scorer = copy.copy(self)
        scorer._learned = learned
        return scorer

    def held(self, names: Collection[str]) -> Scorer:
        """Return one that holds some features at 0, and is else what was learned with them.

        Raises
        ------
        ConfigError
            One of them is not there.
        """
        scorer = copy.copy(self)
        scorer._used = self._used * used_mask(self.features, tuple(names))
        return scorer

    def without(self, names: Collection[str]) -> ReducedScorer:
        """Return one to which some features add nothing, and that is else what was learned.

        Raises
        ------
        ConfigError
            One of them is not there.
        """
        is_out = [one.name in names for one in self.features]
        return ReducedScorer(self.held(names), np.flatnonzero(is_out))

    @property
    def trust(self) -> float:
        """The share of what was learned in the scores, in [0, 1]: see `Shrinkage`."""
        return self._shrinkage.trust(self._learned.n_learned)

    @property
    def typical(self) -> Floats:
        """A row of raw features as it is on average, (F,)."""
        return self._learned.moments.typical

    def score(self, X: Floats) -> Scored:
        """Score a slate of raw features, (n, F)."""
        check_slate(X, self.features)
        members, factors = self._learned.members, self._learned.factors
        inputs = self.inputs(X, self._learned.moments.with_slate(X))
        scored = combine(
            [
                member.contributions(inputs[kind])
                for member, kind in zip(members, self._inputs, strict=True)
            ],
            [*factors.tolist(), *[1.0] * (len(members) - self._n_first)],
            shared=self._shared,
            n_features=len(self.features),
        )
        return self._shrinkage.mix(scored, inputs[ALL], n_learned=self._learned.n_learned)

    def scores(self, X: Floats) -> Floats:
        """Score a slate without reasons, (n, F) → (n,): `score`'s within 1e-9, in a fifth of it."""
        check_slate(X, self.features)
        inputs = self.inputs(X, self._learned.moments.with_slate(X))
        scores = self.by_member(inputs) @ self._learned.factors
        second = slice(self._n_first, None)
        for member, kind in zip(self._learned.members[second], self._inputs[second], strict=True):
            scores += member.scores(inputs[kind])
        return self._shrinkage.mix_scores(scores, inputs[ALL], n_learned=self._learned.n_learned)

    def inputs(self, X: Floats, moments: RunningMoments) -> dict[str, Floats]:
        """Standardise a raw slate, (n, F), in every way that a member sees it.

        `moments` has the slate counted in.
        """
        return inputs_of(moments, X, clip=self.config.clip, used=self._used, wanted=self._inputs)

    def by_member(self, inputs: Mapping[str, Floats]) -> Floats:
        """Score a slate by each member of the first stage, (n, M), not weighed."""
        first = slice(self._n_first)
        pairs = zip(self._learned.members[first], self._inputs[first], strict=True)
        return np.column_stack([member.scores(inputs[kind]) for member, kind in pairs])


def _shapes(features: tuple[Feature, ...], config: VansConfig) -> Shapes:
    """Return the shapes of the arrays that a scorer of these settings needs."""
    shapes: Shapes = {"factors": (len(config.first_stage),), "n_learned": ()}
    shapes |= {f"scaler/{name}": (len(features),) for name in MOMENTS}
    for member in config.stages:
        own = member.shapes(len(features_seen(member.inputs, features)))
        shapes |= {f"{member.name}/{name}": shape for name, shape in own.items()}
    return shapes
