"""Views and clicks per article, decayed at several half-lives, exact under any order of events.

Forward decay: an event at time t adds 2^((t - L) / h) for a landmark L; the value at a time T is
the sum times 2^(-(T - L) / h). Adding commutes, so late events land where they belong, and moving
the landmark by whole half-lives multiplies by a power of two, which floats do exactly. An event's
weight is the same but for a power of two whatever the landmark, so an event applied before the
landmark moved and one read again after it leave the same bits.

Nothing here is ever denormal: what is closer to 0 than 2^-500 counts as 0, and what is read is
scaled by 2^-500 at least. Processors and threads that flush denormals to zero (libraries switch
that on) thus read what the others do. An event that far back, 83 hours before the landmark at a
half-life of ten minutes, adds nothing to the counters of that half-life.

The times of clicks are summed as whole seconds after the landmark, which floats add exactly too.
How old an article was at its clicks follows when it is asked for: by then its birth may be known,
or known to be earlier, and no order of events matters.

References
----------
Cormode et al. (2009), Forward Decay: A Practical Time Decay Model for Streaming Systems, ICDE,
https://doi.org/10.1109/ICDE.2009.65
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import exp2, floor, ldexp

import numpy as np
from numpy.typing import NDArray

from cherryrec.attention.kernels import add_events, add_grouped, note_first, overall
from cherryrec.errors import ConfigError

__all__ = ["DAY_S", "AttentionConfig", "DecayedCounters"]

DAY_S = 86_400.0
_REBASE_AFTER_S = 2 * DAY_S
_MAX_HALVINGS = 500.0
_SMALLEST = 2.0**-_MAX_HALVINGS
Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True)
class AttentionConfig:
    """How attention decays.

    Parameters
    ----------
    half_lives_s
        Half-lives in seconds, rising; each divides a day and is at least 600 s (ten minutes).
    n_buckets
        Buckets of articles per source partition on `article-activity`; a power of two.
    recent_ids
        Impression ids remembered per bucket for finding duplicates.
    """

    half_lives_s: tuple[float, ...] = (600.0, 3_600.0, 21_600.0, 86_400.0)
    n_buckets: int = 64
    recent_ids: int = 128

    def __post_init__(self) -> None:
        for half_life in self.half_lives_s:
            if half_life < 600 or DAY_S % half_life:
                msg = (
                    f"half_lives_s must divide a day (86400 s) and be at least 600, "
                    f"got {half_life!r}"
                )
                raise ConfigError(msg)
        if list(self.half_lives_s) != sorted(set(self.half_lives_s)) or not self.half_lives_s:
            msg = f"half_lives_s must rise, got {self.half_lives_s!r}"
            raise ConfigError(msg)
        if self.n_buckets < 1 or self.n_buckets & (self.n_buckets - 1):
            msg = f"n_buckets must be a power of two, got {self.n_buckets}"
            raise ConfigError(msg)
        if self.recent_ids < 1:
            msg = f"recent_ids must be at least 1, got {self.recent_ids}"
            raise ConfigError(msg)


class DecayedCounters:
    """Counters of many articles (rows) at H half-lives, as sums of forward-decayed events.

    `sums` is float64 (rows, 2H + 4): views by half-life, clicks by half-life, then all views, all
    clicks, readers (users whose history holds the article) and the whole seconds from the landmark
    to each click, summed; these four do not decay. `first_shown` is the earliest view in epoch
    seconds, NaN before it.

    Parameters
    ----------
    half_lives_s
        The H half-lives, see `AttentionConfig`.
    n_rows
        Rows to start with; `grow` adds more.

    Examples
    --------
    Two views an hour apart, seen at the time of the second with a half-life of one hour, are
    worth one and a half.

    >>> counters = DecayedCounters((3600.0,), n_rows=1)
    >>> events = np.array([0, 1])
    >>> counters.add(np.array([0, 0]), events, [0.0, 3600.0], is_click=False)
    >>> float(counters.views(np.array([0]), 3600.0)[0, 0])
    1.5

    Clicks at the ages of one and of three hours were at four hours together.

    >>> counters.add(np.array([0, 0]), events, [3600.0, 10800.0], is_click=True)
    >>> float(counters.click_ages(np.array([0]), np.array([0.0]))[0])
    14400.0
    """

    def __init__(self, half_lives_s: tuple[float, ...], n_rows: int = 0) -> None:
        self.half_lives = np.array(half_lives_s)  # (H,)
        self._half_lives = tuple(float(half_life) for half_life in half_lives_s)
        self.n_half_lives = len(half_lives_s)
        self.landmark = 0.0
        self.sums = np.zeros((n_rows, 2 * self.n_half_lives + 4))  # (N, 2H + 4)
        self.first_shown = np.full(n_rows, np.nan)  # (N,)

    def grow(self, n_rows: int) -> None:
        """Make room for `n_rows` rows; new ones are zero."""
        missing = n_rows - len(self.sums)
        if missing > 0:
            self.sums = np.concatenate([self.sums, np.zeros((missing, self.sums.shape[1]))])
            self.first_shown = np.concatenate([self.first_shown, np.full(missing, np.nan)])

    def clear(self, row: int) -> None:
        """Forget one row, for its reuse."""
        self.sums[row] = 0.0
        self.first_shown[row] = np.nan

    def add(self, rows: Rows, events: Rows, times_s: Sequence[float], *, is_click: bool) -> None:
        """Count the views or clicks of several events, to the same bits as one after the other.

        Parameters
        ----------
        rows
            The rows of all events one after the other, (n,).
        events
            To which event each of them belongs, (n,), rising.
        times_s
            When each event was.
        is_click
            Whether they are clicks; else they are views.
        """
        for part, first, changes in self._parts(events, times_s, is_click):
            add_events(self.sums, rows[part], events[part] - first, changes)
        if not is_click:
            note_first(self.first_shown, rows, events, np.array(times_s, np.float64))

    def clicks_at(self, times_s: Sequence[float]) -> NDArray[np.float64]:
        """Return what clicks at these times are worth in `sums` as they stand, (n, 2H + 4).

        Nothing for one that would have moved the landmark: it has not been counted yet.
        """
        is_in = [self._landmark_after(time_s) == self.landmark for time_s in times_s]
        times = [
            time_s if known else self.landmark for time_s, known in zip(times_s, is_in, strict=True)
        ]
        changes = _changes(self._half_lives, self.landmark, tuple(times), True)
        return np.where(np.array(is_in, bool)[:, None], changes, 0.0)

    def add_to_groups(
        self,
        codes: NDArray[np.integer],
        events: Rows,
        times_s: Sequence[float],
        *,
        is_click: bool,
    ) -> None:
        """Count one view or click for each code, which may repeat, of several events at once."""
        groups = codes.astype(np.int32, copy=False)
        for part, first, changes in self._parts(events, times_s, is_click):
            add_grouped(self.sums, groups[part], events[part] - first, changes)

    def add_readers_to_groups(self, codes: NDArray[np.integer]) -> None:
        """Count one reader for each code, which may repeat."""
        self.sums[:, 2 * self.n_half_lives + 2] += np.bincount(codes, minlength=len(self.sums))

    def add_readers(self, rows: Rows) -> None:
        """Count one more reader of each row; `rows` are distinct."""
        self.sums[rows, 2 * self.n_half_lives + 2] += 1.0

    def decay(self, now: float) -> NDArray[np.float64]:
        """Return what decaying sums are worth as of `now`, by half-life, (H,); at most 1.

        As of a time before the landmark they are worth what they are there: going further back
        would let events grow that had not happened yet, without end.
        """
        halvings = (now - self.landmark) / self.half_lives
        return np.exp2(-np.clip(halvings, 0.0, _MAX_HALVINGS))

    def views(self, rows: Rows | slice, now: float) -> NDArray[np.float64]:
        """Return the views by half-life as of `now`, (n, H)."""
        return np.asarray(self.sums[rows, : self.n_half_lives] * self.decay(now))

    def clicks(self, rows: Rows | slice, now: float) -> NDArray[np.float64]:
        """Return the clicks by half-life as of `now`, (n, H)."""
        n = self.n_half_lives
        return np.asarray(self.sums[rows, n : 2 * n] * self.decay(now))

    def totals(self, rows: Rows | slice) -> NDArray[np.float64]:
        """Return all views, all clicks and readers, (n, 3)."""
        first = 2 * self.n_half_lives
        return self.sums[rows, first : first + 3]

    def overall(self) -> tuple[float, float, float]:
        """Return all views, all clicks and readers of every row together."""
        return overall(self.sums, 2 * self.n_half_lives)

    def click_ages(self, rows: Rows | slice, born: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the seconds from each row's birth to its clicks, summed, (n,); at least 0.

        `born` are epoch seconds, (n,); where one is NaN, so is the sum.
        """
        first = 2 * self.n_half_lives
        clicks, after = self.sums[rows, first + 1], self.sums[rows, first + 3]
        return np.asarray(np.maximum(after - clicks * (born - self.landmark), 0.0))

    def shifted(
        self, sums: NDArray[np.float64], landmark: float, new_landmark: float
    ) -> NDArray[np.float64]:
        """Return raw sums (n, 2H + 4) of one landmark as another would hold them, exactly."""
        if landmark == new_landmark:
            return sums
        sums = sums.copy()
        self._shift(sums, new_landmark - landmark)
        return sums

    def rebase(self, time_s: float) -> None:
        """Move the landmark to the day of `time_s` when it has run two days ahead."""
        landmark = self._landmark_after(time_s)
        if landmark != self.landmark:
            self._shift(self.sums, landmark - self.landmark)
            self.landmark = landmark

    def _landmark_after(self, time_s: float) -> float:
        """Return where an event at a time moves the landmark."""
        if self.landmark == 0.0 or time_s - self.landmark >= _REBASE_AFTER_S:
            return max(time_s // DAY_S * DAY_S, self.landmark)
        return self.landmark

    def _parts(
        self, events: Rows, times_s: Sequence[float], is_click: bool
    ) -> Iterator[tuple[slice, int, NDArray[np.float64]]]:
        """Part a batch where the landmark moves, which it does once a part has been added.

        Yields
        ------
        Where the part lies in `events`, which rise; its first event; and what its events bring.
        """
        first = 0
        while first < len(times_s):
            self.rebase(times_s[first])
            end = first + 1
            while end < len(times_s) and self._landmark_after(times_s[end]) == self.landmark:
                end += 1
            start, stop = np.searchsorted(events, (first, end))
            changes = _changes(self._half_lives, self.landmark, tuple(times_s[first:end]), is_click)
            yield slice(start, stop), first, changes
            first = end

    def _shift(self, sums: NDArray[np.float64], seconds: float) -> None:
        """Move raw sums to a landmark that many whole seconds later, in place."""
        first = 2 * self.n_half_lives
        halvings = np.clip(seconds / self.half_lives, -2 * _MAX_HALVINGS, 2 * _MAX_HALVINGS)
        sums[:, :first] *= np.tile(np.exp2(-halvings), 2)
        sums[:, :first][np.abs(sums[:, :first]) < _SMALLEST] = 0.0
        sums[:, first + 3] -= sums[:, first + 1] * seconds


@lru_cache(maxsize=16)
def _changes(
    half_lives: tuple[float, ...], landmark: float, times_s: tuple[float, ...], is_click: bool
) -> NDArray[np.float64]:
    """Return what views or clicks add to a row, (E, 2H + 4); several counters add each event."""
    n = len(half_lives)
    first = n if is_click else 0
    changes = np.zeros((len(times_s), 2 * n + 4))
    for change, time_s in zip(changes, times_s, strict=True):
        weights = [
            ldexp(exp2(time_s % h / h), int(time_s // h) - int(landmark // h)) for h in half_lives
        ]
        change[first : first + n] = [weight * (weight >= _SMALLEST) for weight in weights]
        change[2 * n + int(is_click)] = 1.0
        if is_click:
            change[2 * n + 3] = floor(time_s) - landmark
    changes.flags.writeable = False
    return changes
