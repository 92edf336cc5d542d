"""Settings of VaNS: which members, how their scores are put together, and each member's own."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TypeVar

from cherryrec.errors import ConfigError
from cherryrec.vans.member import FIRST, SECOND, Member
from cherryrec.vans.members import MEMBERS
from cherryrec.vans.scaler import CLIP
from cherryrec.vans.snapshot import FORMER_MEMBERS

__all__ = ["FORMER_SETTINGS", "VansConfig"]

KINDS = MappingProxyType({kind.name: kind for kind in MEMBERS})
"""Every member by its name."""

LEARNING = ("impression", "pointwise")

FORMER_SETTINGS = MappingProxyType(
    {
        "start": "linear.start",
        "lr_rate": "linear.learning_rate",
        "lr_l2": "linear.l2",
        "pairs_rate": "pairs.learning_rate",
        "pairs_l2": "pairs.l2",
        "pairs_caution": "pairs.initial_accumulator",
        "svm_rate": "svm.learning_rate",
        "svm_l2": "svm.l2",
        "n_factors": "factors.n_factors",
        "fm_rate": "factors.learning_rate",
        "factor_rate": "factors.factor_learning_rate",
        "boost_trees": "boost.n_trees",
        "boost_depth": "boost.depth",
        "boost_every": "boost.grow_every",
        "boost_window_rows": "boost.window_rows",
        "boost_rate": "boost.learning_rate",
        "n_nets": "net.n_nets and wide.n_nets",
        "n_hidden": "net.n_hidden and wide.n_hidden",
        "net_rate": "net.learning_rate",
        "wide_rate": "wide.learning_rate",
        "net_skip_rate": "net.skip_learning_rate and wide.skip_learning_rate",
        "net_dropout": "net.input_dropout and wide.input_dropout",
        "ensemble_rate": "ensemble_learning_rate",
        "n_trees": "forest.n_trees",
        "depth": "forest.depth",
        "refit_every": "forest.refit_every",
        "window_rows": "forest.window_rows",
        "rows_per_impression": "forest.rows_per_impression",
        "min_leaf": "forest.min_leaf",
        "leaf_shrinkage": "forest.leaf_shrinkage",
        "feature_share": "forest.feature_share",
    }
)
"""Where a setting of `[vans]` is now that was called otherwise before."""

_M = TypeVar("_M", bound=Member)


@dataclass(frozen=True, slots=True, kw_only=True)
class VansConfig:
    """How the CherryRec Score is learned.

    Parameters
    ----------
    members
        The ensemble's members, each with settings of its own.
    without
        Features that are held at 0: an ablation.
    learning
        `impression` (the loss is the slate's) or `pointwise` (each article by itself: an ablation).
    prior_feature
        The feature a fresh model ranks by, and a young one is shrunk towards; where it is none, or
        none of the features, a fresh model scores every article 0.
    prior_impressions
        Learned impressions from which on the learned score counts for more than that feature; at
        least 0, where it never counts.
    clip
        Standardised features are cut at plus and minus this many standard deviations; above 0.
    ensemble_learning_rate
        AdaGrad's learning rate of the members' weights (the paper's alpha, beta, gamma); above 0.
    drift_threshold
        Standard errors by which the error of the last impressions must exceed the usual one for a
        drift; above 0.
    drift_share
        What is left, after a drift, of the sums that slow learning down; above 0.
    seed
        Of all that is drawn.
    settings
        Those of members that differ from their defaults, at most one of each.

    Examples
    --------
    >>> from cherryrec.vans import Forest, VansConfig
    >>> config = VansConfig(members=("linear", "forest"), settings=(Forest(n_trees=3),))
    >>> [member.name for member in config.first_stage], config.of(Forest).n_trees
    (['linear', 'forest'], 3)
    """

    members: tuple[str, ...] = tuple(kind.name for kind in MEMBERS if kind.is_default)
    without: tuple[str, ...] = ()
    learning: str = "impression"
    prior_feature: str | None = "news_value"
    prior_impressions: float = 10.0
    clip: float = CLIP
    ensemble_learning_rate: float = 0.1
    drift_threshold: float = 5.0
    drift_share: float = 0.03
    seed: int = 0
    settings: tuple[Member, ...] = field(default=(), metadata={"is_setting": False})

    @property
    def first_stage(self) -> tuple[Member, ...]:
        """The members that are weighed, with their settings."""
        return self._of_stage(FIRST)

    @property
    def second_stage(self) -> tuple[Member, ...]:
        """The members that learn what the weighed sum gets wrong, and are added to it."""
        return self._of_stage(SECOND)

    @property
    def stages(self) -> tuple[Member, ...]:
        """All members with their settings, those of the first stage first."""
        return (*self.first_stage, *self.second_stage)

    def of(self, kind: type[_M]) -> _M:
        """Return the settings of a member, whether it is in the ensemble or not."""
        return next((one for one in self.settings if type(one) is kind), kind())

    def with_settings(self, *changed: Member) -> VansConfig:
        """Return the same with other settings of some members; defaults are left out."""
        kinds = {type(one) for one in changed}
        kept = (one for one in self.settings if type(one) not in kinds)
        settings = tuple(one for one in (*kept, *changed) if one != type(one)())
        return replace(self, settings=settings)

    def __post_init__(self) -> None:
        """Refuse settings no model can be built with."""
        self._check_members()
        if self.learning not in LEARNING:
            msg = f"learning must be one of {LEARNING!r}, got {self.learning!r}"
            raise ConfigError(msg)
        for name in ("clip", "ensemble_learning_rate", "drift_threshold", "drift_share"):
            if not getattr(self, name) > 0:
                msg = f"{name} must be above 0, got {getattr(self, name)!r}"
                raise ConfigError(msg)
        for name in ("prior_impressions", "seed"):
            if not getattr(self, name) >= 0:
                msg = f"{name} must be at least 0, got {getattr(self, name)!r}"
                raise ConfigError(msg)

    def _check_members(self) -> None:
        """Refuse members that are none, twice there, or all of the second stage."""
        unknown = [name for name in self.members if name not in KINDS]
        if unknown or len(set(self.members)) < len(self.members) or not self.first_stage:
            msg = (
                f"members must be some of {tuple(KINDS)!r}, each once, one of the first stage at "
                f"least, got {self.members!r}"
            )
            now = [f"{name!r} is {FORMER_MEMBERS[name]!r} now" for name in unknown
                   if name in FORMER_MEMBERS]  # fmt: skip
            raise ConfigError(": ".join([msg, *([", ".join(now)] if now else [])]))
        kinds = [type(one) for one in self.settings]
        if len(set(kinds)) < len(kinds) or not set(kinds) <= set(MEMBERS):
            names = [kind.__name__ for kind in kinds]
            msg = f"settings must be of members, at most one of each, got {names!r}"
            raise ConfigError(msg)

    def _of_stage(self, stage: int) -> tuple[Member, ...]:
        kinds = (KINDS[name] for name in self.members)
        return tuple(self.of(kind) for kind in kinds if kind.stage == stage)
