"""The signals of KnRS beside the five metrics, compiled: one pass over the articles.

n articles, N rows of the catalogue, k last reads, H = 4 half-lives. The constants below are the
columns after the metrics, in the order of `signals.SIGNALS`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cherryrec.compiled import compiled, inner

__all__ = ["N_OWN", "fill_signals"]

Rows = NDArray[np.intp]
Codes = NDArray[np.int32]
F32 = NDArray[np.float32]
Floats = NDArray[np.float64]

_METRICS = 5
_VIEWS = _METRICS
_CLICKS = _VIEWS + 4
_NOW = _CLICKS + 4  # views, clicks of 10 minutes, clicks of an hour
_RATES = _NOW + 3
_AGE = _RATES + 3
_TEXT = _AGE + 2
_LIFTS = _TEXT + 2
_ALIKE = _LIFTS + 2  # filled by what readers did (`alike`)
_SHOWN = _ALIKE + 5
N_OWN = _SHOWN + 1 - _METRICS
"""Columns that follow the metrics."""

_FEW = 0.1  # views or clicks below which a count does not matter
_PRIOR_CLICKS, _PRIOR_VIEWS = 0.5, 10.0
_FRESH_S = 3_600.0


@inner
def _mean_of_names(values: Floats, codes: Codes) -> float:
    total, n_names = 0.0, 0
    for code in codes:
        if code:
            total += values[code]
            n_names += 1
    return total / max(n_names, 1)


@compiled
def fill_signals(  # noqa: PLR0917 - compiled loops take arrays by position
    rows: Rows,
    likeness: F32,
    ages: Floats,
    categories: Codes,
    subcategories: Codes,
    sums: Floats,
    decay: Floats,
    category_lift: Floats,
    subcategory_lift: Floats,
    hashes: NDArray[np.uint64],
    records: NDArray[np.void],
    out: Floats,
) -> None:
    """Write the signals of each article that follow its metrics, (n, S).

    Parameters
    ----------
    rows
        Which articles, (n,).
    likeness
        Cosine of each to the interest vector and to the last reads, (n, 1 + k).
    ages
        Of each in seconds, (n,).
    categories, subcategories
        By row, (N,) and (N, 4).
    sums, decay
        Of `DecayedCounters` by row, (N, 2H + 4), and what decaying sums are worth now, (H,).
    category_lift, subcategory_lift
        The user's by code.
    hashes, records
        Of the articles by row, (N,), and what the user was shown, as in `Exposures.articles`.
    """
    nothing = np.log(_FEW)
    no_rate = np.log(_PRIOR_CLICKS / _PRIOR_VIEWS)
    for i in range(len(rows)):
        row = rows[i]
        for h in range(4):
            views = max(sums[row, h] * decay[h], 0.0)
            clicks = max(sums[row, 4 + h] * decay[h], 0.0)
            # Most of a large catalogue is not read any more: no logarithm is taken of nothing.
            has_views, has_clicks = views > 0.0, clicks > 0.0
            out[i, _VIEWS + h] = np.log1p(views) if has_views else 0.0
            out[i, _CLICKS + h] = np.log1p(clicks) if has_clicks else 0.0
            if h == 0:
                out[i, _NOW] = np.log(views + _FEW) if has_views else nothing
                out[i, _NOW + 1] = np.log(clicks + _FEW) if has_clicks else nothing
            if h == 1:
                out[i, _NOW + 2] = np.log(clicks + _FEW) if has_clicks else nothing
            if h < 3:
                rate = (clicks + _PRIOR_CLICKS) / (views + _PRIOR_VIEWS)
                out[i, _RATES + h] = np.log(rate) if has_views or has_clicks else no_rate
        out[i, _AGE] = np.log1p(ages[i] / 60.0)
        out[i, _AGE + 1] = np.exp2(-ages[i] / _FRESH_S)
        nearest = 0.0
        for k in range(1, likeness.shape[1]):
            nearest = max(nearest, float(likeness[i, k]))
        out[i, _TEXT] = float(likeness[i, 0])
        out[i, _TEXT + 1] = nearest
        out[i, _LIFTS] = category_lift[categories[row]]
        out[i, _LIFTS + 1] = _mean_of_names(subcategory_lift, subcategories[row])
        out[i, _ALIKE:_SHOWN] = 0.0
        shown = 0.0
        key = np.uint32(hashes[row])
        for k in range(len(records)):
            if records[k]["key"] == key:
                shown = 1.0
                break
        out[i, _SHOWN] = shown
