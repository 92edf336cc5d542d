"""What ranks articles by what one user has read, and where the wanted articles then stand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from cherryrec.evaluation.leave_last_out.dataset import Codes, LeaveLastOut, Split
from cherryrec.evaluation.retrieval.ranks import ranks_among, tie_keys
from cherryrec.text import stable_hash

__all__ = ["SequenceRanker", "ranks_of_targets"]

_AT_ONCE = 128

Floats = NDArray[np.float64]


class SequenceRanker(Protocol):
    """A ranking of all articles by a sequence of what was read.

    U users, A articles; B sequences at a time.
    """

    @property
    def name(self) -> str:
        """The row of the tables."""

    def fit(self, data: LeaveLastOut) -> None:
        """Learn from the users' training articles, and from nothing after them.

        A ranker may look at validation articles to decide when to stop.
        """

    def score(self, sequences: Sequence[Codes]) -> Floats:
        """Return one number for each article, higher is better, (B, A).

        `sequences` are codes of articles, oldest first, at least one each. The answer to one does
        not depend on which others are asked with it.
        """


def ranks_of_targets(
    ranker: SequenceRanker,
    data: LeaveLastOut,
    split: Split,
    progress: Callable[[int], None] | None = None,
) -> NDArray[np.intp]:
    """Return the rank of each user's held-out article among all they have not read, 1 = best, (U,).

    Ties are decided by a hash of user and article, so that neither the order of articles nor their
    ids put one ahead of another.

    Parameters
    ----------
    ranker
        Fitted.
    data
        Whose articles the ranker was fitted on.
    split
        What is asked for.
    progress
        Called with the number of users that were done.

    Examples
    --------
    >>> from cherryrec.evaluation.logs import LoggedClick
    >>> class Third:
    ...     name = "the third article above all others"
    ...     def fit(self, data: LeaveLastOut) -> None: ...
    ...     def score(self, sequences: Sequence[Codes]) -> Floats:
    ...         return np.tile([0.0, 0.0, 1.0, 0.0, 0.0], (len(sequences), 1))
    >>> from cherryrec.evaluation.leave_last_out.dataset import leave_last_out
    >>> data = leave_last_out(
    ...     LoggedClick(f"{u}{a}", u, a, float(time))
    ...     for time, a in enumerate("abdec") for u in "uvwxy"
    ... )
    >>> ranks_of_targets(Third(), data, "test").tolist()
    [1, 1, 1, 1, 1]
    """
    hashes = np.array([stable_hash(article_id) for article_id in data.articles], np.uint64)  # (A,)
    ranks = np.empty(len(data.users), np.intp)
    for first in range(0, len(ranks), _AT_ONCE):
        users = range(first, min(first + _AT_ONCE, len(ranks)))
        scores = ranker.score([data.read_before(user, split) for user in users])  # (B, A)
        assert scores.shape == (len(users), len(hashes)), "one number for each article"
        for user, mine in zip(users, scores, strict=True):
            mine[data.read_before(user, split)] = -np.inf
            ties = tie_keys(hashes, stable_hash(data.users[user]))  # (A,)
            (ranks[user],) = ranks_among(mine, ties, np.array([data.target(user, split)]))
        if progress is not None:
            progress(len(users))
    return ranks
