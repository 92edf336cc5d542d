"""Loops over events, compiled: what each adds to the counters of its rows.

N rows, E events, H half-lives; `sums` and `changes` are laid out as in `DecayedCounters`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cherryrec.compiled import compiled

__all__ = ["add_events", "add_grouped", "note_first", "overall"]

Rows = NDArray[np.intp]
Floats = NDArray[np.float64]


@compiled
def add_events(sums: Floats, rows: Rows, events: Rows, changes: Floats) -> None:
    """Add to each row, (n,), what its event, (n,), brings, (E, 2H + 4): one after the other."""
    for i in range(len(rows)):
        for k in range(sums.shape[1]):
            sums[rows[i], k] += changes[events[i], k]


@compiled
def note_first(first_shown: Floats, rows: Rows, events: Rows, times: Floats) -> None:
    """Keep the earliest of the times, (E,), at which each row was shown; NaN before any."""
    for i in range(len(rows)):
        time = times[events[i]]
        if not first_shown[rows[i]] <= time:  # never shown included
            first_shown[rows[i]] = time


@compiled
def add_grouped(sums: Floats, codes: NDArray[np.int32], events: Rows, changes: Floats) -> None:
    """Add to each code, (n,), which may repeat within an event, (n,), what the event brings."""
    n_groups, n_events = len(sums), len(changes)
    counts = np.zeros((n_events, n_groups))
    for i in range(len(codes)):
        counts[events[i], codes[i]] += 1.0
    for e in range(n_events):
        for g in range(n_groups):
            if counts[e, g] > 0.0:
                for k in range(sums.shape[1]):
                    sums[g, k] += counts[e, g] * changes[e, k]


@compiled
def overall(sums: Floats, first: int) -> tuple[float, float, float]:
    """Sum three columns over all rows."""
    views, clicks, readers = 0.0, 0.0, 0.0
    for row in range(len(sums)):
        views += sums[row, first]
        clicks += sums[row, first + 1]
        readers += sums[row, first + 2]
    return views, clicks, readers
