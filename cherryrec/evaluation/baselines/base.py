"""What every baseline is: something that ranks an impression and learns from its labels.

There are two kinds. A `Baseline` reads the row of the log; a `FeatureBaseline` reads the feature
matrix that CherryRec froze for the same request, so that only the model differs.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from cherryrec.evaluation.mind_rows import MindImpression

__all__ = ["Baseline", "FeatureBaseline"]


class Baseline(Protocol):
    """A ranking to compare with.

    `score` changes nothing; `learn` takes one impression whose labels are known. The caller decides
    when that is: at once, or after the label delay.
    """

    @property
    def name(self) -> str:
        """The row of the tables."""

    def score(self, impression: MindImpression) -> NDArray[np.float64]:
        """Return one number per candidate, higher is better, (n,)."""

    def learn(self, impression: MindImpression) -> None:
        """Learn from an impression that is over; one without labels teaches nothing."""


class FeatureBaseline(Protocol):
    """A ranking of feature matrices to compare with, under the same law as `Baseline`."""

    @property
    def name(self) -> str:
        """The row of the tables."""

    def score(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return one number per candidate, higher is better, (n, F) → (n,)."""

    def learn(self, features: NDArray[np.float64], clicked: NDArray[np.bool_]) -> None:
        """Learn from an impression that is over, (n, F) and (n,)."""
