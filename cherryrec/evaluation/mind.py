"""A log folder in MIND's format: `behaviors.tsv[.gz]` and `news.tsv[.gz]`.

A row that cannot be read is reported with file, line and reason, and reading goes on; a folder
or a file that cannot be read at all is a `LogError`.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cherryrec.errors import LogError
from cherryrec.evaluation.mind_rows import (
    MindArticle,
    MindImpression,
    parse_article,
    parse_impression,
)

__all__ = ["BadRow", "MindArticle", "MindImpression", "MindLog"]

MAX_BAD_ROWS = 100
"""Bad rows kept with their reasons; the ones beyond are only counted."""


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row left out, or read in part, and why."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"


class MindLog:
    r"""A recorded click log in MIND's format.

    Parameters
    ----------
    folder
        Holds `behaviors.tsv` and `news.tsv`, plain or gzipped (`.gz`).

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> temporary = tempfile.TemporaryDirectory()
    >>> folder = Path(temporary.name)
    >>> _ = (folder / "news.tsv").write_text(
    ...     "N1\tsport\tfootball\tLate goal\t\t\t[]\t[]\n"
    ...     "N2\tnews\t\tVote today\t\t\t[]\t[]\n"
    ... )
    >>> _ = (folder / "behaviors.tsv").write_text(
    ...     "2\tU1\t1970-01-01 00:02:00\t\tN1-0 N2-1\n"
    ...     "1\tU1\t1/1/1970 12:01:00 AM\tN2\tN1-1 N2-0\n"
    ...     "3\tU1\tyesterday\tN2\tN1-1\n"
    ... )
    >>> log = MindLog(folder)
    >>> [(i.impression_id, i.shown_at, i.clicked) for i in log.impressions()]
    [('1', 60.0, (True, False)), ('2', 120.0, (False, True))]
    >>> log.articles()["N1"].title
    'Late goal'
    >>> print(log.bad_rows[0])
    behaviors.tsv:3: time must be M/D/YYYY h:mm:ss AM|PM or ISO 8601, got 'yesterday'
    >>> temporary.cleanup()
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self._bad_rows: dict[str, list[BadRow]] = {}
        self._n_bad_rows: dict[str, int] = {}
        self._file_order: list[str] = []

    @property
    def bad_rows(self) -> list[BadRow]:
        """The first `MAX_BAD_ROWS` rows of each file read so far that had to be left out."""
        return [row for name in sorted(self._bad_rows) for row in self._bad_rows[name]]

    @property
    def n_bad_rows(self) -> int:
        """How many rows of the files read so far had to be left out, in whole or in part."""
        return sum(self._n_bad_rows.values())

    @property
    def file_order(self) -> list[str]:
        """Impression ids as `behaviors.tsv` lists them; filled by `impressions`."""
        return self._file_order

    def articles(self) -> dict[str, MindArticle]:
        """Read `news.tsv`; of two rows with one id the first counts."""
        found: dict[str, MindArticle] = {}
        path = self.path("news.tsv")
        for line, row in self._rows(path):
            try:
                article, fault = parse_article(row)
            except ValueError as error:
                self._report(path, line, str(error))
                continue
            if article.article_id in found:
                fault = f"article id {article.article_id!r} appears twice; the first row counts"
            else:
                found[article.article_id] = article
            if fault:
                self._report(path, line, fault)
        return found

    def impressions(self, limit: int | None = None) -> Iterator[MindImpression]:
        """Yield impressions in time order; rows of one time keep the order of the file.

        Parameters
        ----------
        limit
            Stop after that many; None reads the whole log. The file is read to its end in any
            case, as MIND's files are not sorted by time.
        """
        found: dict[str, MindImpression] = {}
        histories: dict[str, tuple[str, ...]] = {}
        path = self.path("behaviors.tsv")
        for line, row in self._rows(path):
            try:
                impression = parse_impression(row, histories)
            except ValueError as error:
                self._report(path, line, str(error))
                continue
            key = impression.impression_id
            if key in found:
                reason = f"impression id {key!r} appears twice; the first row counts"
                self._report(path, line, reason)
            else:
                found[key] = impression
        self._file_order = list(found)
        yield from sorted(found.values(), key=lambda impression: impression.shown_at)[:limit]

    def path(self, name: str) -> Path:
        """Return the plain or the gzipped file of that name.

        Raises
        ------
        LogError
            There is neither.
        """
        for path in (self.folder / name, self.folder / f"{name}.gz"):
            if path.is_file():
                return path
        there = "has neither" if self.folder.is_dir() else "is not a folder"
        message = (
            f"a log folder must hold {name} or {name}.gz, got {str(self.folder)!r}, "
            f"which {there}: pass a folder in MIND's format"
        )
        raise LogError(message)

    def _rows(self, path: Path) -> Iterator[tuple[int, str]]:
        """Yield the number and text of each row that is not blank; bytes not UTF-8 are reported."""
        self._bad_rows[path.name] = []
        self._n_bad_rows[path.name] = 0
        try:
            with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
                for line, raw in enumerate(file, start=1):
                    try:
                        row = raw.decode("utf-8").rstrip("\r\n")
                    except UnicodeDecodeError as error:
                        self._report(
                            path, line, f"row must be UTF-8, got byte {error.start} unreadable"
                        )
                        continue
                    if row.strip():
                        yield line, row.removeprefix("\ufeff") if line == 1 else row
        except (OSError, EOFError, zlib.error) as error:
            message = f"{str(path)!r} cannot be read to its end ({error}): copy the file again"
            raise LogError(message) from error

    def _report(self, path: Path, line: int, reason: str) -> None:
        """Count a bad row, and keep it while there is room."""
        self._n_bad_rows[path.name] += 1
        if len(self._bad_rows[path.name]) < MAX_BAD_ROWS:
            self._bad_rows[path.name].append(BadRow(path.name, line, reason))
