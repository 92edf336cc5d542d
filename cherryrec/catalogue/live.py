"""Which articles may be recommended, compiled: every request asks it of all."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cherryrec.compiled import compiled

__all__ = ["live"]

Floats = NDArray[np.float64]


@compiled
def live(  # noqa: PLR0917 - compiled loops take arrays by position
    is_alive: NDArray[np.bool_],
    published: Floats,
    first_shown: Floats,
    now: float,
    max_age_s: float,
    requires_birth: bool,
) -> NDArray[np.intp]:
    """Return the rows that are alive and not too old, rising.

    Parameters
    ----------
    is_alive
        Whether each article is published and not retracted, (N,).
    published, first_shown
        When each appeared, epoch seconds, (N,): the second where the first is NaN.
    now, max_age_s
        Event time, epoch seconds, and the oldest that is live.
    requires_birth
        Whether one of which neither time is known is left out; else it passes for new.

    Examples
    --------
    Of an article that is no more, an old, a new one and one of unknown birth:

    >>> none = np.full(4, np.nan)
    >>> published = np.array([90.0, 10.0, 90.0, np.nan])
    >>> alive = np.array([False, True, True, True])
    >>> live(alive, published, none, 100.0, 50.0, False).tolist()
    [2, 3]
    >>> live(alive, published, none, 100.0, 50.0, True).tolist()
    [2]
    """
    rows = np.empty(len(is_alive), np.intp)
    n = 0
    for row in range(len(is_alive)):
        if not is_alive[row]:
            continue
        born = first_shown[row] if np.isnan(published[row]) else published[row]
        if now - born <= max_age_s or (np.isnan(born) and not requires_birth):
            rows[n] = row
            n += 1
    return rows[:n].copy()
