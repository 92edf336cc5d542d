"""A log folder in MIND's format: `behaviors.tsv[.gz]` and `news.tsv[.gz]`.

A row that cannot be read, or that workers would refuse, is reported with file, line and reason, and
reading goes on; a folder or a file that cannot be read at all, or of which no row can, is a
`LogError`. A row is known by its place: where an impression id comes again, in a log put together
from several, the line tells the later row apart.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from cherryrec.errors import LogError
from cherryrec.evaluation.mind_checks import check_article, check_impression
from cherryrec.evaluation.mind_faults import MAX_BAD_ROWS, BadRow, FileFaults
from cherryrec.evaluation.mind_labels import has_labels, labelled, unlabelled
from cherryrec.evaluation.mind_rows import (
    MindArticle,
    MindImpression,
    parse_article,
    parse_impression,
)

__all__ = ["MAX_BAD_ROWS", "BadRow", "MindArticle", "MindImpression", "MindLog"]


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
    ...     "2\tU1\t2019-11-15 00:02:00\t\tN1-0 N2-1\n"
    ...     "1\tU1\t11/15/2019 12:01:00 AM\tN2\tN1-1 N2-0\n"
    ...     "3\tU1\tyesterday\tN2\tN1-1\n"
    ... )
    >>> log = MindLog(folder)
    >>> [(i.impression_id, i.shown_at, i.clicked) for i in log.impressions()]
    [('1', 1573776060.0, (True, False)), ('2', 1573776120.0, (False, True))]
    >>> log.articles()["N1"].title
    'Late goal'
    >>> print(log.bad_rows[0])  # doctest: +ELLIPSIS
    behaviors.tsv:3: time must be M/D/YYYY h:mm:ss AM|PM, ISO 8601 or ..., got 'yesterday'
    >>> temporary.cleanup()
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self._faults: dict[str, FileFaults] = {}
        self._file_order: list[str] = []
        self._listed_ids: dict[str, str] = {}
        self._article_ids: frozenset[str] | None = None

    @property
    def bad_rows(self) -> list[BadRow]:
        """The first bad rows of each file read so far (`MAX_BAD_ROWS`)."""
        return [row for faults in self.faults for row in faults.first]

    @property
    def faults(self) -> list[FileFaults]:
        """What was wrong in each file read so far."""
        return [self._faults[name] for name in sorted(self._faults)]

    @property
    def n_bad_rows(self) -> int:
        """How many rows of the files read so far had to be left out, in whole or in part."""
        return sum(faults.n_bad for faults in self._faults.values())

    @property
    def file_order(self) -> list[str]:
        """Impression ids as `behaviors.tsv` lists them; filled by `impressions`."""
        return self._file_order

    @property
    def listed_ids(self) -> Mapping[str, str]:
        """What the file calls those impressions whose id had come before; by the id they have."""
        return self._listed_ids

    @property
    def article_ids(self) -> frozenset[str]:
        """Ids of the articles in `news.tsv`."""
        if self._article_ids is None:
            self.articles()
        assert self._article_ids is not None, "reading the articles notes their ids"
        return self._article_ids

    def articles(self) -> dict[str, MindArticle]:
        """Read `news.tsv`; of two rows with one id the first counts.

        Raises
        ------
        LogError
            It has rows, and none of them can be read.
        """
        found: dict[str, MindArticle] = {}
        path = self.path("news.tsv")
        for line, row in self._rows(path):
            try:
                article, fault = parse_article(row)
                check_article(article)
                if article.article_id in found:
                    raise ValueError(_REPEATED.format(article.article_id[:60]))
            except ValueError as error:
                self._report(path, line, str(error))
                continue
            found[article.article_id] = article
            if fault:
                self._report(path, line, fault)
        self._article_ids = frozenset(found)
        if self._faults[path.name].n_rows:
            self._require(path, bool(found))
        return found

    def impressions(self, limit: int | None = None) -> Iterator[MindImpression]:
        """Yield impressions in time order; rows of one time keep the order of the file.

        Parameters
        ----------
        limit
            Stop after that many; None reads the whole log. The file is read to its end in any
            case, as MIND's files are not sorted by time.

        Raises
        ------
        LogError
            No row can be read.
        """
        path = self.path("behaviors.tsv")
        found = self._read_impressions(path)
        self._require(path, bool(found))
        self._file_order = list(found)
        yield from sorted(found.values(), key=lambda impression: impression.shown_at)[:limit]

    def _read_impressions(self, path: Path) -> dict[str, MindImpression]:
        """Return the rows of a file by id, in its order; repeated ids are told apart."""
        rows: list[tuple[int, MindImpression]] = []
        histories: dict[str, tuple[str, ...]] = {}
        for line, row in self._rows(path):
            try:
                rows.append((line, parse_impression(row, histories)))
            except ValueError as error:
                self._report(path, line, str(error))
        ids = self._ids_if_there()
        is_labelled = has_labels((row.candidates for _, row in rows), ids)
        found: dict[str, MindImpression] = {}
        seen: dict[MindImpression, int] = {}
        self._listed_ids = {}
        for line, raw in rows:
            try:
                impression = _settled(raw, is_labelled, ids)
                first = seen.setdefault(impression, line)
                if first != line:
                    raise ValueError(_SAME.format(first))
                key = _key(impression.impression_id, line, found)
                if key != impression.impression_id:
                    self._listed_ids[key] = impression.impression_id
                    impression = replace(impression, impression_id=key)
                check_impression(impression)
            except ValueError as error:
                self._report(path, line, str(error))
            else:
                found[key] = impression
        return found

    def _ids_if_there(self) -> frozenset[str]:
        """Return the articles' ids; none where there is no readable `news.tsv`."""
        try:
            return self.article_ids
        except LogError:
            return frozenset()

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
        faults = self._faults[path.name] = FileFaults(path.name)
        try:
            with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
                for line, raw in enumerate(file, start=1):
                    if not raw.strip():
                        continue
                    faults.n_rows += 1
                    try:
                        row = raw.decode("utf-8").rstrip("\r\n")
                    except UnicodeDecodeError as error:
                        place = error.start + 1
                        faults.add(line, f"row must be UTF-8, got byte {place} of it unreadable")
                        continue
                    yield line, row.removeprefix("\ufeff") if line == 1 else row
        except (OSError, EOFError, zlib.error) as error:
            message = f"{str(path)!r} cannot be read to its end ({error}): copy the file again"
            raise LogError(message) from error

    def _report(self, path: Path, line: int, reason: str) -> None:
        """Count a bad row."""
        self._faults[path.name].add(line, reason)

    def _require(self, path: Path, has_rows: bool) -> None:
        """Refuse a file of which nothing could be read."""
        if has_rows:
            return
        faults = self._faults[path.name]
        if not faults.n_rows:
            message = f"{str(path)!r} must have rows, got an empty file: copy it again"
            raise LogError(message)
        most, n = faults.kinds.most_common(1)[0]
        message = (
            f"{str(path)!r} must have a row that can be read, got {faults.n_rows:,} of which "
            f"{n:,} are refused as the first is, {faults.first[0]}: {_what_to_check(path, most)}"
        )
        raise LogError(message)


