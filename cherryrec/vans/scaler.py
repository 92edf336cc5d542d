"""Standardising a slate: what differs within it by its spread, its context by its history."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from river import base
from river.base.typing import FeatureName

from cherryrec.listwise import Arrays
from cherryrec.vans.features import Feature, context_mask, gated_mask

__all__ = ["SPREAD", "SlateScaler", "Spread"]

Floats = NDArray[np.float64]


SPREAD = ("count", "mean", "squares", "raw_count", "raw_mean", "raw_squares")
"""The arrays a spread is made of, (F,) each."""


class Spread:
    """Running count, mean and sum of squared deviations of every feature; never changed in place.

    Twice: within slates (of what is constant over a slate, over slates), and over all rows. A
    slate is standardised with its own values counted in, which needs no label: the first slate
    already has a spread, and the learner sees the very numbers that were scored. Within slates, a
    gated feature counts only those in which it differs: it is 0 in all the others.
    """

    __slots__ = (
        "count",
        "is_context",
        "is_gated",
        "mean",
        "raw_count",
        "raw_mean",
        "raw_squares",
        "squares",
    )

    def __init__(
        self, is_context: NDArray[np.bool_], is_gated: NDArray[np.bool_], *arrays: Floats
    ) -> None:
        self.is_context = is_context
        self.is_gated = is_gated
        self.count, self.mean, self.squares = arrays[:3]  # (F,)
        self.raw_count, self.raw_mean, self.raw_squares = arrays[3:]  # (F,)

    @classmethod
    def of_nothing(cls, features: tuple[Feature, ...]) -> Spread:
        """Return the spread before any slate."""
        return cls(
            context_mask(features),
            gated_mask(features),
            *(np.zeros(len(features)) for _ in SPREAD),
        )

    @classmethod
    def of_arrays(
        cls, features: tuple[Feature, ...], arrays: Mapping[str, NDArray[np.generic]]
    ) -> Spread:
        """Rebuild a spread from what `arrays` returned."""
        return cls(
            context_mask(features),
            gated_mask(features),
            *(arrays[name].astype(np.float64) for name in SPREAD),
        )

    def arrays(self) -> Arrays:
        """Return what it is made of."""
        return {name: getattr(self, name) for name in SPREAD}

    def with_row(self, row: Floats) -> Spread:
        """Count in one row of raw values, (F,): Welford's update, as River's StandardScaler."""
        count = self.count + 1.0
        mean = self.mean + (row - self.mean) / count
        squares = self.squares + (row - self.mean) * (row - mean)
        rows = self._with_rows(row, 0.0, 1)
        return Spread(self.is_context, self.is_gated, count, mean, squares, *rows)

    def with_slate(self, X: Floats) -> Spread:
        """Count in a slate: n centred rows, or one row of what is constant over it.

        A slate of one article has a context but no spread.
        """
        n = len(X)
        middle = X.sum(axis=0) / n
        centred = X - middle  # (n, F)
        within = np.einsum("nf,nf->f", centred, centred)
        slates = self.count + 1.0
        mean = self.mean + (X[0] - self.mean) / slates
        squares = self.squares + (X[0] - self.mean) * (X[0] - mean)
        is_context, has_spread = self.is_context, n > 1
        n_counted = np.where(self.is_gated & (within == 0.0), 0.0, n if has_spread else 0.0)
        return Spread(
            is_context,
            self.is_gated,
            np.where(is_context, slates, self.count + n_counted),
            np.where(is_context, mean, self.mean),
            np.where(is_context, squares, self.squares + within if has_spread else self.squares),
            *self._with_rows(middle, within, n),
        )

    def _with_rows(
        self, middle: Floats, within: Floats | float, n: int
    ) -> tuple[Floats, Floats, Floats]:
        """Count n rows of a mean and a sum of squares about it into those of all rows (Chan)."""
        count = self.raw_count + n
        step = middle - self.raw_mean
        mean = self.raw_mean + step * (n / count)
        squares = self.raw_squares + within + step * step * (self.raw_count * n / count)
        return count, mean, squares

    def inverse_deviation(self) -> Floats:
        """Return 1 / standard deviation of each feature, 0 where nothing has differed yet."""
        return _inverse(self.count, self.mean, self.squares)

    def uncentred(self, X: Floats, clip: float) -> Floats:
        """Standardise by mean and deviation over all rows, (n, F) → (n, F); a context is 0."""
        scale = _inverse(self.raw_count, self.raw_mean, self.raw_squares)
        scale = np.where(self.is_context, 0.0, scale)
        result: Floats = np.clip((X - self.raw_mean) * scale, -clip, clip)
        return result

    def standardise(self, X: Floats, clip: float) -> Floats:
        """Standardise a slate's matrix with this spread, (n, F) → (n, F)."""
        middle = np.where(self.is_context, self.mean, X.mean(axis=0))
        result: Floats = np.clip((X - middle) * self.inverse_deviation(), -clip, clip)
        return result


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

    def __init__(self, features: tuple[Feature, ...], clip: float = 5.0) -> None:
        self.features = features
        self.clip = clip
        self.spread = Spread.of_nothing(features)

    def learn_slate(self, X: Floats) -> None:
        """Count in one slate."""
        self.spread = self.spread.with_slate(X)

    def transform_slate(self, X: Floats) -> Floats:
        """Standardise a slate that has not been learned yet, itself counted in."""
        return self.spread.with_slate(X).standardise(X, self.clip)

    def learn_one(self, x: dict[FeatureName, float]) -> None:
        """Count in one row by itself; a feature that is not there counts as 0."""
        self.spread = self.spread.with_row(self._row(x))

    def transform_one(self, x: dict[FeatureName, float]) -> dict[FeatureName, float]:
        """Standardise one row by the running means and deviations, uncut."""
        row = (self._row(x) - self.spread.mean) * self.spread.inverse_deviation()
        return {feature.name: float(z) for feature, z in zip(self.features, row, strict=True)}

    def snapshot(self) -> Arrays:
        """Return the complete state as plain arrays."""
        return self.spread.arrays()

    def load(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Put back what `snapshot` returned."""
        self.spread = Spread.of_arrays(self.features, arrays)

    def _row(self, x: Mapping[FeatureName, float]) -> Floats:
        """Order a row's values by the features."""
        return np.array([x.get(feature.name, 0.0) for feature in self.features], dtype=np.float64)


def _inverse(count: Floats, mean: Floats, squares: Floats) -> Floats:
    """Return 1 / standard deviation, 0 where there is none."""
    variance = squares / np.maximum(count, 1.0)
    # Rounding leaves some 1e-16 of a constant's square: a spread that small is none.
    has_spread = variance > 1e-24 * (1.0 + mean * mean)
    result: Floats = has_spread / np.sqrt(np.where(has_spread, variance, 1.0))
    return result
