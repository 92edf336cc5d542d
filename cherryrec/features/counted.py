"""What was counted, compiled: what the user was shown, and what everyone does with an article.

n candidates, N rows of the catalogue, H half-lives.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cherryrec.compiled import compiled, inner

__all__ = ["fill_attention", "fill_exposures"]

Rows = NDArray[np.intp]
Records = NDArray[np.void]
Floats = NDArray[np.float64]

_PRIOR_VIEWS = 10.0
_GROUP_PRIOR_VIEWS = 50.0


@compiled
def fill_exposures(  # noqa: PLR0917 - compiled loops take arrays by position
    rows: Rows,
    hashes: NDArray[np.uint64],
    records: Records,
    now: float,
    newest_s: int,
    out: Floats,
) -> None:
    """Recall what the user was shown before, (n, 5): see `features.names.EXPOSURE`.

    `hashes` are by row, (N,), `records` as in `Exposures.articles`; `newest_s` is the second of the
    newest impression.
    """
    for i in range(len(rows)):
        key = np.uint32(hashes[rows[i]])
        for k in range(len(records)):
            if records[k]["key"] == key:
                last_s = float(records[k]["last_s"])
                ago_s = max(now - last_s, 0.0)
                out[i, 0] = np.log1p(float(records[k]["times"]))
                out[i, 1] = np.log1p(float(records[k]["clicks"]))
                out[i, 2] = np.exp2(-ago_s / 600.0)
                out[i, 3] = np.exp2(-ago_s / 21_600.0)
                out[i, 4] = 1.0 if last_s == newest_s else 0.0
                break


@inner
def _rate(clicks: float, views: float, base: float, prior: float) -> float:
    """Return the log of a click rate against everyone's, smoothed by `prior` views."""
    return float(np.log((clicks + prior * base) / ((views + prior) * base)))


@compiled
def fill_attention(  # noqa: PLR0917 - compiled loops take arrays by position
    rows: Rows,
    sums: Floats,
    decay: Floats,
    categories: NDArray[np.int32],
    group_sums: Floats,
    group_decay: Floats,
    base: float,
    out: Floats,
) -> None:
    """Say how each candidate does with everyone, (n, 20): see `features.names.ATTENTION`.

    Parameters
    ----------
    rows
        Candidates, (n,).
    sums, decay
        Of `DecayedCounters` by row, (N, 2H + 4) and (H,); H is 4.
    categories
        By row, (N,).
    group_sums, group_decay
        The same counters by category code.
    base
        Everyone's clicks per view.
    """
    n_lives = len(decay)
    totals = 2 * n_lives
    for i in range(len(rows)):
        own = sums[rows[i]]
        for h in range(n_lives):
            views = max(own[h] * decay[h], 0.0)
            clicks = max(own[n_lives + h] * decay[h], 0.0)
            out[i, h] = _rate(clicks, views, base, _PRIOR_VIEWS)
            out[i, n_lives + 1 + h] = np.log1p(views)
            out[i, 2 * n_lives + 1 + h] = np.log1p(clicks)
        out[i, n_lives] = _rate(own[totals + 1], own[totals], base, _PRIOR_VIEWS)
        at = 3 * n_lives + 1
        fresh, old = max(own[n_lives] * decay[0], 0.0), max(own[n_lives + 2] * decay[2], 0.0)
        out[i, at] = np.log((fresh + 0.2) / (old + 0.2))
        fresh, old = max(own[0] * decay[0], 0.0), max(own[2] * decay[2], 0.0)
        out[i, at + 1] = np.log((fresh + 1.0) / (old + 1.0))
        out[i, at + 2] = out[i, 0] - out[i, 3]
        out[i, at + 3] = np.log1p(own[totals + 2])
        group = group_sums[categories[rows[i]]]
        for k in range(2):  # an hour and a day
            h = 2 * k + 1
            views = max(group[h] * group_decay[h], 0.0)
            clicks = max(group[n_lives + h] * group_decay[h], 0.0)
            out[i, at + 4 + k] = _rate(clicks, views, base, _GROUP_PRIOR_VIEWS)
        out[i, at + 6] = np.log1p(clicks)
