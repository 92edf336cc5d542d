"""The CherryRec Score: a first stage by weights learned online, a second on what that leaves."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
from numpy.typing import NDArray

from cherryrec.errors import ConfigError, ModelError
from cherryrec.listwise import Arrays, ListwiseLinear, has_contrast
from cherryrec.vans.config import VansConfig
from cherryrec.vans.drift import DriftMonitor, misordered
from cherryrec.vans.features import Feature, check_features, check_slate, fingerprint
from cherryrec.vans.inputs import features_seen
from cherryrec.vans.kernels import scaled_scores
from cherryrec.vans.member import SECOND, SlateMember
from cherryrec.vans.reduced import ReducedScorer
from cherryrec.vans.scaler import SlateScaler
from cherryrec.vans.scored import Scored
from cherryrec.vans.serving import Learned, Scorer
from cherryrec.vans.snapshot import (
    check_learned,
    check_members,
    check_stamp,
    members_array,
    renamed,
    stamp,
    under,
    with_prefix,
)

__all__ = ["Vans"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

MEAN_SQUARE_HORIZON = 1_000
"""Impressions over which the mean square of a member's scores is taken."""


class Vans:
    """The learner: scores an impression with its `scorer`, then learns it.

    The scores of every member of the first stage, as predicted before it learns the impression, are
    divided by their running deviation; their weights are at least 0, start equal, and descend the
    listwise loss. Those of the second stage learn what the sum gets wrong, and are added to it.

    Parameters
    ----------
    features
        The columns of every slate, in order.
    config
        The settings.

    Examples
    --------
    >>> import numpy as np
    >>> from cherryrec.vans import Feature, Vans
    >>> model = Vans((Feature("ctr"), Feature("hours")))
    >>> slate = np.array([[0.1, 3.0], [0.3, 1.0], [0.2, 2.0]])

    A fresh model prefers nothing where no feature is its prior, and learns from the first click:

    >>> model.score(slate).scores.tolist()
    [0.0, 0.0, 0.0]
    >>> model.learn(slate, np.array([False, True, False]))
    >>> int(model.score(slate).scores.argmax())
    1
    """

    def __init__(
        self,
        features: tuple[Feature, ...],
        config: VansConfig | None = None,
    ) -> None:
        check_features(features)
        self.features = features
        self.config = VansConfig() if config is None else config
        names = [feature.name for feature in features if not feature.is_context]
        prior = self.config.prior_feature
        if prior in {feature.name for feature in features if feature.is_context}:
            msg = f"prior_feature must differ within a slate, one of {names!r}, got {prior!r}"
            raise ConfigError(msg)
        self.scaler = SlateScaler(features, clip=self.config.clip)
        self._stages = self.config.stages
        self.members: dict[str, SlateMember] = {
            member.name: member.learner(
                features_seen(member.inputs, features), clip=self.config.clip, seed=self.config.seed
            )
            for member in self._stages
        }
        self._first_stage = tuple(member.name for member in self.config.first_stage)
        n_members = len(self._first_stage)
        self.stacker = ListwiseLinear(
            n_members,
            lr=self.config.ensemble_learning_rate,
            nonnegative=True,
            initial=np.full(n_members, 1.0 / n_members),
        )
        self.drift = DriftMonitor(self.config.drift_threshold)
        self.n_learned = 0
        self._mean_squares = np.zeros(n_members)  # mean square of each member's scores
        self._scale = np.ones(n_members)  # 1/√mean square
        self.scorer = Scorer(features, self.config, self._learned())

    @property
    def weights(self) -> dict[str, float]:
        """The ensemble's weights (the paper's alpha, beta, gamma) by member."""
        return dict(zip(self._first_stage, self.stacker.weights.tolist(), strict=True))

    @property
    def trust(self) -> float:
        """The share of what was learned in the scores, in [0, 1]: see `Shrinkage`."""
        return self.scorer.trust

    def score(self, X: Floats) -> Scored:
        """Score a slate of raw features, (n, F); nothing is learned."""
        return self.scorer.score(X)

    def scores(self, X: Floats) -> Floats:
        """Score a slate without reasons, (n, F) → (n,): `score`'s within 1e-9, in a fifth of it."""
        return self.scorer.scores(X)

    def without(self, names: Collection[str]) -> ReducedScorer:
        """Return what scores as this does now without some features: see `Scorer.without`."""
        return self.scorer.without(names)

    def learn(self, X: Floats, clicked: Bools, weight: float = 1.0) -> None:
        """Learn one impression; one without a contrast teaches the scaler only.

        One of a single article teaches nothing: how articles differ within a slate it does not say.
        One that stands for others too, by its `weight`, moves what descends a loss by as much more;
        deviations, and the windows that trees are grown from, count it once.
        """
        check_slate(X, self.features)
        clicked = np.asarray(clicked, dtype=np.bool_)
        if clicked.shape != (len(X),):
            msg = f"clicked must have the shape ({len(X)},), got {clicked.shape!r}"
            raise ModelError(msg)
        if len(X) == 1:
            return
        self.scaler.learn_slate(X)
        if has_contrast(clicked):
            self._learn(X, clicked, weight)
        self.scorer = self.scorer.after(self._learned())

    def snapshot(self) -> Arrays:
        """Return the complete state as plain arrays."""
        arrays = stamp(fingerprint(self.features))
        arrays["members"] = members_array(self._first_stage)
        arrays["n_learned"] = np.array(self.n_learned, dtype=np.int64)
        arrays["mean_squares"] = self._mean_squares.copy()
        arrays |= with_prefix("scaler", self.scaler.snapshot())
        arrays |= with_prefix("stacker", self.stacker.snapshot())
        arrays |= with_prefix("drift", self.drift.snapshot())
        for name, member in self.members.items():
            arrays |= with_prefix(name, member.snapshot())
        return arrays

    @classmethod
    def restore(
        cls,
        features: tuple[Feature, ...],
        config: VansConfig,
        arrays: Mapping[str, NDArray[np.generic]],
    ) -> Vans:
        """Rebuild a learner that goes on bit by bit as the snapshot's would have.

        Raises
        ------
        ModelError
            They are of other features, members or settings, or damaged.
        """
        arrays = renamed(arrays)
        check_stamp(arrays, fingerprint(features))
        model = cls(features, config)
        check_members(arrays, model._first_stage)
        check_learned(arrays, model.snapshot())
        model.n_learned = int(arrays["n_learned"])
        model._mean_squares = arrays["mean_squares"].astype(np.float64)
        model._scale = 1.0 / np.sqrt(np.where(model._mean_squares > 0.0, model._mean_squares, 1.0))
        model.scaler.load(under("scaler", arrays))
        model.stacker.load(under("stacker", arrays))
        model.drift.load(under("drift", arrays))
        for name, member in model.members.items():
            member.load(under(name, arrays))
        model.scorer = model.scorer.after(model._learned())
        return model

    def serving(self) -> Arrays:
        """Return the arrays that `Scorer` needs: no accumulators, no window."""
        arrays = stamp(fingerprint(self.features))
        arrays["members"] = members_array(self._first_stage)
        arrays["factors"] = self._factors()
        arrays["n_learned"] = np.array(self.n_learned, dtype=np.int64)
        arrays |= with_prefix("scaler", self.scaler.snapshot())
        for name, member in self.members.items():
            arrays |= with_prefix(name, member.frozen().arrays())
        return arrays

    def _learn(self, X: Floats, clicked: Bools, weight: float) -> None:
        """Learn one impression in every member and in their weights, as all scored it before."""
        inputs = self.scorer.inputs(X, self.scaler.moments)
        by_member = self.scorer.by_member(inputs)  # (n, M)
        stacked = by_member @ self._factors()
        self._look_for_drift(stacked, clicked)
        self._learn_weights(by_member, clicked, weight)
        scores = dict(zip(self._first_stage, by_member.T, strict=True))
        for settings in self._stages:
            member, Z = self.members[settings.name], inputs[settings.inputs]
            if settings.stage == SECOND:
                member.learn_slate(Z, clicked, stacked, weight)
            elif self.config.learning == "pointwise":
                for z, label in zip(Z, clicked.tolist(), strict=True):
                    member.learn_row(z, float(label))
            else:
                member.learn_slate(Z, clicked, scores.get(settings.on_top_of or ""), weight)
        self.n_learned += 1

    def _look_for_drift(self, scores: Floats, clicked: Bools) -> None:
        """Let everything learn faster again when the error has risen suddenly."""
        if self.drift.is_alarmed_by(misordered(scores, clicked)):
            self.stacker.warm_restart(self.config.drift_share)
            for member in self.members.values():
                member.warm_restart(self.config.drift_share)

    def _learn_weights(self, scores: Floats, clicked: Bools, weight: float) -> None:
        """Count the members' scores, (n, M), into their mean squares; descend by their weights."""
        share = 1.0 / min(self.n_learned + 1, MEAN_SQUARE_HORIZON)
        self._mean_squares, self._scale, scaled = scaled_scores(scores, self._mean_squares, share)
        self.stacker.learn(scaled, clicked, weight)

    def _learned(self) -> Learned:
        """Return what scores are made of."""
        members = tuple(member.frozen() for member in self.members.values())
        return Learned(self.scaler.moments, members, self._factors(), self.n_learned)

    def _factors(self) -> Floats:
        """Return what each member's scores are multiplied by, (M,)."""
        return self.stacker.weights * self._scale
