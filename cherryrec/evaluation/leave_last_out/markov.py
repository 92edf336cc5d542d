"""What follows on the last article: a Markov chain that also counts what comes a little later."""

from __future__ import annotations

from collections.abc import Sequence
from math import lcm

import numpy as np
from numpy.typing import NDArray

from cherryrec.evaluation.leave_last_out.dataset import Codes, LeaveLastOut
from cherryrec.evaluation.leave_last_out.ranker import Floats, ranks_of_targets

__all__ = ["Markov"]


class Markov:
    """After article i, article j counts the sum of 1/d over the users who read j d places later.

    d goes from 1 to `window`; of equals the one that more have read in training is first. The last
    article of a sequence is asked. Counts are whole numbers (of 1/lcm(1..window)), so that no order
    of adding changes a rank.

    Parameters
    ----------
    window
        Largest d, 1 to 20; None tries `WINDOWS` and keeps that of the best nDCG@5 on validation.

    Examples
    --------
    Five users read a, b, c before what is held out; b follows on a at once, c two places later:

    >>> from cherryrec.evaluation.logs import LoggedClick
    >>> from cherryrec.evaluation.leave_last_out.dataset import leave_last_out
    >>> data = leave_last_out(
    ...     LoggedClick(f"{u}{a}", u, a, float(time))
    ...     for time, a in enumerate("abcde") for u in "uvwxy"
    ... )
    >>> chain = Markov(window=2)
    >>> chain.fit(data)
    >>> chain.score([data.training(0)[:1], data.training(0)[:2]]).round(2).tolist()
    [[0.21, 5.21, 2.71, 0.0, 0.0], [0.21, 0.21, 5.21, 0.0, 0.0]]

    The part after the point is the tie-break: readers in training, below half of the least count.
    """

    WINDOWS = (1, 3, 10)

    name = "Markov"

    def __init__(self, window: int | None = None) -> None:
        self.window = window
        self._starts: NDArray[np.intp] = np.zeros(1, np.intp)  # (A + 1,)
        self._next: NDArray[np.intp] = np.zeros(0, np.intp)
        self._counts: Floats = np.zeros(0)
        self._popularity: Floats = np.zeros(0)  # (A,)

    def fit(self, data: LeaveLastOut) -> None:
        """Count, and choose the window where it was left open."""
        if self.window is not None:
            self._count(data, self.window)
            return
        best = -1.0, 0
        for window in self.WINDOWS:
            self._count(data, window)
            ranks = ranks_of_targets(self, data, "validation")
            ndcg = float(np.where(ranks <= 5, 1.0 / np.log2(1.0 + ranks), 0.0).mean())
            best = max(best, (ndcg, -window))
        self.window = -best[1]
        self._count(data, self.window)

    def score(self, sequences: Sequence[Codes]) -> Floats:
        """Return what follows on the last article of each, (B, A)."""
        scores = np.tile(self._popularity, (len(sequences), 1))
        for row, sequence in zip(scores, sequences, strict=True):
            here = slice(*self._starts[sequence[-1] : sequence[-1] + 2])
            row[self._next[here]] += self._counts[here]
        return scores

    def _count(self, data: LeaveLastOut, window: int) -> None:
        unit = lcm(*range(1, window + 1))
        n = len(data.articles)
        training = [data.training(user).astype(np.int64) for user in range(len(data.users))]
        keys = [read[:-d] * n + read[d:] for read in training for d in range(1, window + 1)]
        weights = [
            np.full(max(len(read) - d, 0), unit // d)
            for read in training
            for d in range(1, window + 1)
        ]
        pairs, place = np.unique(np.concatenate(keys), return_inverse=True)
        counts = np.bincount(place, weights=np.concatenate(weights))
        self._counts = counts / unit
        self._next = pairs % n
        self._starts = np.searchsorted(pairs, np.arange(n + 1) * n)
        popularity = data.training_counts()
        self._popularity = popularity / (2.0 * unit * (1 + popularity.max()))
