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
from typing import TypeVar

from cherryrec.errors import LogError
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
    """A log of slates, with what was clicked on them.

    Attributes
    ----------
    split_names
        Splits whose names stand before impression ids (`dev/7`); none where the log is one split.
    """

    split_names: tuple[str, ...] = ()

    @property
    @abstractmethod
    def file_order(self) -> Sequence[str]:
        """Impression ids as the files list them."""

    @property
    @abstractmethod
    def listed_ids(self) -> Mapping[str, str]:
        """What the files call those impressions whose id had come before; by the id they have."""

    def listed_id(self, impression_id: str) -> str:
        """Return what the files call an impression, without its split and line."""
        repeated = self.listed_ids.get(impression_id)
        if repeated is not None:
            return repeated
        split, _, listed_id = impression_id.partition("/")
        return listed_id if split in self.split_names and listed_id else impression_id

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
