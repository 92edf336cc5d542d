"""The CherryRec Score: the members' scores by weights learned online, and trees on the rest."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from cherryrec.errors import ConfigError, ModelError
from cherryrec.listwise import AdaGrad, Arrays, ListwiseLinear, teaches
from cherryrec.vans.config import VansConfig
from cherryrec.vans.drift import DriftMonitor, misordered
from cherryrec.vans.features import (
    Feature,
    check_features,
    check_slate,
    fingerprint,
    gated_mask,
    ungated,
    used_mask,
)
from cherryrec.vans.inputs import ALL, CENTRED, RAW, inputs_of
from cherryrec.vans.kernels import scaled_scores
from cherryrec.vans.member import SlateMember
from cherryrec.vans.members.boost import BoostedTrees
from cherryrec.vans.members.factors import FactorisedRegression
from cherryrec.vans.members.forest import WindowForest
from cherryrec.vans.members.linear import ListwiseRegression
from cherryrec.vans.members.net import ListwiseNet
from cherryrec.vans.members.svm import PairwiseSVM
from cherryrec.vans.scaler import SlateScaler, Spread
from cherryrec.vans.scored import Scored, combine
from cherryrec.vans.serving import SEES
from cherryrec.vans.shrinkage import Shrinkage
from cherryrec.vans.snapshot import check_learned, check_stamp, stamp, under, with_prefix

__all__ = ["Vans"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

SPREAD_HORIZON = 1_000
"""Impressions over which a member's spread is averaged."""


