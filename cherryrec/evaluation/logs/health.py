"""What a log looks like once it is read: how many rows, and shares that tell whether to trust it.

A share that no healthy log has (every history empty, no article known) means that a column or a
file was taken for another. It is an error that says what to check: as a number it would be passed
over, and everything measured behind it would be wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from cherryrec.errors import LogError
from cherryrec.evaluation.logs.base import Log, LoggedClick, LoggedDisplay
from cherryrec.evaluation.mind_rows import MindArticle, MindImpression
from cherryrec.events import instant

__all__ = ["FEWEST", "Event", "Health"]

FEWEST = 100
"""Events, rows or dated articles below which no share of them is refused: so few say little."""

_MOST_EARLY = 0.5
_MOST_REFUSED = 0.5
_HOUR_S = 3_600
_HOURS = 24

Event = MindImpression | LoggedClick | LoggedDisplay
E = TypeVar("E", bound=Event)


@dataclass(slots=True)
class Health:
    """Counts over the events of a log.

    Parameters
    ----------
    articles
        What the log says of articles, by id; empty where it describes none.
    n_events
        Impressions, clicks or displays.
    n_histories, n_empty
        Events whose log tells what was read before, and those where that is nothing.
    n_named, n_unknown
        Articles of slates, pools and clicks, each time they come, and those that the log does not
        describe.
    n_dated, n_early
        Of the named those whose publication is known, and those that came before it.
    n_clicks
        Clicks in all.
    first_s, last_s
        Event times of the first and the last event; NaN before there is one.
    by_hour
        Clicks by the hour of the day in UTC, (24,); impressions where nothing is labelled.

    Examples
    --------
    >>> article = MindArticle("a", "news", None, "Vote", "", "", (), published_at=7200.0)
    >>> health = Health({"a": article})
    >>> row = MindImpression("1", "u", 3600.0, (), ("a", "b"), (False, True))
    >>> health.add(row)
    >>> print(*health.shares(), sep=chr(10))
    empty histories: 1 of 1 (100.0 %)
    unknown articles: 1 of 2 (50.0 %)
    shown before publication: 1 of 1 (100.0 %)
    >>> health.by_hour[:3].tolist()
    [0, 1, 0]
    """

    articles: Mapping[str, MindArticle] = field(default_factory=dict)
    n_events: int = 0
    n_histories: int = 0
    n_empty: int = 0
    n_named: int = 0
    n_unknown: int = 0
    n_dated: int = 0
    n_early: int = 0
    n_clicks: int = 0
    first_s: float = float("nan")
    last_s: float = float("nan")
    by_hour: NDArray[np.int64] = field(default_factory=lambda: np.zeros(_HOURS, np.int64))
    _shown_by_hour: NDArray[np.int64] = field(default_factory=lambda: np.zeros(_HOURS, np.int64))

    def add(self, event: Event) -> None:
        """Count an event."""
        match event:
            case MindImpression():
                time_s = event.shown_at
                self.n_histories += 1
                self.n_empty += not event.history
                self._count(event.candidates, time_s, n_clicks=sum(event.clicked or ()))
            case LoggedClick():
                time_s = event.clicked_at
                self._count((event.article_id,), time_s, n_clicks=1)
            case LoggedDisplay():
                time_s = event.shown_at
                self._count(event.pool, time_s, n_clicks=int(event.is_clicked))
        if self.n_events == 0:
            self.first_s = time_s
        self.n_events += 1
        self.last_s = time_s

    def watch(self, events: Iterable[E]) -> Iterator[E]:
        """Yield events, each counted before it goes on."""
        for event in events:
            self.add(event)
            yield event

    @property
    def hours(self) -> NDArray[np.int64]:
        """Clicks by the hour of the day in UTC, (24,); impressions where there is no click."""
        return self.by_hour if self.n_clicks else self._shown_by_hour

    @property
    def span(self) -> str:
        """From when to when the events are."""
        if not self.n_events:
            return "no event"
        first, last = (
            instant(time_s).replace(tzinfo=None, microsecond=0)
            for time_s in (self.first_s, self.last_s)
        )
        return f"{first} to {last} UTC"

    def shares(self) -> list[str]:
        """Return a line for each share that the log tells."""
        found = (
            ("empty histories", self.n_empty, self.n_histories),
            ("unknown articles", self.n_unknown, self.n_named if self.articles else 0),
            ("shown before publication", self.n_early, self.n_dated),
        )
        return [
            f"{name}: {n:,} of {of:,} ({100 * n / of:.1f} %)" for name, n, of in found if of > 0
        ]

    def lines(self, log: Log) -> list[str]:
        """Return what there is to say at the end of reading a log."""
        n_rows = sum(faults.n_rows for faults in log.faults)
        passed = f", passed over: {log.n_passed_over:,}" if log.n_passed_over else ""
        n_files = len(log.faults)
        read = f"rows read: {n_rows:,} of {n_files:,} file{'s' if n_files > 1 else ''}"
        return [f"{read}, refused: {log.n_bad_rows:,}{passed}", *self.shares()]

    def doubts(self, log: Log) -> list[str]:
        """Return what no healthy log has, with what to check; of fewer than `FEWEST` nothing.

        Rows are counted file by file: beside a long file that can be read, one that cannot would
        be a small share of the log.
        """
        found: list[str] = []
        for faults in log.faults:
            if faults.n_rows >= FEWEST and faults.n_bad > _MOST_REFUSED * faults.n_rows:
                found.append(
                    f"most rows of {faults.file} are refused, {faults.n_bad:,} of "
                    f"{faults.n_rows:,}: is it {log.title}? say another --format, or see the "
                    "first bad rows"
                )
        if self.n_events < FEWEST:
            return found
        if self.n_histories == self.n_events == self.n_empty:
            found.append(
                f"all {self.n_events:,} histories are empty: check the column or the file that "
                "they come from, and that its user ids are spelled as those of the slates"
            )
        if self.articles and self.n_unknown == self.n_named:
            found.append(
                f"none of the {self.n_named:,} articles shown is among the {len(self.articles):,} "
                "described: check that both are of one log and that ids are spelled alike"
            )
        if self.n_dated >= FEWEST and self.n_early > _MOST_EARLY * self.n_dated:
            clocks = (
                "the zone that the times were taken to be in (--zone)"
                if log.has_zone
                else "that events and articles are dated by one clock"
            )
            found.append(
                f"{self.n_early:,} of {self.n_dated:,} articles are shown before their "
                f"publication: check {clocks}"
            )
        return found

    def require(self, log: Log) -> None:
        """Refuse a log with a share that no healthy log has.

        Raises
        ------
        LogError
            With what to check.
        """
        if found := self.doubts(log):
            msg = f"{log.name!r} was read, and no healthy log looks so: {'; '.join(found)}"
            raise LogError(msg)

    def _count(self, named: tuple[str, ...], time_s: float, *, n_clicks: int) -> None:
        """Count the articles of an event and its clicks."""
        hour = int(time_s // _HOUR_S) % _HOURS
        self.n_named += len(named)
        self.n_clicks += n_clicks
        self.by_hour[hour] += n_clicks
        self._shown_by_hour[hour] += 1
        for article_id in named:
            article = self.articles.get(article_id)
            if article is None:
                self.n_unknown += 1
            elif article.published_at is not None:
                self.n_dated += 1
                self.n_early += time_s < article.published_at
