"""Settings of VaNS."""

from __future__ import annotations

from dataclasses import dataclass

from cherryrec.errors import ConfigError
from cherryrec.vans.prior import STARTS

__all__ = ["MEMBERS", "VansConfig"]

MEMBERS = ("lr", "fm", "rf", "svm", "net", "wide", "boost")
KNOWN = (*MEMBERS, "pairs")

LEARNING = ("impression", "pointwise")


@dataclass(frozen=True, slots=True, kw_only=True)
class VansConfig:
    """How the CherryRec Score is learned.

    Parameters
    ----------
    members
        The ensemble's members, out of `lr` (Algorithm 1, degree 1), `pairs` (Algorithm 1's
        degree-2 interactions, learned on top of `lr`), `rf`, `svm`, `net` (small networks),
        `wide` (the same with the slate's ranks as inputs), `fm` (a factorisation machine: Algorithm
        1's interactions with few numbers) and `boost` (trees on what the others get wrong).
    without
        Features that are held at 0: an ablation.
    learning
        `impression` (the loss is the slate's) or `pointwise` (each article by itself: an ablation).
    start
        What the weights of `lr` start from: `generated` (learned on generated worlds, shipped) or
        `zero`.
    prior_feature
        The feature a fresh model ranks by, and a young one is shrunk towards; where it is none, or
        none of the features, a fresh model scores every article 0.
    prior_impressions
        Learned impressions from which on the learned score counts for more than that feature; at
        least 0, where it never counts.
    clip
        Standardised features are cut at plus and minus this many standard deviations; above 0.
    lr_rate
        AdaGrad's learning rate of `lr`; above 0.
    lr_l2
        L2 penalty of `lr`; at least 0.
    pairs_rate
        AdaGrad's learning rate of `pairs`; above 0.
    pairs_l2
        L2 penalty of `pairs`; at least 0.
    pairs_caution
        What AdaGrad's sum of squares of `pairs` starts from, so that a thousand interactions don't
        take a full step each on the first impression; at least 0.
    svm_rate
        AdaGrad's learning rate of `svm`; above 0.
    svm_l2
        L2 penalty of `svm`; at least 0.
    n_factors
        Factors of `fm`; above 0.
    fm_rate
        AdaGrad's learning rate of the weights of `fm`; above 0.
    factor_rate
        AdaGrad's learning rate of its factors; above 0.
    boost_trees
        Trees of `boost`, from 1 on.
    boost_depth
        Depth of its trees, from 1 to 8.
    boost_every
        Impressions after which it grows one more tree; above 0.
    boost_window_rows
        Rows of the newest impressions that it grows a tree from; above 0.
    boost_rate
        Share of a tree's values that is added to the score, its shrinkage; above 0.
    n_nets
        Networks of `net` and of `wide`; above 0.
    n_hidden
        Rectified units of each network; above 0.
    net_rate
        Adam's learning rate of the units of `net`; above 0.
    wide_rate
        Adam's learning rate of the units of `wide`; above 0.
    net_skip_rate
        AdaGrad's learning rate of the linear parts of both; above 0.
    net_dropout
        Share of the inputs that a network leaves out of a step, in [0, 1).
    ensemble_rate
        AdaGrad's learning rate of the members' weights (the paper's alpha, beta, gamma); above 0.
    drift_threshold
        Standard errors by which the error of the last impressions must exceed the usual one for a
        drift; above 0.
    drift_share
        What is left, after a drift, of the sums that slow learning down; above 0.
    n_trees
        Trees of `rf`; above 0.
    depth
        Their depth, from 1 to 8.
    refit_every
        Impressions after which the next tree is grown again; above 0.
    window_rows
        Rows of the newest impressions that the trees of `rf` are grown from, at least
        `rows_per_impression`.
    rows_per_impression
        How many of them, from 2 on, one impression may fill: all clicked articles and a sample of
        the others, weighted to stand for them.
    min_leaf
        Weight (articles) that a leaf must hold; above 0.
    leaf_shrinkage
        Weight of articles of mean 0 added to every leaf; at least 0.
    feature_share
        Share of the features that one tree may split on; in (0, 1].
    seed
        Of all that is drawn.
    """

    members: tuple[str, ...] = MEMBERS
    without: tuple[str, ...] = ()
    learning: str = "impression"
    start: str = "generated"
    prior_feature: str | None = "news_value"
    prior_impressions: float = 10.0
    clip: float = 5.0
    lr_rate: float = 0.04
    lr_l2: float = 1e-5
    pairs_rate: float = 0.01
    pairs_l2: float = 1e-3
    pairs_caution: float = 1.0
    svm_rate: float = 0.02
    svm_l2: float = 1e-4
    n_factors: int = 8
    fm_rate: float = 0.02
    factor_rate: float = 0.01
    boost_trees: int = 200
    boost_depth: int = 3
    boost_every: int = 25
    boost_window_rows: int = 32_768
    boost_rate: float = 0.05
    n_nets: int = 4
    n_hidden: int = 16
    net_rate: float = 0.002
    wide_rate: float = 0.001
    net_skip_rate: float = 0.02
    net_dropout: float = 0.2
    ensemble_rate: float = 0.1
    drift_threshold: float = 5.0
    drift_share: float = 0.03
    n_trees: int = 10
    depth: int = 6
    refit_every: int = 50
    window_rows: int = 8_192
    rows_per_impression: int = 6
    min_leaf: float = 100.0
    leaf_shrinkage: float = 100.0
    feature_share: float = 0.4
    seed: int = 0

    @property
    def stacked(self) -> tuple[str, ...]:
        """The members of the first stage, which are weighed."""
        return tuple(name for name in self.members if name != "boost")

    @property
    def stages(self) -> tuple[str, ...]:
        """All members, those of the second stage last: they are added to the sum as they are."""
        return (*self.stacked, *(name for name in self.members if name == "boost"))

    def __post_init__(self) -> None:
        """Refuse settings no model can be built with."""
        unknown = [name for name in self.members if name not in KNOWN]
        if unknown or not self.stacked or len(set(self.members)) < len(self.members):
            msg = (
                f"members must be some of {KNOWN!r}, 'boost' not alone, each once, "
                f"got {self.members!r}"
            )
            raise ConfigError(msg)
        if self.learning not in LEARNING:
            msg = f"learning must be one of {LEARNING!r}, got {self.learning!r}"
            raise ConfigError(msg)
        if self.start not in STARTS:
            msg = f"start must be one of {STARTS!r}, got {self.start!r}"
            raise ConfigError(msg)
        for name in (
            "clip", "lr_rate", "pairs_rate", "svm_rate", "ensemble_rate", "n_trees",
            "refit_every", "min_leaf", "n_nets", "n_hidden", "net_rate", "wide_rate",
            "n_factors", "fm_rate", "factor_rate", "boost_trees", "boost_every", "boost_rate",
            "boost_window_rows",
            "net_skip_rate", "drift_threshold", "drift_share",
        ):  # fmt: skip
            if not getattr(self, name) > 0:
                msg = f"{name} must be above 0, got {getattr(self, name)!r}"
                raise ConfigError(msg)
        for name in ("lr_l2", "pairs_l2", "pairs_caution", "svm_l2", "leaf_shrinkage",
            "prior_impressions", "seed",
        ):  # fmt: skip
            if not getattr(self, name) >= 0:
                msg = f"{name} must be at least 0, got {getattr(self, name)!r}"
                raise ConfigError(msg)
        if not 0.0 <= self.net_dropout < 1.0:
            msg = f"net_dropout must be at least 0 and below 1, got {self.net_dropout!r}"
            raise ConfigError(msg)
        for name in ("depth", "boost_depth"):
            if not 1 <= getattr(self, name) <= 8:
                msg = f"{name} must be from 1 to 8, got {getattr(self, name)!r}"
                raise ConfigError(msg)
        if not 0.0 < self.feature_share <= 1.0:
            msg = f"feature_share must be above 0 and at most 1, got {self.feature_share!r}"
            raise ConfigError(msg)
        if not 2 <= self.rows_per_impression <= self.window_rows:
            msg = (
                "rows_per_impression must be from 2 to window_rows "
                f"({self.window_rows!r}), got {self.rows_per_impression!r}"
            )
            raise ConfigError(msg)
