"""What most have read: over all of training, or among each user's last articles of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cherryrec.evaluation.leave_last_out.dataset import Codes, LeaveLastOut
from cherryrec.evaluation.leave_last_out.ranker import Floats

__all__ = ["Popular"]


class Popular:
    """How many have an article in their training; with `n_last`, among its last n.

    News dies within days: over all of training the count finds what was read once. What each user
    read last in training is near in time to what they are asked for, and is what is popular now.

    Parameters
    ----------
    n_last
        How many of each user's last training articles count, above 0; None for all of them.

    Examples
    --------
    Three of the five users end their training with c, two with a; all have read both:

    >>> from cherryrec.evaluation.logs import LoggedClick
    >>> from cherryrec.evaluation.leave_last_out.dataset import leave_last_out
    >>> orders = {"u": "abcde", "v": "abcde", "w": "abcde", "x": "cbade", "y": "cbade"}
    >>> data = leave_last_out(
    ...     LoggedClick(f"{u}{time}", u, read[time], float(time))
    ...     for time in range(5) for u, read in orders.items()
    ... )
    >>> for popular in (Popular(), Popular(n_last=1)):
    ...     popular.fit(data)
    ...     print(popular.name, popular.score([data.training(0)])[0].tolist())
    most popular [5.0, 5.0, 5.0, 0.0, 0.0]
    recent popular [2.0, 0.0, 3.0, 0.0, 0.0]
    """

    def __init__(self, n_last: int | None = None) -> None:
        self.n_last = n_last
        self.name = "most popular" if n_last is None else "recent popular"
        self._counts: NDArray[np.float64] = np.zeros(0)

    def fit(self, data: LeaveLastOut) -> None:
        """Count."""
        first = 0 if self.n_last is None else -self.n_last
        read = [data.training(user)[first:] for user in range(len(data.users))]
        counts = np.bincount(np.concatenate(read), minlength=len(data.articles))
        self._counts = counts.astype(np.float64)

    def score(self, sequences: Sequence[Codes]) -> Floats:
        """Return the counts, the same for every sequence, (B, A)."""
        return np.tile(self._counts, (len(sequences), 1))
