r"""Files of clicks, one a row, comma-separated: `user_id,session_id,article_id,time_ms`.

The first row of each file names its columns, in any order; others may stand between them. Times are
milliseconds since the epoch, which is UTC. Files need not be sorted and may overlap: clicks are put
in time order, those of one time in the order of the files' names and rows. One same row again
(user, article and time) counts once.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from cherryrec.codec import EARLIEST, LATEST
from cherryrec.errors import LogError
from cherryrec.evaluation.logs.base import ClickLog, LoggedClick, check_id
from cherryrec.evaluation.logs.lines import header_of, named_columns, standing_once
from cherryrec.evaluation.logs.order import HELD_BYTES, Placed, without_repeats
from cherryrec.evaluation.logs.signs import Signs
from cherryrec.evaluation.mind_faults import FileFaults
from cherryrec.evaluation.zones import EPOCH
from cherryrec.events import seconds

__all__ = ["COLUMNS", "ClickFiles", "Columns", "click_size", "signs", "time_of_ms"]

_MOST_DIGITS = 20
_FIRST_MS, _END_MS = 1_000 * seconds(EARLIEST), 1_000 * seconds(LATEST)


class Columns(NamedTuple):
    """What the columns of a file of clicks are called."""

    user: str
    session: str
    article: str
    time_ms: str


COLUMNS = Columns("user_id", "session_id", "article_id", "time_ms")
"""The columns that a file must have."""


class ClickFiles(ClickLog):
    r"""A log of clicks in one file or in a folder of them, plain or gzipped.

    Parameters
    ----------
    path
        A file, or a folder whose files `*.csv` and `*.csv.gz` are all read.
    held_bytes
        About how much of the clicks are held at once.

    Examples
    --------
    >>> import tempfile
    >>> temporary = tempfile.TemporaryDirectory()
    >>> path = Path(temporary.name) / "clicks.csv"
    >>> _ = path.write_text(
    ...     "user_id,session_id,article_id,time_ms\n"
    ...     "u2,s2,b,1600000060000\n"
    ...     "u1,s1,a,1600000000500\n"
    ...     "u1,s1,a,soon\n"
    ... )
    >>> log = ClickFiles(path)
    >>> [(c.user_id, c.article_id, c.clicked_at) for c in log.clicks()]
    [('u1', 'a', 1600000000.5), ('u2', 'b', 1600000060.0)]
    >>> print(log.bad_rows[0])
    clicks.csv:4: time_ms must be whole milliseconds since the epoch, got 'soon'
    >>> temporary.cleanup()
    """

    title = "clicks"
    zone = EPOCH
    columns = COLUMNS

    def __init__(self, path: str | Path, *, held_bytes: int = HELD_BYTES) -> None:
        super().__init__(path, held_bytes=held_bytes)

    def clicks(self, limit: int | None = None) -> Iterator[LoggedClick]:
        """Yield clicks in time order.

        Parameters
        ----------
        limit
            Stop after that many; the files are read to their ends in any case.

        Raises
        ------
        LogError
            A file lacks a column or cannot be read to its end, or there is no row that can be read.
        """
        rows = self._in_order(
            self._placed(self._click_files(), self._rows, self._click),
            LoggedClick,
            key=self._key,
            size=click_size,
        )
        kept = without_repeats(
            rows, time=lambda one: one.clicked_at, identity=_identity, report=self._repeated
        )
        events = (row.event for row in kept)
        yield from self._some(events, limit, wanted="a click that can be read")

    def files(self) -> Sequence[tuple[str, Path]]:
        """Return the files, by name."""
        if self.path.is_file():
            return [(self.path.name, self.path)]
        return [(path.name, path) for path in standing_once(self._in_folder(), self.path)]

    def _click_files(self) -> Sequence[tuple[str, Path]]:
        """Return the files of clicks, by name."""
        return self.files()

    def _in_folder(self) -> list[Path]:
        """Return the files of the folder."""
        found = sorted([*self.path.glob("*.csv"), *self.path.glob("*.csv.gz")])
        if not found:
            msg = (
                f"a folder of clicks must hold files *.csv or *.csv.gz, got {str(self.path)!r} "
                "without any: pass the folder they are in, or one file"
            )
            raise LogError(msg)
        return found

    def _key(self, click: LoggedClick) -> tuple[float, str]:
        """Return what clicks are sorted by."""
        return click.clicked_at, ""

    def _rows(self, path: Path, faults: FileFaults) -> Iterator[tuple[int, dict[str, str]]]:
        """Yield the rows of a file."""
        return named_columns(path, self.columns, faults, what="a file of clicks")

    def _click(self, row: dict[str, str], name: str, line: int) -> LoggedClick:
        """Read one row; `ValueError` says what is wrong with it."""
        columns = self.columns
        for column in (columns.user, columns.article):
            check_id(column, row[column])
        clicked_at = time_of_ms(row[columns.time_ms], columns.time_ms)
        return LoggedClick(
            f"{name}:{line}",
            row[columns.user],
            row[columns.article],
            clicked_at,
            row[columns.session] or None,
        )

    def _repeated(self, row: Placed[LoggedClick], first: tuple[str, int]) -> None:
        """Report a row that was there before."""
        key = _identity(row.event)
        reason = f"row must not repeat another, got {key!r} of {first[0]}:{first[1]} again"
        self._faults[row.file].add(row.line, f"{reason}; it counts once")


def signs(path: Path) -> Signs:
    """Say what of a file or folder of clicks there is."""
    files = [path] if path.is_file() else sorted([*path.glob("*.csv"), *path.glob("*.csv.gz")])
    header = header_of(files)
    return Signs(
        {
            "files *.csv or *.csv.gz": len(header) > 1,
            **{f"the column {name}": name in header for name in COLUMNS},
        }
    )


def click_size(click: LoggedClick) -> int:
    """Return about how many bytes a click takes in memory."""
    return 440 + len(click.click_id) + len(click.user_id) + len(click.article_id)


def time_of_ms(text: str, name: str) -> float:
    """Return the seconds of milliseconds since the epoch; `ValueError` says what is wrong."""
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        msg = f"{name} must be whole milliseconds since the epoch, got {text[:60]!r}"
        raise ValueError(msg)
    time_ms = int(text)
    if not _FIRST_MS <= time_ms < _END_MS:
        years = f"{EARLIEST.year} to {LATEST.year - 1}"
        msg = f"{name} must be milliseconds of {years}, got {time_ms}: are they seconds?"
        raise ValueError(msg)
    return time_ms / 1_000


def _identity(click: LoggedClick) -> Hashable:
    """Return what makes two rows one click."""
    return click.user_id, click.article_id, click.clicked_at
