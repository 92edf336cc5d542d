"""What those have read whose reading holds what was read last: V-SkNN."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cherryrec.evaluation.leave_last_out.dataset import Codes, LeaveLastOut
from cherryrec.evaluation.leave_last_out.ranker import Floats

__all__ = ["NearestSessions"]


class NearestSessions:
    """Nearest users in training by the latest articles read, the last of which count most.

    The p-th of the L latest articles weighs p / L. The similarity of a user is the sum of the
    weights of those that they have in training over the root of how many they have in all; an
    article scores the sum of the similarities of the k most similar who have it, times its inverse
    document frequency log(U / |R(i)|).

    Parameters
    ----------
    n_neighbours
        k, above 0; all that are as similar as the k-th count too.
    n_latest
        L at most, above 0.

    Examples
    --------
    Five users have read a, b, c before what is held out, and one a, f, g:

    >>> from cherryrec.evaluation.logs import LoggedClick
    >>> from cherryrec.evaluation.leave_last_out.dataset import leave_last_out
    >>> orders = {**dict.fromkeys("uvwxy", "abcde"), "z": "afgde"}
    >>> data = leave_last_out(
    ...     (LoggedClick(f"{u}{time}", u, read[time], float(time))
    ...     for time in range(5) for u, read in orders.items()), least=1,
    ... )
    >>> nearest = NearestSessions()
    >>> nearest.fit(data)
    >>> nearest.score([data.training(0)[:2]]).round(2).tolist()
    [[0.0, 0.79, 0.79, 0.0, 0.0, 0.52, 0.52]]

    Of a, b those with both are 1.5 / √3 similar and the one with a alone 0.5 / √3: b and c score
    5 · 0.866 · log(6/5) each, f and g 0.289 · log(6).

    References
    ----------
    Ludewig and Jannach (2018), Evaluation of session-based recommendation algorithms, User Modeling
    and User-Adapted Interaction 28, https://arxiv.org/abs/1803.09587.
    """

    name = "V-SkNN"

    def __init__(self, *, n_neighbours: int = 100, n_latest: int = 5) -> None:
        self.n_neighbours = n_neighbours
        self.n_latest = n_latest
        self._readers: tuple[NDArray[np.intp], ...] = ()
        self._read: tuple[Codes, ...] = ()
        self._rarity: Floats = np.zeros(0)  # (A,)
        self._scale: Floats = np.zeros(0)  # (U,)

    def fit(self, data: LeaveLastOut) -> None:
        """Take who has read what."""
        self._read = tuple(data.training(user) for user in range(len(data.users)))
        articles = np.concatenate(self._read)
        lengths = np.array([len(read) for read in self._read])
        users = np.repeat(np.arange(len(self._read)), lengths)
        order = np.argsort(articles, kind="stable")
        counts = data.training_counts()
        self._readers = tuple(np.split(users[order], np.cumsum(counts)[:-1]))
        self._scale = 1.0 / np.sqrt(lengths)
        self._rarity = np.log(len(self._read) / np.maximum(counts, 1))

    def score(self, sequences: Sequence[Codes]) -> Floats:
        """Return the summed similarities of the neighbours with each article, (B, A)."""
        scores = np.zeros((len(sequences), len(self._rarity)))
        for row, sequence in zip(scores, sequences, strict=True):
            latest = sequence[-self.n_latest :]
            similar = np.zeros(len(self._read))
            for place, article in enumerate(latest.tolist(), start=1):
                similar[self._readers[article]] += place / len(latest)
            similar *= self._scale
            for user in self._nearest(similar).tolist():
                row[self._read[user]] += similar[user]
        return scores * self._rarity

    def _nearest(self, similar: Floats) -> NDArray[np.intp]:
        """Return the k users who are most similar, and all who are as similar as the last."""
        least = 0.0
        if len(similar) > self.n_neighbours:
            least = float(np.partition(similar, -self.n_neighbours)[-self.n_neighbours])
        return np.flatnonzero((similar >= least) & (similar > 0.0))
