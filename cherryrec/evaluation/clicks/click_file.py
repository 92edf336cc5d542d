r"""Files of clicks, one a row, comma-separated: `user_id,session_id,article_id,time_ms`.

The first row of each file names its columns, in any order; others may stand between them. Times are
milliseconds since the epoch, which is UTC. Files need not be sorted and may overlap: clicks are put
in time order, those of one time in the order of the files' names and rows. One same row again
(user, article and time) counts once.
"""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from cherryrec.codec import EARLIEST, LATEST
from cherryrec.errors import LogError
from cherryrec.evaluation.clicks.base import LoggedClick
from cherryrec.evaluation.mind_faults import BadRow, FileFaults
from cherryrec.events import seconds

__all__ = ["COLUMNS", "ClickFiles"]

COLUMNS = ("user_id", "session_id", "article_id", "time_ms")
"""The columns that a file must have."""

_LONGEST = 256  # characters of an id in a message
_FIRST_MS, _END_MS = 1_000 * seconds(EARLIEST), 1_000 * seconds(LATEST)


class ClickFiles:
    r"""A log of clicks in one file or in a folder of them, plain or gzipped.

    Parameters
    ----------
    path
        A file, or a folder whose files `*.csv` and `*.csv.gz` are all read.

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

    zone = "UTC, as milliseconds since the epoch are"

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._faults: dict[str, FileFaults] = {}

    @property
    def name(self) -> str:
        """The name of the folder, or of the file without its endings."""
        name = self.path.resolve().name
        return name.removesuffix(".gz").removesuffix(".csv")

    @property
    def faults(self) -> Sequence[FileFaults]:
        """What was wrong in each file read so far."""
        return [self._faults[name] for name in sorted(self._faults)]

    @property
    def bad_rows(self) -> list[BadRow]:
        """The first bad rows of each file read so far."""
        return [row for faults in self.faults for row in faults.first]

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
        found: list[LoggedClick] = []
        seen: set[tuple[str, str, float]] = set()
        for path in self._paths():
            faults = self._faults[path.name] = FileFaults(path.name)
            for line, row in self._rows(path, faults):
                try:
                    click = _click(row, f"{path.name}:{line}")
                    key = (click.user_id, click.article_id, click.clicked_at)
                    if key in seen:
                        msg = f"row must not repeat another, got {key!r} again; it counts once"
                        raise ValueError(msg)
                except ValueError as error:
                    faults.add(line, str(error))
                    continue
                seen.add(key)
                found.append(click)
        if not found:
            first = next((f"; the first bad row is {row}" for row in self.bad_rows), "")
            msg = f"{str(self.path)!r} must have a click that can be read, got none{first}"
            raise LogError(msg)
        yield from sorted(found, key=lambda click: click.clicked_at)[:limit]

    def _paths(self) -> list[Path]:
        """Return the files, by name."""
        if self.path.is_file():
            return [self.path]
        found = sorted([*self.path.glob("*.csv"), *self.path.glob("*.csv.gz")])
        if not found:
            msg = (
                f"a folder of clicks must hold files *.csv or *.csv.gz, got {str(self.path)!r} "
                "without any: pass the folder they are in, or one file"
            )
            raise LogError(msg)
        return found

    def _rows(self, path: Path, faults: FileFaults) -> Iterator[tuple[int, dict[str, str]]]:
        """Yield the line and the named columns of each row that is not blank."""
        try:
            with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as raw:
                lines = io.TextIOWrapper(raw, encoding="utf-8-sig", errors="replace", newline="")
                reader = csv.reader(lines)
                header = next(reader, [])
                missing = [name for name in COLUMNS if name not in header]
                if missing:
                    msg = (
                        f"{str(path)!r} must begin with a row that names the columns "
                        f"{', '.join(COLUMNS)}, got {','.join(header)[:80]!r} without "
                        f"{', '.join(missing)}: is it a file of clicks?"
                    )
                    raise LogError(msg)
                for cells in reader:
                    if not any(cells):
                        continue
                    faults.n_rows += 1
                    if len(cells) != len(header):
                        reason = f"row must have {len(header)} columns, got {len(cells)}"
                        faults.add(reader.line_num, reason)
                        continue
                    yield reader.line_num, dict(zip(header, cells, strict=True))
        except (OSError, EOFError, zlib.error, csv.Error) as error:
            msg = f"{str(path)!r} cannot be read to its end ({error}): copy the file again"
            raise LogError(msg) from error


def _click(row: dict[str, str], click_id: str) -> LoggedClick:
    """Read one row; `ValueError` says what is wrong with it."""
    for name in ("user_id", "article_id"):
        if not 0 < len(row[name]) <= _LONGEST or "\ufffd" in row[name]:
            msg = f"{name} must be 1 to {_LONGEST} characters of UTF-8, got {row[name][:60]!r}"
            raise ValueError(msg)
    try:
        time_ms = int(row["time_ms"])
    except ValueError:
        time = row["time_ms"][:60]
        msg = f"time_ms must be whole milliseconds since the epoch, got {time!r}"
        raise ValueError(msg) from None
    if not _FIRST_MS <= time_ms < _END_MS:
        years = f"{EARLIEST.year} to {LATEST.year - 1}"
        msg = f"time_ms must be milliseconds of {years}, got {time_ms}: are they seconds?"
        raise ValueError(msg)
    return LoggedClick(
        click_id, row["user_id"], row["article_id"], time_ms / 1_000, row["session_id"] or None
    )
