"""One reader's slates over time, beside those of another ranking of the same twenty (RQ3).

The system is run as in `served`; at each of a reader's last clicks it is asked just before, and so
is the other, for the articles that KnRS retrieved then. What the click's own slate brought is left
out of both: it was not there when a reader would have asked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from math import isnan

from cherryrec.errors import LogError
from cherryrec.evaluation.leave_last_out.dataset import LeaveLastOut, Split
from cherryrec.evaluation.leave_last_out.served import ServedRanks, ServedSequences
from cherryrec.events import MAX_CANDIDATES, RecommendationRequest, instant
from cherryrec.pipeline import PipelineConfig
from cherryrec.system import PARTITION
from cherryrec.text import stable_hash

__all__ = [
    "Moments",
    "SlatesAt",
    "category_spread",
    "chosen_reader",
    "repetitions",
    "slates_over_time",
    "title_distance",
]

SLATE = 5
"""Articles of a slate: the first of the twenty, as the metrics look at them."""

Order = Callable[[Sequence[int], Sequence[int]], Sequence[int]]
"""Codes of what was read, oldest first, and of the twenty → the twenty in its order."""


@dataclass(frozen=True, slots=True)
class SlatesAt:
    """What both would have shown at one moment.

    Parameters
    ----------
    time_s
        Of the click, epoch seconds.
    clicked
        Code of what the reader then read.
    ours, other
        Codes of the slates, best first; fewer than five where fewer articles were live.
    """

    time_s: float
    clicked: int
    ours: tuple[int, ...]
    other: tuple[int, ...]


Moments = Sequence[SlatesAt]


def chosen_reader(data: LeaveLastOut) -> int:
    """Return the user with the most clicks in the log, histories apart; of equals by a hash.

    Examples
    --------
    >>> from cherryrec.evaluation.leave_last_out.dataset import leave_last_out
    >>> from cherryrec.evaluation.logs import LoggedClick
    >>> read = [(f"{u}{a}", u, a) for u, all_of in (("u", "abc"), ("v", "abcd")) for a in all_of]
    >>> clicks = [LoggedClick(*one, float(time)) for time, one in enumerate(read)]
    >>> data = leave_last_out(clicks, least=1)
    >>> data.users[chosen_reader(data)]
    'v'
    """

    def key(user: int) -> tuple[int, int]:
        n_timed = sum(not isnan(time_s) for time_s in data.times_s[user].tolist())
        return (-n_timed, stable_hash(data.users[user]))

    return min(range(len(data.users)), key=key)


def slates_over_time(
    data: LeaveLastOut,
    user: int,
    config: PipelineConfig,
    other: Order,
    *,
    n_moments: int,
    progress: Callable[[int], None] | None = None,
) -> list[SlatesAt]:
    """Run the system over the log, and return a reader's slates at the last clicks.

    Parameters
    ----------
    data
        Users' sequences.
    user
        Whose.
    config
        Settings of the pipeline.
    other
        The ranking beside it.
    n_moments
        Clicks at most, the last one included.
    progress
        Called with the number of clicks that were sent.

    Raises
    ------
    LogError
        The reader has no click with a time.
    """
    if all(isnan(time_s) for time_s in data.times_s[user].tolist()):
        msg = f"reader {data.users[user]!r} has no click in the log, only a history: take another"
        raise LogError(msg)
    system = _FollowedReader(config, user, other, n_moments)
    system.run(data, "test", progress=progress)
    return system.found


def repetitions(slates: Sequence[Sequence[int]]) -> list[float]:
    """Return of each slate but the first the share that stood on the one before.

    Examples
    --------
    >>> repetitions([(1, 2, 3, 4), (4, 5, 6, 1), (7, 8, 9, 10)])
    [0.5, 0.0]
    """
    return [len(set(now) & set(last)) / max(1, len(now)) for last, now in pairwise(slates)]


def category_spread(data: LeaveLastOut, slate: Sequence[int]) -> float:
    """Return the share of a slate's pairs that are of two categories; 0 for fewer than two."""
    kinds = [data.described[data.articles[code]].category for code in slate]
    pairs = list(combinations(kinds, 2))
    return sum(one != two for one, two in pairs) / max(1, len(pairs))


def title_distance(data: LeaveLastOut, slate: Sequence[int]) -> float:
    """Return the mean over a slate's pairs of 1 minus the share of words both titles have.

    The share is of the words that either has (Jaccard), in lower case; 0 for fewer than two.
    """
    words = [set(data.title(code).lower().split()) for code in slate]
    pairs = list(combinations(words, 2))
    shared = sum(len(one & two) / max(1, len(one | two)) for one, two in pairs)
    return 1.0 - shared / len(pairs) if pairs else 0.0


class _FollowedReader(ServedSequences):
    """The system that is asked for one reader's slates, and for nobody's held-out article."""

    def __init__(self, config: PipelineConfig, user: int, other: Order, n_moments: int) -> None:
        super().__init__(config)
        self._followed = user
        self._other = other
        self._n_moments = n_moments
        self.found: list[SlatesAt] = []

    def _read(self, data: LeaveLastOut, code: int, user: int, time_s: float) -> None:
        if user == self._followed:
            self._follow(data, code, time_s)
        super()._read(data, code, user, time_s)

    def _ask(
        self, data: LeaveLastOut, split: Split, user: int, time_s: float, found: ServedRanks
    ) -> None:
        if user == self._followed:
            self._follow(data, data.target(user, split), time_s)

    def _follow(self, data: LeaveLastOut, clicked: int, time_s: float) -> None:
        """Take both slates, where this is one of the last clicks."""
        sequence = data.sequences[self._followed].tolist()
        place = sequence.index(clicked)
        at_s = float(data.times_s[self._followed][place])
        if place < len(sequence) - self._n_moments or isnan(at_s):
            return
        read = sequence[:place]
        fresh = [code for code, seen_s in enumerate(data.first_seen_s.tolist()) if seen_s == at_s]
        request = RecommendationRequest(
            request_id=f"moment {place}",
            user_id=data.users[self._followed],
            requested_at=instant(time_s),
            slate_size=SLATE,
            exclude=tuple(data.articles[code] for code in (read + fresh)[-MAX_CANDIDATES:]),
        )
        self.pipeline.catalogue.sum_up()  # no other request does
        twenty = self.pipeline.preview(PARTITION, request, config=self._twenty)
        ours = [self._codes[one] for one in twenty.ranked()[:SLATE]]
        other = self._other(read, [self._codes[one] for one in twenty.kept])
        self.found.append(SlatesAt(at_s, clicked, tuple(ours), tuple(other[:SLATE])))
