"""From a slate's raw features to what the members see: counted, standardised, ranked.

F features, of which F' are not gated; n articles. The numbers of running moments are the rows of
one matrix, (6, F): count, mean and sum of squared deviations within slates, and the same of all
rows.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cherryrec.compiled import compiled, inner

__all__ = ["count_slate", "slate_inputs", "slate_ranks", "standardise"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
_Numbers = NDArray[np.float32] | NDArray[np.float64]

_RANKS_SHARE = 0.3


@compiled
def count_slate(moments: Floats, X: Floats, is_context: Bools, is_gated: Bools) -> Floats:
    """Count a slate into running moments: see `RunningMoments.with_slate`."""
    n, n_features = X.shape
    middle = _column_means(X)
    within = np.zeros(n_features)
    for i in range(n):
        for f in range(n_features):
            away = X[i, f] - middle[f]
            within[f] += away * away
    counted = moments.copy()
    count, mean, squares = counted[0], counted[1], counted[2]
    raw_count, raw_mean, raw_squares = counted[3], counted[4], counted[5]
    for f in range(n_features):
        if is_context[f]:
            count[f] += 1.0
            before = X[0, f] - mean[f]
            mean[f] += before / count[f]
            squares[f] += before * (X[0, f] - mean[f])
        elif n > 1:
            count[f] += 0.0 if is_gated[f] and within[f] == 0.0 else n
            squares[f] += within[f]
        # Two sets of rows as one, by their means and squares about them (Chan).
        step = middle[f] - raw_mean[f]
        together = raw_count[f] + n
        raw_mean[f] += step * (n / together)
        raw_squares[f] += within[f] + step * step * (raw_count[f] * n / together)
        raw_count[f] = together
    return counted


@compiled
def standardise(moments: Floats, X: Floats, is_context: Bools, clip: float) -> Floats:
    """Take a slate's means off, or a context's usual one, and divide by the deviation within."""
    middle = _column_means(X)
    for f in range(len(middle)):
        if is_context[f]:
            middle[f] = moments[1, f]
    return _scaled(X, middle, _inverse(moments[0], moments[1], moments[2]), clip)


@compiled
def slate_ranks(X: Floats) -> Floats:
    """Rank each column within the slate, (n, F) → (n, F): from -√3, lowest, to √3, highest.

    Equal values share their mean rank; a column that doesn't differ is 0. Ranks spread evenly
    have a deviation of about 1, as the standardised values beside them.

    Examples
    --------
    >>> slate_ranks(np.array([[5.0], [900.0], [7.0], [7.0]]))[:, 0].round(2).tolist()
    [-1.73, 1.73, 0.0, 0.0]
    """
    n, n_features = X.shape
    columns = np.empty(n_features, np.int64)  # those that differ
    n_columns, is_single = 0, True
    for f in range(n_features):
        differs = False
        for i in range(n):
            differs |= X[i, f] != X[0, f]
            is_single &= np.float64(np.float32(X[i, f])) == X[i, f]
        if differs:
            columns[n_columns] = f
            n_columns += 1
    columns = columns[:n_columns]
    out = np.zeros((n, n_features))
    if is_single:  # as features are: twice as many at once
        _rank(_picked(X, columns, np.empty((n, n_columns), np.float32)), columns, out)
    else:
        _rank(_picked(X, columns, np.empty((n, n_columns), np.float64)), columns, out)
    return out


@compiled
def slate_inputs(
    moments: Floats,
    X: Floats,
    is_context: Bools,
    is_gated: Bools,
    used: Floats,
    clip: float,
    with_ranks: bool,
    with_raw: bool,
) -> tuple[Floats, Floats, Floats, Floats]:
    """Standardise a slate in every way that members see it: see `inputs`.

    Z of all features, (n, F), and of those not gated, (n, F'), then it and ranks, (n, 2F'), and it
    and uncentred values, (n, 2F'). What is not wanted has no rows.
    """
    n = len(X)
    shared = np.flatnonzero(~is_gated)
    width = len(shared)
    Z = standardise(moments, X, is_context, clip)
    for i in range(n):
        for f in range(X.shape[1]):
            Z[i, f] *= used[f]
    centred = np.empty((n, width))
    _fill(centred, 0, Z, shared)
    ranked = np.empty((n if with_ranks else 0, 2 * width))
    if with_ranks:
        ranks = slate_ranks(X)
        for i in range(n):
            for f in range(X.shape[1]):
                ranks[i, f] *= _RANKS_SHARE * used[f]
        _fill(ranked, 0, Z, shared)
        _fill(ranked, width, ranks, shared)
    raw = np.empty((n if with_raw else 0, 2 * width))
    if with_raw:
        scale = _inverse(moments[3], moments[4], moments[5])
        for f in range(X.shape[1]):
            scale[f] *= 0.0 if is_context[f] else used[f]
        _fill(raw, 0, Z, shared)
        _fill(raw, width, _scaled(X, moments[4], scale, clip), shared)
    return Z, centred, ranked, raw


@inner
def _picked(X: Floats, columns: NDArray[np.int64], out: _Numbers) -> _Numbers:
    """Copy some columns side by side into `out`, (n, C)."""
    for i in range(len(X)):
        for c in range(len(columns)):
            out[i, c] = X[i, columns[c]]
    return out


@inner
def _rank(X: _Numbers, columns: NDArray[np.int64], out: Floats) -> None:
    """Rank each of some columns, (n, C), into its own of `out`, (n, F)."""
    n, n_columns = X.shape
    counts = np.zeros_like(X)  # how many it is above, less how many it is below
    for i in range(n):
        for j in range(i):
            for c in range(n_columns):
                if X[i, c] > X[j, c]:
                    above = np.float32(1.0)
                elif X[i, c] < X[j, c]:
                    above = np.float32(-1.0)
                else:
                    above = np.float32(0.0)
                counts[i, c] += above
                counts[j, c] -= above
    scale = np.sqrt(3.0) / max(n - 1, 1)
    for i in range(n):
        for c in range(n_columns):
            out[i, columns[c]] = counts[i, c] * scale


@inner
def _column_means(X: Floats) -> Floats:
    """Return the mean of each column, (F,)."""
    n, n_features = X.shape
    middle = np.zeros(n_features)
    for i in range(n):
        for f in range(n_features):
            middle[f] += X[i, f]
    for f in range(n_features):
        middle[f] /= n
    return middle


@inner
def _inverse(count: Floats, mean: Floats, squares: Floats) -> Floats:
    """Return 1 / standard deviation, 0 where there is none, (F,)."""
    inverse = np.zeros(len(count))
    for f in range(len(count)):
        variance = squares[f] / max(count[f], 1.0)
        # Rounding leaves some 1e-16 of a constant's square: a deviation that small is none.
        if variance > 1e-24 * (1.0 + mean[f] * mean[f]):
            inverse[f] = 1.0 / np.sqrt(variance)
    return inverse


@inner
def _scaled(X: Floats, middle: Floats, scale: Floats, clip: float) -> Floats:
    """Return (X - middle) · scale, cut at plus and minus `clip`, (n, F)."""
    n, n_features = X.shape
    out = np.empty((n, n_features))
    for i in range(n):
        for f in range(n_features):
            out[i, f] = min(max((X[i, f] - middle[f]) * scale[f], -clip), clip)
    return out


@inner
def _fill(out: Floats, start: int, values: Floats, columns: NDArray[np.int64]) -> None:
    """Put some columns of `values` into `out`, from column `start` on."""
    for i in range(len(values)):
        for c in range(len(columns)):
            out[i, start + c] = values[i, columns[c]]
