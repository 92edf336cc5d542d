"""What every member of the ensemble can do: River's regressor, and the same on whole slates."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from river import base
from river.base.typing import FeatureName

from cherryrec.listwise import Arrays
from cherryrec.vans.features import Feature

__all__ = ["Part", "SlateMember", "less_mean"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


class Part(abc.ABC):
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
    def learn_slate(self, Z: Floats, clicked: Bools, offset: Floats | None = None) -> None:
        """Learn from one impression that holds a clicked and an unclicked article.

        Parameters
        ----------
        Z
            The standardised slate as the member sees it, (n, F) or (n, 2F).
        clicked
            Which of its articles were clicked, (n,).
        offset
            Scores that this member's are added to, (n,); absent when it stands alone.
        """

    @abc.abstractmethod
    def part(self) -> Part:
        """Return what scores a slate, as of now."""

    @abc.abstractmethod
    def snapshot(self) -> Arrays:
        """Return the complete state as plain arrays."""

    @abc.abstractmethod
    def load(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Put back what `snapshot` returned."""

    @abc.abstractmethod
    def loosen(self, share: float) -> None:
        """Learn faster again, after a drift: of what slowed learning down a share is left."""

    @abc.abstractmethod
    def predict_row(self, z: Floats) -> float:
        """Predict one standardised row, (F,)."""

    @abc.abstractmethod
    def learn_row(self, z: Floats, y: float) -> None:
        """Learn one standardised row, (F,), by itself."""

    def score_slate(self, Z: Floats) -> Floats:
        """Score a standardised slate, (n, F) → (n,)."""
        return self.part().scores(Z)

    def learn_one(self, x: dict[FeatureName, Any], y: base.typing.RegTarget) -> None:
        """Learn one row by itself; a feature that is not there counts as 0, others are ignored."""
        self.learn_row(self._row(x), float(y))

    def predict_one(self, x: dict[FeatureName, Any]) -> float:
        """Predict one row."""
        return self.predict_row(self._row(x))

    def _row(self, x: Mapping[FeatureName, Any]) -> Floats:
        """Order a row's values by the features."""
        return np.array([x.get(feature.name, 0.0) for feature in self.features], dtype=np.float64)


def less_mean(scores: Floats) -> Floats:
    """Take the slate's mean off its scores, (n,)."""
    result: Floats = scores - scores.sum() / len(scores)
    return result
