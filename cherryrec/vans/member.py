"""What every member of the ensemble is: its settings, its learner, and its frozen form that serves.

A member is a frozen struct of settings, `Member`, which builds its learner, a `SlateMember`
(River's regressor, and the same on whole slates), and rebuilds its `FrozenMember`, which only
scores.
"""

from __future__ import annotations

import abc
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray
from river import base
from river.base.typing import FeatureName

from cherryrec.errors import ConfigError
from cherryrec.listwise import Arrays
from cherryrec.vans.features import Feature
from cherryrec.vans.inputs import CENTRED

__all__ = ["FIRST", "SECOND", "FrozenMember", "Member", "Shapes", "SlateMember", "less_mean"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Shapes: TypeAlias = dict[str, tuple[int | None, ...]]
"""The shape of each array by its name; None is any length."""

FIRST, SECOND = 1, 2
"""Stages: scores of the first are weighed; what the second says of what is left is added."""


class FrozenMember(abc.ABC):
    """What is needed of a member to score: immutable, made of few plain arrays."""

    @abc.abstractmethod
    def contributions(self, Z: Floats) -> Floats:
        """Split the scores of a standardised slate by feature, (n, F), each column's mean 0."""

    @abc.abstractmethod
    def scores(self, Z: Floats) -> Floats:
        """Score a standardised slate without splitting, (n,), of mean 0."""

    @abc.abstractmethod
    def arrays(self) -> Arrays:
        """Return the arrays it is made of."""


class SlateMember(base.Regressor):
    """A River regressor of standardised features that also learns and scores whole slates.

    `score_slate` differs from `predict_one` of its rows by one constant per slate, which no
    ranking sees: a slate's scores have mean 0. Learning from a slate descends a loss over the
    slate; `learn_one` descends the squared loss (or its kin) of one row, as River's models do.
    """

    features: tuple[Feature, ...]

    @abc.abstractmethod
    def learn_slate(
        self, Z: Floats, clicked: Bools, offset: Floats | None = None, weight: float = 1.0
    ) -> None:
        """Learn from one impression that holds a clicked and an unclicked article.

        Parameters
        ----------
        Z
            The standardised slate as the member sees it, (n, F) or (n, 2F).
        clicked
            Which of its articles were clicked, (n,).
        offset
            Scores that this member's are added to, (n,); absent when it stands alone.
        weight
            For how many impressions it stands, where the others are left out (`sampling`); above 0.
        """

    @abc.abstractmethod
    def frozen(self) -> FrozenMember:
        """Return what scores a slate, as of now."""

    @abc.abstractmethod
    def snapshot(self) -> Arrays:
        """Return the complete state as plain arrays."""

    @abc.abstractmethod
    def load(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Put back what `snapshot` returned."""

    @abc.abstractmethod
    def warm_restart(self, share: float) -> None:
        """Learn faster again, after a drift: of what slowed learning down a share is left."""

    @abc.abstractmethod
    def predict_row(self, z: Floats) -> float:
        """Predict one standardised row, (F,)."""

    @abc.abstractmethod
    def learn_row(self, z: Floats, y: float) -> None:
        """Learn one standardised row, (F,), by itself."""

    def score_slate(self, Z: Floats) -> Floats:
        """Score a standardised slate, (n, F) → (n,)."""
        return self.frozen().scores(Z)

    def learn_one(self, x: dict[FeatureName, Any], y: base.typing.RegTarget) -> None:
        """Learn one row by itself; a feature that is not there counts as 0, others are ignored."""
        self.learn_row(self._row(x), float(y))

    def predict_one(self, x: dict[FeatureName, Any]) -> float:
        """Predict one row."""
        return self.predict_row(self._row(x))

    def _row(self, x: Mapping[FeatureName, Any]) -> Floats:
        """Order a row's values by the features."""
        return np.array([x.get(feature.name, 0.0) for feature in self.features], dtype=np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Member(abc.ABC):
    """A member of the ensemble: its fields are its settings, `[vans.<name>]`.

    `cherryrec.vans.members.MEMBERS` lists them all: settings, documentation, snapshots, serving and
    ablation follow from there.
    """

    name: ClassVar[str]
    """Of its settings, of its arrays in a snapshot, and of its ablation."""

    inputs: ClassVar[str] = CENTRED
    """Its view of a slate: see `cherryrec.vans.inputs`."""

    stage: ClassVar[int] = FIRST
    """One of the second learns with the first's weighed sum as its offset, and is added to it."""

    on_top_of: ClassVar[str | None] = None
    """The member of the first stage whose scores are its offset, where that is in the ensemble."""

    is_default: ClassVar[bool] = True
    """Whether it is in the ensemble where nothing is set."""

    @abc.abstractmethod
    def learner(self, features: tuple[Feature, ...], *, clip: float, seed: int) -> SlateMember:
        """Build what learns.

        Parameters
        ----------
        features
            The columns that it sees, in order.
        clip
            What standardised values are cut at.
        seed
            Of all that is drawn.
        """

    @abc.abstractmethod
    def frozen(
        self, arrays: Mapping[str, NDArray[np.generic]], *, n_features: int, clip: float
    ) -> FrozenMember:
        """Rebuild its frozen form from its arrays, which have the shapes of `shapes`.

        Raises
        ------
        ModelError
            A number in them is out of its range.
        """

    @abc.abstractmethod
    def shapes(self, n_features: int) -> Shapes:
        """Return the shape of each array of its frozen form, for so many features that it sees."""

    def at_least_every(self, n_impressions: int) -> Self:
        """Return settings with which what comes at intervals comes within so many impressions."""
        return self

    def require(self, is_met: bool, name: str, wanted: str) -> None:
        """Refuse the setting of this name where what is wanted of it is not met."""
        if not is_met:
            msg = f"vans.{self.name}: {name} must be {wanted}, got {getattr(self, name)!r}"
            raise ConfigError(msg)

    def require_above_0(self, *names: str) -> None:
        """Refuse settings that are 0 or below, or no number."""
        for name in names:
            self.require(getattr(self, name) > 0, name, "above 0")

    def require_at_least_0(self, *names: str) -> None:
        """Refuse settings below 0, or no number."""
        for name in names:
            self.require(getattr(self, name) >= 0, name, "at least 0")


def less_mean(scores: Floats) -> Floats:
    """Take the slate's mean off its scores, (n,)."""
    result: Floats = scores - scores.sum() / len(scores)
    return result
