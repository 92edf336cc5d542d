"""When followed rows were last seen or clicked, which their decayed sums bound from both sides."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cherryrec.attention import DecayedCounters

__all__ = ["active_before", "active_since"]

Rows = NDArray[np.intp]


def active_before(counters: DecayedCounters, rows: Rows) -> NDArray[np.float64]:
    """Bound from above when each row was last seen or clicked, by its fastest decaying counter.

    The newest of k events alone makes the sum 2^((t - L) / h), all together at most k times that:
    the bound is at most h·log2(k) late. A thousand half-lives before the landmark they are nothing.
    """
    n = counters.n_half_lives
    events = np.maximum(counters.sums[rows, 0] + counters.sums[rows, n], 2.0**-1_000)
    return np.asarray(counters.landmark + counters.half_lives[0] * np.log2(events))


def active_since(counters: DecayedCounters, rows: Rows) -> float:
    """Bound from below when any row was last seen or clicked; 0 where none was.

    The k events of a row, all at the newest's time, would make the sum k * 2^((t - L) / h).
    """
    n = counters.n_half_lives
    sums = counters.sums[rows]
    events, decayed = sums[:, 2 * n] + sums[:, 2 * n + 1], sums[:, 0] + sums[:, n]
    is_known = (events >= 1.0) & (decayed > 0.0)
    if not is_known.any():
        return 0.0
    newest = np.log2(decayed[is_known] / events[is_known]).max()
    return float(counters.landmark + counters.half_lives[0] * newest)
