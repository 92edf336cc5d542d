"""Standardising a slate: what differs within it by its deviation, its context by its history."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from river import base
from river.base.typing import FeatureName

from cherryrec.listwise import Arrays
from cherryrec.vans.features import Feature, context_mask, gated_mask
from cherryrec.vans.kernels import count_slate, standardise

__all__ = ["CLIP", "MOMENTS", "RunningMoments", "SlateScaler"]

Floats = NDArray[np.float64]

CLIP = 5.0
"""Deviations that standardised values are cut at where nothing is set."""

MOMENTS = ("count", "mean", "squares", "raw_count", "raw_mean", "raw_squares")
"""The arrays running moments are made of, (F,) each, in the order of `RunningMoments.numbers`."""


class RunningMoments:
    """Running count, mean and sum of squared deviations of every feature; never changed in place.

    Twice: within slates (of what is constant over a slate, over slates), and over all rows. A
    slate is standardised with its own values counted in, which needs no label: the first slate
    already has a deviation, and the learner sees the very numbers that were scored. Within slates,
    a gated feature counts only those in which it differs: it is 0 in all the others.

    Parameters
    ----------
    is_context, is_gated
        Which features are constant over a slate, and which are for some slates only, (F,).
    numbers
        The rows of `MOMENTS`, (6, F).
    """

    __slots__ = ("is_context", "is_gated", "numbers")

    def __init__(
        self, is_context: NDArray[np.bool_], is_gated: NDArray[np.bool_], numbers: Floats
    ) -> None:
        self.is_context = is_context
        self.is_gated = is_gated
        self.numbers = numbers

    @classmethod
    def of_nothing(cls, features: tuple[Feature, ...]) -> RunningMoments:
        """Return the moments before any slate."""
        numbers = np.zeros((len(MOMENTS), len(features)))
        return cls(context_mask(features), gated_mask(features), numbers)

    @classmethod
    def of_arrays(
        cls, features: tuple[Feature, ...], arrays: Mapping[str, NDArray[np.generic]]
    ) -> RunningMoments:
        """Rebuild moments from what `arrays` returned."""
        numbers = np.array([arrays[name] for name in MOMENTS], np.float64)
        return cls(context_mask(features), gated_mask(features), numbers)

    def arrays(self) -> Arrays:
        """Return what it is made of."""
        return dict(zip(MOMENTS, self.numbers, strict=True))

    @property
    def count(self) -> Floats:
        """How many values each feature's deviation within slates is of, (F,)."""
        return np.asarray(self.numbers[0])

    @property
    def mean(self) -> Floats:
        """The usual value of each context, (F,)."""
        return np.asarray(self.numbers[1])

    @property
    def raw_mean(self) -> Floats:
        """The mean of each feature over all rows, (F,)."""
        return np.asarray(self.numbers[4])

    @property
    def typical(self) -> Floats:
        """A row as it is on average, (F,)."""
        return np.where(self.is_context, self.mean, self.raw_mean)

    def with_row(self, row: Floats) -> RunningMoments:
        """Count in one row of raw values, (F,): Welford's update, as River's StandardScaler."""
        count, mean, squares, raw_count, raw_mean, raw_squares = self.numbers
        numbers = np.stack(
            [*_welford(row, count, mean, squares), *_welford(row, raw_count, raw_mean, raw_squares)]
        )
        return RunningMoments(self.is_context, self.is_gated, numbers)

    def with_slate(self, X: Floats) -> RunningMoments:
        """Count in a slate: n centred rows, or one row of what is constant over it.

        A slate of one article has a context but no deviation.
        """
        numbers = count_slate(self.numbers, X, self.is_context, self.is_gated)
        return RunningMoments(self.is_context, self.is_gated, numbers)

    def standardise(self, X: Floats, clip: float) -> Floats:
        """Standardise a slate's matrix with these moments, (n, F) → (n, F)."""
        return standardise(self.numbers, X, self.is_context, clip)


class SlateScaler(base.Transformer):
    """Centre each feature within its slate and divide by the running deviation of centred values.

    Context features are standardised by their running mean and deviation over slates. Row by row
    (`learn_one`, `transform_one`) it is River's `StandardScaler`.

    Parameters
    ----------
    features
        The columns, in order.
    clip
        Slates are cut at plus and minus this many deviations.

    Examples
    --------
    >>> import numpy as np
    >>> from cherryrec.vans import Feature, SlateScaler
    >>> scaler = SlateScaler((Feature("ctr"), Feature("hour", is_context=True)))
    >>> slate = np.array([[1.0, 12.0], [3.0, 12.0]])
    >>> scaler.transform_slate(slate).tolist()
    [[-1.0, 0.0], [1.0, 0.0]]
    """

    def __init__(self, features: tuple[Feature, ...], clip: float = CLIP) -> None:
        self.features = features
        self.clip = clip
        self.moments = RunningMoments.of_nothing(features)

    def learn_slate(self, X: Floats) -> None:
        """Count in one slate."""
        self.moments = self.moments.with_slate(X)

    def transform_slate(self, X: Floats) -> Floats:
        """Standardise a slate that has not been learned yet, itself counted in."""
        return self.moments.with_slate(X).standardise(X, self.clip)

    def learn_one(self, x: dict[FeatureName, float]) -> None:
        """Count in one row by itself; a feature that is not there counts as 0."""
        self.moments = self.moments.with_row(self._row(x))

    def transform_one(self, x: dict[FeatureName, float]) -> dict[FeatureName, float]:
        """Standardise one row by the running means and deviations, uncut."""
        row = self._row(x)[np.newaxis]
        moments, is_context = self.moments.numbers, np.ones(len(self.features), np.bool_)
        standardised = standardise(moments, row, is_context, np.inf)[0]
        return {
            feature.name: float(z) for feature, z in zip(self.features, standardised, strict=True)
        }

    def snapshot(self) -> Arrays:
        """Return the complete state as plain arrays."""
        return self.moments.arrays()

    def load(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Put back what `snapshot` returned."""
        self.moments = RunningMoments.of_arrays(self.features, arrays)

    def _row(self, x: Mapping[FeatureName, float]) -> Floats:
        """Order a row's values by the features."""
        return np.array([x.get(feature.name, 0.0) for feature in self.features], dtype=np.float64)


def _welford(row: Floats, count: Floats, mean: Floats, squares: Floats) -> tuple[Floats, ...]:
    """Count one row into counts, means and sums of squared deviations, (F,) each."""
    moved = mean + (row - mean) / (count + 1.0)
    return count + 1.0, moved, squares + (row - mean) * (row - moved)
