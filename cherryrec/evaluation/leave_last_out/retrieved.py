"""The twenty that a ranking retrieves, for another to rank; and which users are asked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cherryrec.evaluation.leave_last_out.dataset import LeaveLastOut, Split
from cherryrec.evaluation.leave_last_out.metrics import N_RETRIEVED
from cherryrec.evaluation.leave_last_out.ranker import SequenceRanker
from cherryrec.evaluation.retrieval.ranks import tie_keys
from cherryrec.text import stable_hash

__all__ = ["retrieved_by", "sampled_users"]

_AT_ONCE = 128


def retrieved_by(
    ranker: SequenceRanker, data: LeaveLastOut, split: Split, users: Sequence[int]
) -> NDArray[np.int32]:
    """Return the twenty that are ranked first for each user, of all they have not read, (n, 20).

    Ties are decided as in `ranks_of_targets`; -1 where fewer are left.

    Examples
    --------
    >>> from cherryrec.evaluation.leave_last_out.dataset import leave_last_out
    >>> from cherryrec.evaluation.leave_last_out.markov import Markov
    >>> from cherryrec.evaluation.logs import LoggedClick
    >>> data = leave_last_out(
    ...     LoggedClick(f"{u}{a}", u, a, float(time))
    ...     for time, a in enumerate("abdec") for u in "uvwxy"
    ... )
    >>> chain = Markov(window=1)
    >>> chain.fit(data)
    >>> [data.articles[code] for code in retrieved_by(chain, data, "validation", [0])[0][:2]]
    ['e', 'c']
    """
    hashes = np.array([stable_hash(article_id) for article_id in data.articles], np.uint64)  # (A,)
    found = np.full((len(users), N_RETRIEVED), -1, np.int32)
    for first in range(0, len(users), _AT_ONCE):
        some = users[first : first + _AT_ONCE]
        scores = ranker.score([data.read_before(user, split) for user in some])  # (B, A)
        for place, (user, mine) in enumerate(zip(some, scores, strict=True), first):
            read = data.read_before(user, split)
            mine[read] = -np.inf
            ties = tie_keys(hashes, stable_hash(data.users[user]))  # (A,)
            n = min(N_RETRIEVED, len(mine) - len(read))
            found[place, :n] = np.lexsort((ties, -mine))[:n]
    return found


def sampled_users(data: LeaveLastOut, n: int | None, seed: int) -> NDArray[np.intp]:
    """Return users in an order drawn by chance: n of them, or all; the first of more are the same.

    Examples
    --------
    >>> from cherryrec.evaluation.leave_last_out.dataset import leave_last_out
    >>> from cherryrec.evaluation.logs import LoggedClick
    >>> data = leave_last_out(
    ...     (LoggedClick(f"{u}{a}", u, a, float(time)) for time, a in enumerate("abc")
    ...      for u in "uvwxy"), least=1
    ... )
    >>> three, all_of_them = sampled_users(data, 3, 0), sampled_users(data, None, 0)
    >>> (three == all_of_them[:3]).all(), sorted(all_of_them.tolist())
    (np.True_, [0, 1, 2, 3, 4])
    """
    order = np.random.default_rng(seed).permutation(len(data.users))
    return order if n is None else order[:n]