class Vans:
    """The learner: scores an impression, then learns it.

    Every member's scores, as predicted before it learns the impression, are divided by their
    running deviation; their weights are at least 0, start equal, and descend the listwise loss.
    To their sum boosted trees are added that learn what it gets wrong.

    Parameters
    ----------
    features
        The columns of every slate, in order.
    config
        The settings.
    initial
        Weights that `lr` starts from, by feature name; 0 for those that are not there.

    Examples
    --------
    >>> import numpy as np
    >>> from cherryrec.vans import Feature, Vans
    >>> model = Vans((Feature("ctr"), Feature("age")))
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
        *,
        initial: Mapping[str, float] | None = None,
    ) -> None:
        check_features(features)
        self.features = features
        self.config = VansConfig() if config is None else config
        names = [feature.name for feature in features if not feature.is_context]
        prior, n_prior = self.config.prior_feature, self.config.prior_impressions
        if prior in {feature.name for feature in features if feature.is_context}:
            msg = f"prior_feature must differ within a slate, one of {names!r}, got {prior!r}"
            raise ConfigError(msg)
        self._shrinkage = Shrinkage(features, prior, impressions=n_prior)
        self._used = used_mask(features, self.config.without)
        self.scaler = SlateScaler(features, clip=self.config.clip)
        self.members = _members(features, self.config, initial or {})
        self.boost = _boost(features, self.config)
        self._shared = np.flatnonzero(~gated_mask(features))
        self._sees = {name: SEES.get(name, CENTRED) for name in self.members}
        n_members = len(self.members)
        self.stacker = ListwiseLinear(
            n_members,
            lr=self.config.ensemble_rate,
            nonnegative=True,
            initial=np.full(n_members, 1.0 / n_members),
        )
        self.drift = DriftMonitor(self.config.drift_threshold)
        self.n_learned = 0
        self._spread = np.zeros(n_members)  # mean square of each member's scores
        self._scale = np.ones(n_members)  # 1/√spread

    @property
    def weights(self) -> dict[str, float]:
        """The ensemble's weights (the paper's alpha, beta, gamma) by member."""
        return dict(zip(self.members, self.stacker.weights.tolist(), strict=True))

    @property
    def trust(self) -> float:
        """The share of what was learned in the scores, in [0, 1]: see `Shrinkage`."""
        return self._shrinkage.trust(self.n_learned)

    def score(self, X: Floats) -> Scored:
        """Score a slate of raw features, (n, F); nothing is learned."""
        check_slate(X, self.features)
        inputs = self._inputs(self.scaler.spread.with_slate(X), X)
        sees = self._sees
        parts = [m.part().contributions(inputs[sees[n]]) for n, m in self.members.items()]
        added = self.boost.part().contributions(inputs[RAW]) if self.boost else None
        scored = combine(
            parts, self._factors(), added, shared=self._shared, n_features=len(self.features)
        )
        return self._shrinkage.mix(scored, inputs[ALL], n_learned=self.n_learned)

    def scores(self, X: Floats) -> Floats:
        """Score a slate without reasons, (n, F) → (n,): `score`'s within 1e-9, in a fifth of it."""
        check_slate(X, self.features)
        inputs = self._inputs(self.scaler.spread.with_slate(X), X)
        parts = [m.score_slate(inputs[self._sees[name]]) for name, m in self.members.items()]
        scores = np.column_stack(parts) @ self._factors()
        if self.boost is not None:
            scores += self.boost.part().contributions(inputs[RAW]).sum(axis=1)
        return self._shrinkage.mix_scores(scores, inputs[ALL], n_learned=self.n_learned)

    def learn(self, X: Floats, clicked: Bools) -> None:
        """Learn one impression; one without a contrast teaches the scaler only.

        One of a single article teaches nothing: how articles differ within a slate it does not say.
        """
        check_slate(X, self.features)
        clicked = np.asarray(clicked, dtype=np.bool_)
        if clicked.shape != (len(X),):
            msg = f"clicked must have the shape ({len(X)},), got {clicked.shape!r}"
            raise ModelError(msg)
        if len(X) == 1:
            return
        self.scaler.learn_slate(X)
        if not teaches(clicked):
            return
        inputs = self._inputs(self.scaler.spread, X)
        scores = {name: m.score_slate(inputs[self._sees[name]]) for name, m in self.members.items()}
        by_member = np.array(list(scores.values())).T.copy()  # (n, M)
        stacked = by_member @ self._factors()
        self._look_for_drift(stacked, clicked)
        if self.boost is not None:
            self.boost.learn(inputs[RAW], clicked, stacked)
        self._learn_weights(by_member, clicked)
        for name, member in self.members.items():
            Z = inputs[self._sees[name]]
            if self.config.learning == "pointwise":
                for z, label in zip(Z, clicked.tolist(), strict=True):
                    member.learn_row(z, float(label))
            else:
                member.learn_slate(Z, clicked, scores.get("lr") if name == "pairs" else None)
        self.n_learned += 1

    def snapshot(self) -> Arrays:
        """Return the complete state as plain arrays."""
        arrays = stamp(fingerprint(self.features))
        arrays["n_learned"] = np.array(self.n_learned, dtype=np.int64)
        arrays["spread"] = self._spread.copy()
        arrays |= with_prefix("scaler", self.scaler.snapshot())
        arrays |= with_prefix("stacker", self.stacker.snapshot())
        arrays |= with_prefix("drift", self.drift.snapshot())
        for name, member in self.members.items():
            arrays |= with_prefix(name, member.snapshot())
        if self.boost is not None:
            arrays |= with_prefix("boost", self.boost.snapshot())
        return arrays

    @classmethod
    def restore(
        cls,
        features: tuple[Feature, ...],
        config: VansConfig,
        arrays: Mapping[str, NDArray[np.generic]],
        *,
        initial: Mapping[str, float] | None = None,
    ) -> Vans:
        """Rebuild a learner that goes on bit by bit as the snapshot's would have."""
        check_stamp(arrays, fingerprint(features))
        model = cls(features, config, initial=initial)
        check_learned(arrays, model.snapshot())
        model.n_learned = int(arrays["n_learned"])
        model._spread = arrays["spread"].astype(np.float64)
        model._scale = 1.0 / np.sqrt(np.where(model._spread > 0.0, model._spread, 1.0))
        model.scaler.load(under("scaler", arrays))
        model.stacker.load(under("stacker", arrays))
        model.drift.load(under("drift", arrays))
        for name, member in model.members.items():
            member.load(under(name, arrays))
        if model.boost is not None:
            model.boost.load(under("boost", arrays))
        return model

    def serving(self) -> Arrays:
        """Return the arrays that `Scorer` needs: no accumulators, no window."""
        arrays = stamp(fingerprint(self.features))
        arrays["factors"] = self._factors()
        arrays["n_learned"] = np.array(self.n_learned, dtype=np.int64)
        arrays |= with_prefix("scaler", self.scaler.snapshot())
        for name, member in self.members.items():
            arrays |= with_prefix(name, member.part().arrays())
        if self.boost is not None:
            arrays |= with_prefix("boost", self.boost.part().arrays())
        return arrays

    def _inputs(self, spread: Spread, X: Floats) -> dict[str, Floats]:
        """Standardise a slate in every way that a member sees it."""
        clip = self.config.clip
        wanted = {RAW, *self._sees.values()}
        return inputs_of(spread, X, clip=clip, used=self._used, wanted=wanted)

    def _look_for_drift(self, scores: Floats, clicked: Bools) -> None:
        """Let everything learn faster again when the error has risen suddenly."""
        if self.drift.is_alarmed_by(misordered(scores, clicked)):
            self.stacker.loosen(self.config.drift_share)
            for member in self.members.values():
                member.loosen(self.config.drift_share)
            if self.boost is not None:
                self.boost.forget()

    def _learn_weights(self, scores: Floats, clicked: Bools) -> None:
        """Count the members' scores, (n, M), into their spread and descend by their weights."""
        share = 1.0 / min(self.n_learned + 1, SPREAD_HORIZON)
        self._spread, self._scale, scaled = scaled_scores(scores, self._spread, share)
        self.stacker.learn(scaled, clicked)

    def _factors(self) -> Floats:
        """Return what each member's scores are multiplied by, (M,)."""
        return self.stacker.weights * self._scale


