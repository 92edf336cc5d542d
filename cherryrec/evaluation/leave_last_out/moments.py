"""What happens under protocol B in the order of time: articles appear, users read and are asked."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import merge
from math import isnan
from typing import NamedTuple

from cherryrec.evaluation.leave_last_out.dataset import LeaveLastOut, Split

__all__ = ["Moment", "moments"]

_ASKED_FIRST, _PUBLISHED, _READ = 0, 1, 2
"""The order of one time: a request for what its own click publishes comes before that."""


class Moment(NamedTuple):
    """One of them; those of one time in the order of `order`.

    Parameters
    ----------
    time_s
        Epoch seconds.
    order
        What comes first of one time.
    code
        The article.
    user
        Who reads it, or is asked for it where it is what is held out; -1 where the article appears.
    """

    time_s: float
    order: int
    code: int
    user: int


def moments(data: LeaveLastOut, split: Split) -> Iterator[Moment]:
    """Yield what has a time: reads before the held-out ones, requests, and when articles appear.

    A request comes before all else of its time. One for an article that only a history has comes at
    the log's beginning.

    Examples
    --------
    >>> from cherryrec.evaluation.leave_last_out.dataset import leave_last_out
    >>> from cherryrec.evaluation.logs import LoggedClick
    >>> data = leave_last_out(
    ...     (LoggedClick(f"u{a}", "u", a, float(time)) for time, a in enumerate("abc")), least=1
    ... )
    >>> for time_s, _, code, user in moments(data, "test"):
    ...     print(time_s, data.articles[code], "appears" if user < 0 else data.users[user])
    0.0 a appears
    0.0 a u
    1.0 b appears
    1.0 b u
    2.0 c u
    2.0 c appears
    """
    begin_s = float(data.first_rows_s.min())
    reads = []
    for user in range(len(data.users)):
        before = len(data.read_before(user, split))
        times_s = data.times_s[user][: before + 1].tolist()
        codes = data.sequences[user][: before + 1].tolist()
        pairs = zip(times_s[:-1], codes[:-1], strict=True)
        reads += [Moment(at_s, _READ, code, user) for at_s, code in pairs if not isnan(at_s)]
        if isnan(times_s[-1]):
            reads.append(Moment(begin_s, _READ, codes[-1], user))
        else:
            reads.append(Moment(times_s[-1], _ASKED_FIRST, codes[-1], user))
    articles = [
        Moment(time_s, _PUBLISHED, code, -1)
        for code, time_s in enumerate(data.first_seen_s.tolist())
        if not isnan(time_s)
    ]
    yield from merge(sorted(articles), sorted(reads))
