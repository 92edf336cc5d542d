"""What CnLE adds by how much a user has read: the same impressions with it and without."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from cherryrec.evaluation.intervals import Interval, bootstrap_means
from cherryrec.evaluation.metrics import METRICS, PrequentialMetrics

__all__ = ["HISTORY_LENGTHS", "HistoryRow", "HistoryTable", "gain_by_history"]

HISTORY_LENGTHS = (("0", 0), ("1-5", 5), ("6-20", 20), ("21-50", 50), ("over 50", None))
"""How many articles were read before a request, each with the last number that belongs to it."""

_ALL = "all"
_FEWEST = 10  # the bootstrap of fewer impressions knows little of what they were drawn from


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """The impressions of users who had read that many articles.

    Parameters
    ----------
    length
        Out of `HISTORY_LENGTHS`, or `all`.
    n
        Impressions with an AUC.
    full, without, gain
        AUC with CnLE, without it, and the first minus the second on the same impressions, with 95 %
        intervals; NaN where n is 0.
    """

    length: str
    n: int
    full: Interval
    without: Interval
    gain: Interval

    @property
    def is_significant(self) -> bool:
        """Whether the gain's interval excludes 0, and there are enough impressions to say so."""
        return self.n >= _FEWEST and self.gain.excludes_zero


@dataclass(frozen=True, slots=True)
class HistoryTable:
    """A row for each history length and one for all, over one part of the log."""

    part: str
    rows: tuple[HistoryRow, ...]


def gain_by_history(
    full: PrequentialMetrics,
    without: PrequentialMetrics,
    n_read: ArrayLike,
    *,
    part: str,
    first: int,
    seed: int,
) -> HistoryTable:
    """Compare two rankings of the same impressions, apart by history length.

    Parameters
    ----------
    full, without
        Metrics with CnLE and without.
    n_read
        Articles read before each impression's request, (n,).
    part
        What the part of the log is called.
    first
        Number of its first impression; it goes to the end.
    seed
        Of the resampling.

    Examples
    --------
    >>> full, without = PrequentialMetrics(), PrequentialMetrics()
    >>> for label in (1, 1, 0):
    ...     full.add(0.0, [2.0, 1.0], ["a", "b"], [1, 0])
    ...     without.add(0.0, [2.0, 1.0], ["a", "b"], [label, 1 - label])
    >>> table = gain_by_history(full, without, [0, 7, 8], part="whole log", first=1, seed=0)
    >>> [(row.length, row.n, row.gain.mean) for row in table.rows if row.n]
    [('6-20', 2, 0.5), ('all', 2, 0.5)]
    """
    column = METRICS.index("auc")
    pair = np.stack([one.values(first)[:, column] for one in (full, without)], axis=1)  # (n, 2)
    values = np.hstack([pair, pair[:, :1] - pair[:, 1:]]).astype(np.float64)  # (n, 3)
    lasts = [last for _, last in HISTORY_LENGTHS if last is not None]
    length = np.searchsorted(lasts, np.asarray(n_read)[first:])  # (n,)
    rows = [
        _row(name, values[length == number], seed)
        for number, (name, _) in enumerate(HISTORY_LENGTHS)
    ]
    return HistoryTable(part, (*rows, _row(_ALL, values, seed)))


def _row(
    name: str, values: np.ndarray[tuple[int, int], np.dtype[np.float64]], seed: int
) -> HistoryRow:
    """Resample the impressions of one history length."""
    n = int((~np.isnan(values[:, 0])).sum())
    return HistoryRow(name, n, *bootstrap_means(values, seed=seed))
