"""Lists of the moment under protocol B: what stands beside a system that knows the time.

A fitted ranking does not know when it is asked. A system that serves does, and so do these: they
have what CherryRec has at the same request, of the same articles and clicks, and nothing else.
What CherryRec is above them is more than the knowledge of the time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from cherryrec.evaluation.leave_last_out.dataset import LeaveLastOut, Split
from cherryrec.evaluation.leave_last_out.moments import moments
from cherryrec.evaluation.retrieval.ranks import ranks_among, tie_keys
from cherryrec.text import stable_hash

__all__ = ["WINDOWS_S", "ranks_at_requests"]

WINDOWS_S: Mapping[str, float] = {"1 h": 3600.0, "6 h": 6 * 3600.0, "24 h": 24 * 3600.0}
"""Windows in which clicks are counted, seconds."""


def ranks_at_requests(
    data: LeaveLastOut, split: Split, progress: Callable[[int], None] | None = None
) -> dict[str, NDArray[np.intp]]:
    """Return where each user's article stood when it was asked for, 1 = best, (U,), by list.

    An article that had not appeared by then is not found (0), as in CherryRec's catalogue. Ties
    are decided by a hash of user and article.

    Parameters
    ----------
    data
        Users' sequences.
    split
        What is asked for; validation articles count as read where it is the test.
    progress
        Called with the number of users that were done.

    Examples
    --------
    Two have read a and one b when v is asked for b, which is the newer of the two:

    >>> from cherryrec.evaluation.leave_last_out.dataset import leave_last_out
    >>> from cherryrec.evaluation.logs import LoggedClick
    >>> clicks = ["ua", "xa", "vc", "wb", "ub", "wa", "xc", "vb"]  # reader and article, each minute
    >>> data = leave_last_out(
    ...     (LoggedClick(c, c[0], c[1], 60.0 * time) for time, c in enumerate(clicks)), least=1
    ... )
    >>> user = data.users.index("v")
    >>> for name, ranks in ranks_at_requests(data, "test").items():
    ...     print(f"{name}: {ranks[user]}")
    newest at the request: 1
    most clicked, 1 h: 2
    most clicked, 6 h: 2
    most clicked, 24 h: 2
    """
    n_articles = len(data.articles)
    hashes = np.array([stable_hash(article_id) for article_id in data.articles], np.uint64)
    appeared_s = np.where(np.isnan(data.first_seen_s), data.first_rows_s.min(), np.inf)  # (A,)
    counts = {name: _Clicks(window_s, n_articles) for name, window_s in WINDOWS_S.items()}
    names = ("newest at the request", *(f"most clicked, {name}" for name in counts))
    ranks = {name: np.zeros(len(data.users), np.intp) for name in names}
    targets = [data.target(user, split) for user in range(len(data.users))]
    for time_s, _, code, user in moments(data, split):
        if user < 0:
            appeared_s[code] = time_s
        elif code != targets[user]:
            for counted in counts.values():
                counted.add(code, time_s)
        else:
            is_out = np.isinf(appeared_s)
            is_out[data.read_before(user, split)] = True
            if not is_out[code]:
                ties = tie_keys(hashes, stable_hash(data.users[user]))
                lists = (appeared_s, *(one.until(time_s) for one in counts.values()))
                for name, scores in zip(names, lists, strict=True):
                    left = np.where(is_out, -np.inf, scores)
                    (ranks[name][user],) = ranks_among(left, ties, np.array([code]))
            if progress is not None:
                progress(1)
    return ranks


class _Clicks:
    """Clicks of each article within a window."""

    def __init__(self, window_s: float, n_articles: int) -> None:
        self.window_s = window_s
        self._counts = np.zeros(n_articles)
        self._clicks: deque[tuple[float, int]] = deque()

    def add(self, code: int, time_s: float) -> None:
        self._clicks.append((time_s, code))
        self._counts[code] += 1.0

    def until(self, time_s: float) -> NDArray[np.float64]:
        """Return the counts, (A,), of the clicks in the window that ends then."""
        while self._clicks and self._clicks[0][0] <= time_s - self.window_s:
            self._counts[self._clicks.popleft()[1]] -= 1.0
        return self._counts
