"""What a recorded log is: events in time order, what is known of its articles, and its bad rows.

There are three kinds, by what was recorded: slates with what was clicked (`ImpressionLog`), clicks
alone (`ClickLog`), and single articles that were shown at random (`DisplayLog`). Whatever the
layout, event times are UTC seconds, ids are texts, and an event's key is its file or split and its
id, so that rows whose ids repeat are told apart.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from cherryrec.errors import LogError
from cherryrec.evaluation.logs.listed import Listed
from cherryrec.evaluation.logs.order import Placed, in_time_order
from cherryrec.evaluation.logs.rows import Rows, placed_events
from cherryrec.evaluation.mind_faults import BadRow, FileFaults
from cherryrec.evaluation.mind_rows import MindArticle, MindImpression

__all__ = [
    "LONGEST_ID",
    "ClickLog",
    "DisplayLog",
    "ImpressionLog",
    "Log",
    "LoggedClick",
    "LoggedDisplay",
    "check_id",
]

LONGEST_ID = 256
"""Characters of an id in a message."""


T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class LoggedClick:
    """One click.

    Parameters
    ----------
    click_id
        Unique within the log.
    user_id, article_id
        Who opened what; 1 to `LONGEST_ID` characters each.
    clicked_at
        Event time, UTC seconds since the epoch.
    session_id
        The visit it belongs to; None where the log does not tell.
    dwell_s
        Seconds from opening to leaving, at least 0; None where the log does not tell. It is known
        when the reader leaves, not at the click.
    """

    click_id: str
    user_id: str
    article_id: str
    clicked_at: float
    session_id: str | None = None
    dwell_s: float | None = None


def check_id(name: str, value: str) -> None:
    """Refuse an id that no message takes.

    Raises
    ------
    ValueError
        With the name that the file has for it.

    Examples
    --------
    >>> check_id("user_id", "")
    Traceback (most recent call last):
    ...
    ValueError: user_id must be 1 to 256 characters of UTF-8, got ''
    """
    if not 0 < len(value) <= LONGEST_ID:
        msg = f"{name} must be 1 to {LONGEST_ID} characters of UTF-8, got {value[:60]!r}"
        raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class LoggedDisplay:
    """One article shown alone, drawn uniformly at random from a pool.

    Parameters
    ----------
    display_id
        Unique within the log.
    shown_at
        Event time, UTC seconds since the epoch.
    pool
        Article ids it was drawn from, each once.
    displayed
        The one that was drawn; out of `pool`.
    is_clicked
        Whether it was opened.
    user
        Features of the reader by number, each number once; the log names no readers.
    features
        Features of each article of `pool` by number; None where the log has none.

    Examples
    --------
    >>> LoggedDisplay("1", 1.2e9, ("a", "b", "c", "d"), "b", False, ((1, 1.0),)).propensity
    0.25
    """

    display_id: str
    shown_at: float
    pool: tuple[str, ...]
    displayed: str
    is_clicked: bool
    user: tuple[tuple[int, float], ...]
    features: tuple[tuple[tuple[int, float], ...], ...] | None = None

    @property
    def propensity(self) -> float:
        """The chance with which the displayed article was drawn."""
        return 1.0 / len(self.pool)


class Log(ABC):
    """A recorded log, whatever its files look like.

    A row that cannot be read is reported with file, line and reason, and reading goes on; a log of
    which no row can be read is a `LogError`. Files are read anew each time events are asked for,
    and no more than `held_bytes` of the events are held at once, however long the log is.

    Parameters
    ----------
    path
        A file or a folder.
    held_bytes
        About how much of the events are held in memory while they are put in time order.

    Attributes
    ----------
    title
        The name of the format, as people write it.
    zone
        Which zone the times are taken to be in, in a few words.
    has_zone
        Whether its times may be without a zone, so that it takes one.
    n_passed_over
        Rows read so far that are in order and no event of this kind: views of a front page, say.
    progress
        Called with 1 for each event that is read from the files, before they are put in order; may
        be set.
    """

    title: str
    zone: str
    has_zone: bool = False

    def __init__(self, path: str | Path, *, held_bytes: int) -> None:
        self.path = Path(path)
        self.held_bytes = held_bytes
        self.n_passed_over = 0
        self.progress: Callable[[int], None] = _unseen
        self._faults: dict[str, FileFaults] = {}
        self._article_ids: frozenset[str] | None = None

    @property
    def name(self) -> str:
        """The name of the folder, or of the file without its endings."""
        name = self.path.resolve().name
        return name.removesuffix(".gz").removesuffix(".csv")

    @property
    def faults(self) -> list[FileFaults]:
        """What was wrong in each file read so far."""
        return [self._faults[name] for name in sorted(self._faults)]

    @property
    def bad_rows(self) -> list[BadRow]:
        """The first bad rows of each file read so far."""
        return [row for faults in self.faults for row in faults.first]

    @property
    def n_bad_rows(self) -> int:
        """How many rows of the files read so far had to be left out, in whole or in part."""
        return sum(faults.n_bad for faults in self._faults.values())

    @property
    def article_ids(self) -> frozenset[str]:
        """Ids of the articles that the log describes."""
        if self._article_ids is None:
            self._article_ids = frozenset(self.articles())
        return self._article_ids

    def articles(self) -> Mapping[str, MindArticle]:
        """Return nothing, where a log describes no articles."""
        return {}

    def _fresh_faults(self, file: str) -> FileFaults:
        """Return an empty list of faults for a file that is read from its start."""
        faults = self._faults[file] = FileFaults(file)
        return faults

    def _placed(
        self,
        files: Iterable[tuple[str, Path]],
        rows: Rows[R],
        event: Callable[[R, str, int], T | None],
    ) -> Iterator[Placed[T]]:
        """Yield the events of files as they stand there; parameters as for `placed_events`."""
        return placed_events(
            files, rows, event, faults_of=self._fresh_faults, passed_over=self._pass_over
        )

    def _in_order(
        self,
        placed: Iterable[Placed[T]],
        kind: type[T],
        *,
        key: Callable[[T], Any],
        size: Callable[[T], int],
    ) -> Iterator[Placed[T]]:
        """Yield events in time order, within what the log may hold of them."""
        return in_time_order(
            placed, kind, key=key, size=size, held_bytes=self.held_bytes, progress=self.progress
        )

    def _pass_over(self) -> None:
        """Count a row that is in order and no event."""
        self.n_passed_over += 1

    def _some(self, events: Iterable[T], limit: int | None, *, wanted: str) -> Iterator[T]:
        """Yield at most `limit` events.

        Raises
        ------
        LogError
            There is none.
        """
        n = 0
        for event in islice(events, limit):
            n += 1
            yield event
        if n == 0:
            first = next((f"; the first bad row is {row}" for row in self.bad_rows), "")
            msg = f"{str(self.path)!r} must have {wanted}, got none{first}"
            raise LogError(msg)

    @abstractmethod
    def files(self) -> Sequence[tuple[str, Path]]:
        """Return the files that the log consists of, each with its name within the log."""


class ImpressionLog(Log):
    """A log of slates, with what was clicked on them."""

    def __init__(self, path: str | Path, *, held_bytes: int) -> None:
        super().__init__(path, held_bytes=held_bytes)
        self._n_repeated_ids = 0

    @property
    def n_repeated_ids(self) -> int:
        """How many impressions that were yielded have an id that had come before in their split."""
        return self._n_repeated_ids

    def file_order(self) -> Iterator[tuple[str, str]]:
        """Yield the id of each impression, and what its file calls it, as the files list them.

        The files are read again for it.
        """
        for row in self._listed(FileFaults):
            yield row.event.impression.impression_id, row.event.listed_id

    @abstractmethod
    def _listed(self, faults_of: Callable[[str], FileFaults]) -> Iterator[Placed[Listed]]:
        """Yield the slates as the files have them, without what stands in others."""

    @abstractmethod
    def impressions(self, limit: int | None = None) -> Iterator[MindImpression]:
        """Yield impressions in time order, those of one time as the files have them."""


class ClickLog(Log):
    """A log of clicks alone."""

    @abstractmethod
    def clicks(self, limit: int | None = None) -> Iterator[LoggedClick]:
        """Yield clicks in time order, those of one time as the files have them; at most `limit`."""


class DisplayLog(Log):
    """A log of single articles that were shown at random."""

    @abstractmethod
    def displays(self, limit: int | None = None) -> Iterator[LoggedDisplay]:
        """Yield displays in time order, those of one time as the files have them."""


def _unseen(_: int) -> None:
    """Show no progress."""
