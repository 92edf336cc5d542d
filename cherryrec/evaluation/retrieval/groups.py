"""Moments and clicks by hour, by the log's age, by the age of the article, by history length."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cherryrec.evaluation.history import HISTORY_LENGTHS
from cherryrec.evaluation.retrieval.record import RetrievalRecord

__all__ = ["ARTICLE_AGES", "GROUPINGS", "SINCE_START", "Group", "groups"]

_MINUTE_S, _HOUR_S, _DAY_S = 60.0, 3_600.0, 86_400.0

SINCE_START = (
    ("first 10 min", 10 * _MINUTE_S),
    ("10-30 min", 30 * _MINUTE_S),
    ("30-60 min", _HOUR_S),
    ("1-3 h", 3 * _HOUR_S),
    ("3-6 h", 6 * _HOUR_S),
    ("6-24 h", _DAY_S),
    ("after 1 d", np.inf),
)
"""How long a system that began with the log has run, each with the end that no longer belongs."""

ARTICLE_AGES = (
    ("below 10 min", 10 * _MINUTE_S),
    ("10-60 min", _HOUR_S),
    ("1-6 h", 6 * _HOUR_S),
    ("6-24 h", _DAY_S),
    ("1-2 d", 2 * _DAY_S),
    ("2 d and more", np.inf),
)
"""Age of a clicked article, each with the end that no longer belongs; one not live has none."""

GROUPINGS = {
    "since_start": "time since the log began",
    "hour": "hour of the day (UTC)",
    "article_age": "age of the clicked article",
    "history": "articles read before",
}
"""What the moments are told apart by, with its heading."""

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Some moments, or some clicks of moments.

    Parameters
    ----------
    label
        What they have in common.
    moments
        Whether each moment belongs, (n,).
    clicks
        Which clicked articles count, (m,); None for all.
    """

    label: str
    moments: Bools
    clicks: Bools | None = None


def groups(record: RetrievalRecord, grouping: str) -> Iterator[Group]:
    """Yield the groups of one of `GROUPINGS`, in order; an empty one is left out."""
    times_s = record.times_s
    every = np.ones(len(record), bool)
    if grouping == "article_age":
        for label, mine in _between(record.ages_s, ARTICLE_AGES):
            yield Group(label, every, mine)
        if not record.is_live.all():
            yield Group("not live yet", every, ~record.is_live)
    elif grouping == "hour":
        hours = (times_s // _HOUR_S % 24).astype(np.intp)
        for hour in np.unique(hours).tolist():
            yield Group(f"{hour:02d}", hours == hour)
    elif grouping == "history":
        lasts = [last for _, last in HISTORY_LENGTHS if last is not None]
        length = np.searchsorted(lasts, record.n_read)
        for number, (label, _) in enumerate(HISTORY_LENGTHS):
            if (length == number).any():
                yield Group(label, length == number)
    else:
        assert grouping == "since_start", "the names above are all of GROUPINGS"
        since_s = times_s - times_s.min(initial=np.inf)
        for label, mine in _between(since_s, SINCE_START):
            yield Group(label, mine)


def _between(
    values: NDArray[np.float64], ends: tuple[tuple[str, float], ...]
) -> Iterator[tuple[str, Bools]]:
    """Yield the label of each span that holds a value, and which it holds; NaN is in none."""
    start = -np.inf
    for label, end in ends:
        mine = (values >= start) & (values < end)
        if mine.any():
            yield label, mine
        start = end
