"""The loop of activity, compiled: which buckets hold an event, and which articles it touches."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cherryrec.compiled import compiled

__all__ = ["note_events"]

Rows = NDArray[np.intp]


@compiled
def note_events(
    applied: NDArray[np.int64],
    is_dirty: NDArray[np.bool_],
    touched: NDArray[np.float64],
    hashes: NDArray[np.uint64],
    rows: Rows,
    events: Rows,
    offsets: NDArray[np.int64],
    times_s: NDArray[np.float64],
) -> None:
    """Note of each row when it was touched, and of its bucket that it holds the event.

    Parameters
    ----------
    applied, is_dirty
        Last offset of the events' topic by bucket, and whether it is to be flushed, (buckets,).
    touched, hashes
        Newest time and hash of all rows, (N,).
    rows, events
        Rows and the event of each, (n,).
    offsets, times_s
        Of each event, (events,).
    """
    mask = np.uint64(len(applied) - 1)
    for i in range(len(rows)):
        row, event = rows[i], events[i]
        bucket = hashes[row] & mask
        applied[bucket] = max(applied[bucket], offsets[event])
        is_dirty[bucket] = True
        touched[row] = max(touched[row], times_s[event])