def _members(
    features: tuple[Feature, ...], config: VansConfig, initial: Mapping[str, float]
) -> dict[str, SlateMember]:
    """Build the members by name, in the order of the config."""
    shared = ungated(features)
    built: dict[str, SlateMember] = {}
    for name in config.stacked:
        if name == "lr":
            built[name] = ListwiseRegression(
                features,
                degrees=(1,),
                optimizer=AdaGrad(config.lr_rate),
                l2=config.lr_l2,
                initial=initial,
            )
        elif name == "pairs":
            optimizer = AdaGrad(config.pairs_rate, eps=config.pairs_caution or 1e-8)
            built[name] = ListwiseRegression(
                shared, degrees=(2,), optimizer=optimizer, l2=config.pairs_l2
            )
        elif name == "svm":
            built[name] = PairwiseSVM(
                features, optimizer=AdaGrad(config.svm_rate), l2=config.svm_l2
            )
        elif name == "fm":
            built[name] = FactorisedRegression(
                shared,
                n_factors=config.n_factors,
                rate=config.fm_rate,
                factor_rate=config.factor_rate,
                seed=config.seed,
            )
        elif name in {"net", "wide"}:
            built[name] = ListwiseNet(
                shared,
                sees=SEES[name],
                n_nets=config.n_nets,
                n_hidden=config.n_hidden,
                rate=config.net_rate if name == "net" else config.wide_rate,
                skip_rate=config.net_skip_rate,
                dropout=config.net_dropout,
                seed=config.seed,
            )
        else:
            built[name] = WindowForest(
                shared,
                n_trees=config.n_trees,
                depth=config.depth,
                refit_every=config.refit_every,
                window_rows=config.window_rows,
                rows_per_impression=config.rows_per_impression,
                min_leaf=config.min_leaf,
                leaf_shrinkage=config.leaf_shrinkage,
                feature_share=config.feature_share,
                clip=config.clip,
                seed=config.seed,
            )
    return built


def _boost(features: tuple[Feature, ...], config: VansConfig) -> BoostedTrees | None:
    """Build the trees that are added to the stack's scores, where they are wanted."""
    if "boost" not in config.members:
        return None
    return BoostedTrees(
        len(ungated(features)),
        n_trees=config.boost_trees,
        depth=config.boost_depth,
        every=config.boost_every,
        window_rows=config.boost_window_rows,
        sample_rows=config.boost_window_rows // 2,
        rate=config.boost_rate,
        seed=config.seed,
    )
