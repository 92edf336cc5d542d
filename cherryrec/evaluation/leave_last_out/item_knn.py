"""What is read by the readers of the last article: item-based nearest neighbours."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cherryrec.evaluation.leave_last_out.dataset import Codes, LeaveLastOut
from cherryrec.evaluation.leave_last_out.ranker import Floats

__all__ = ["ItemNeighbours"]


class ItemNeighbours:
    """The cosine of each article's training readers with those of the last article read.

    With R(i) the users who have i in training, cos(i, j) = |R(i) ∩ R(j)| / sqrt(|R(i)| · |R(j)|);
    0 to itself.

    Examples
    --------
    Five users have read a, b, c before what is held out, and a sixth a, b, f:

    >>> from cherryrec.evaluation.logs import LoggedClick
    >>> from cherryrec.evaluation.leave_last_out.dataset import leave_last_out
    >>> orders = {**dict.fromkeys("uvwxy", "abcde"), "z": "abfde"}
    >>> data = leave_last_out(
    ...     (LoggedClick(f"{u}{time}", u, read[time], float(time))
    ...     for time in range(5) for u, read in orders.items()), least=1,
    ... )
    >>> neighbours = ItemNeighbours()
    >>> neighbours.fit(data)
    >>> neighbours.score([data.training(0)[:1]]).round(3).tolist()
    [[0.0, 1.0, 0.913, 0.0, 0.0, 0.408]]

    The third is 5 / sqrt(6 · 5), the last 1 / sqrt(6 · 1).

    References
    ----------
    Sarwar, Karypis, Konstan and Riedl (2001), Item-based collaborative filtering recommendation
    algorithms, WWW, https://doi.org/10.1145/371920.372071.
    """

    name = "item-kNN"

    def __init__(self) -> None:
        self._readers: tuple[NDArray[np.intp], ...] = ()
        self._read: tuple[Codes, ...] = ()
        self._norms: Floats = np.zeros(0)  # (A,)

    def fit(self, data: LeaveLastOut) -> None:
        """Take who has read what."""
        self._read = tuple(data.training(user) for user in range(len(data.users)))
        articles = np.concatenate(self._read)
        users = np.repeat(np.arange(len(self._read)), [len(read) for read in self._read])
        order = np.argsort(articles, kind="stable")
        ends = np.cumsum(np.bincount(articles, minlength=len(data.articles)))
        self._readers = tuple(np.split(users[order], ends[:-1]))
        self._norms = np.sqrt(np.maximum(data.training_counts(), 1))

    def score(self, sequences: Sequence[Codes]) -> Floats:
        """Return the cosines with the last article of each, (B, A)."""
        scores = np.zeros((len(sequences), len(self._norms)))
        for row, sequence in zip(scores, sequences, strict=True):
            last = int(sequence[-1])
            for user in self._readers[last].tolist():
                row[self._read[user]] += 1.0
            row[last] = 0.0
        lasts = [int(sequence[-1]) for sequence in sequences]
        return scores / self._norms / self._norms[lasts, None]
