"""Bootstrap intervals of means: how far a number may move with another sample of impressions.

References
----------
Efron (1979), Bootstrap methods: another look at the jackknife, The Annals of Statistics 7(1).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["LEAST", "Interval", "bootstrap_means", "mean_interval"]

LEAST = 10
"""With fewer values there is no interval: what few have in common would pass for certain."""

MAX_RESAMPLED = 200_000
"""Above that many values the interval is the normal one, which the bootstrap then equals."""


_AT_ONCE = 32
"""Samples that one product sums: each alone reads all values anew, at four times the cost."""


class Interval(NamedTuple):
    """A mean with the ends of its 95 % interval; NaN where there was nothing to average.

    The ends alone are NaN where there were too few values (`LEAST`) to tell how far it may move.
    """

    mean: float
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        """Whether both ends lie on one side of 0.

        Examples
        --------
        >>> Interval(0.2, 0.1, 0.3).excludes_zero, Interval(0.1, -0.1, 0.3).excludes_zero
        (True, False)
        """
        return self.low > 0.0 or self.high < 0.0


def mean_interval(values: ArrayLike, *, seed: int = 0, n_resamples: int = 1000) -> Interval:
    """Return the mean of the values that are not NaN, with its 95 % percentile interval.

    Parameters
    ----------
    values
        One number per impression, (n,).
    seed
        Of the resampling: the same seed gives the same interval.
    n_resamples
        How many samples to draw, with replacement; at least 1.

    Examples
    --------
    >>> mean_interval([2.0, 2.0, 2.0])  # too few
    Interval(mean=2.0, low=nan, high=nan)
    >>> interval = mean_interval([0.0, 1.0] * 50)
    >>> interval.mean, 0.39 <= interval.low <= 0.42, 0.58 <= interval.high <= 0.61
    (0.5, True, True)
    """
    column = np.asarray(values, dtype=np.float64).reshape(-1, 1)  # (n, 1)
    return bootstrap_means(column, seed=seed, n_resamples=n_resamples)[0]


def bootstrap_means(
    values: NDArray[np.floating], *, seed: int = 0, n_resamples: int = 1000
) -> list[Interval]:
    """Return the mean and interval of every column, all columns resampled together.

    Parameters
    ----------
    values
        (n, m): a row per impression, a column per metric; NaN where a metric is not defined.
    seed, n_resamples
        As in `mean_interval`.
    """
    n, m = values.shape
    known = ~np.isnan(values)  # (n, m)
    filled = np.where(known, values, 0.0)  # (n, m)
    n_known = known.sum(axis=0)  # (m,)
    with np.errstate(invalid="ignore"):
        means = filled.sum(axis=0) / n_known  # (m,)
    if n == 0 or not n_known.any():
        return [Interval(float("nan"), float("nan"), float("nan"))] * m
    if n > MAX_RESAMPLED:
        with np.errstate(invalid="ignore"):
            deviations = np.where(known, values - means, 0.0)  # (n, m)
            half = 1.96 * np.sqrt((deviations**2).sum(axis=0)) / n_known  # (m,)
        low, high = means - half, means + half
    else:
        low, high = _percentiles(filled, known, seed=seed, n_resamples=n_resamples)
    low, high = (np.where(n_known < LEAST, np.nan, ends) for ends in (low, high))
    return [Interval(*map(float, ends)) for ends in zip(means, low, high, strict=True)]


def _percentiles(
    filled: NDArray[np.floating], known: NDArray[np.bool_], *, seed: int, n_resamples: int
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Resample rows and return the 2.5th and 97.5th percentile of each column's mean."""
    rng = np.random.default_rng(seed)
    n, m = filled.shape
    both = np.hstack([filled, known])  # (n, 2m)
    sums = np.empty((n_resamples, 2 * m))
    for first in range(0, n_resamples, _AT_ONCE):
        part = sums[first : first + _AT_ONCE]
        times_drawn = np.empty((len(part), n))
        for drawn in times_drawn:
            drawn[:] = np.bincount(rng.integers(n, size=n), minlength=n)
        part[:] = times_drawn @ both
    with np.errstate(invalid="ignore"):
        means = sums[:, :m] / sums[:, m:]  # (n_resamples, m)
    known_columns = np.where(np.isnan(means).all(axis=0), 0.0, means)
    low, high = np.nanpercentile(known_columns, [2.5, 97.5], axis=0)
    absent = ~known.any(axis=0)
    return np.where(absent, np.nan, low), np.where(absent, np.nan, high)