_REPEATED = "article id must be new, got {!r} again; the first row counts"
_SAME = "row must not repeat another, got that of line {} again; it counts once"


def _settled(raw: MindImpression, is_labelled: bool, article_ids: frozenset[str]) -> MindImpression:
    """Return a row with its candidates' labels apart, or none, as the log has it."""
    if is_labelled:
        candidates, clicked = labelled(raw.candidates)
        return replace(raw, candidates=candidates, clicked=clicked)
    return replace(raw, candidates=unlabelled(raw.candidates, article_ids))


def _key(impression_id: str, line: int, taken: Mapping[str, MindImpression]) -> str:
    """Return an id that no row before has: its own, or with the line behind it."""
    key = impression_id
    while key in taken:
        key = f"{impression_id}#{line}"
        impression_id = key
    return key


def _what_to_check(path: Path, reason: str) -> str:
    """Say what a file may be in place of the one that was wanted."""
    try:
        with path.open("rb") as file:
            start = file.read(400)
    except OSError:
        start = b""
    if path.suffix != ".gz":
        if start.startswith(b"\x1f\x8b"):
            return f"it is gzipped, name it {path.name}.gz"
        if start.startswith((b"\xff\xfe", b"\xfe\xff")):
            return "it is UTF-16, write it as UTF-8"
        if b"\t" not in start and b"," in start:
            return "it has commas where tabs are wanted"
    if "columns" in reason:
        return "are behaviors.tsv and news.tsv swapped, or is it another format than MIND's?"
    return "is it in MIND's format?"
