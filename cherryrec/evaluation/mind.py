"""A log folder in MIND's format: `behaviors.tsv[.gz]` and `news.tsv[.gz]`.

A row that cannot be read, or that workers would refuse, is reported with file, line and reason, and
reading goes on; a folder or a file that cannot be read at all, or of which no row can, is a
`LogError`. A row is known by its place: where an impression id comes again, in a log put together
from several, the line tells the later row apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from cherryrec.errors import LogError
from cherryrec.evaluation.logs.base import ImpressionLog
from cherryrec.evaluation.logs.keys import Keys
from cherryrec.evaluation.logs.lines import text_lines
from cherryrec.evaluation.logs.listed import Listed, listed
from cherryrec.evaluation.logs.order import HELD_BYTES, Placed, without_repeats
from cherryrec.evaluation.logs.rows import articles_of, placed_events
from cherryrec.evaluation.logs.xmind import XMindTitles
from cherryrec.evaluation.mind_checks import check_article, check_impression
from cherryrec.evaluation.mind_faults import MAX_BAD_ROWS, BadRow, FileFaults
from cherryrec.evaluation.mind_histories import SharedHistories
from cherryrec.evaluation.mind_labels import has_labels, labelled, unlabelled
from cherryrec.evaluation.mind_rows import (
    MindArticle,
    MindImpression,
    parse_article,
    parse_impression,
)
from cherryrec.evaluation.zones import UTC_NAME, described, zone_named

__all__ = ["MAX_BAD_ROWS", "BadRow", "MindArticle", "MindImpression", "MindLog"]


class MindLog(ImpressionLog):
    r"""A recorded click log in MIND's format.

    Parameters
    ----------
    folder
        Holds `behaviors.tsv` and `news.tsv`, plain or gzipped (`.gz`).
    zone
        That times without one are taken to be in, by its IANA name.
    split
        Put before impression ids and file names, where the log is one split of several.
    titles
        A file of xMIND, whose titles and abstracts stand for those of `news.tsv`.
    held_bytes
        About how much of the impressions are held at once while they are put in time order.

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

    title = "MIND"
    has_zone = True

    def __init__(
        self,
        folder: str | Path,
        *,
        zone: str = UTC_NAME,
        split: str = "",
        titles: Path | None = None,
        held_bytes: int = HELD_BYTES,
    ) -> None:
        super().__init__(folder, held_bytes=held_bytes)
        self.folder = Path(folder)
        self.split = split
        self._titles = XMindTitles(titles) if titles is not None else None
        self.zone = described(zone)
        self._zone = zone_named(zone)

    def files(self) -> list[tuple[str, Path]]:
        """Return the two files, and that of other titles."""
        names = ("news.tsv", "behaviors.tsv")
        found = [(self._named(name), self.file(name)) for name in names]
        if self._titles is not None:
            found.append((self._titles.name, self._titles.path))
        return found

    def articles(self) -> dict[str, MindArticle]:
        """Read `news.tsv`; of two rows with one id the first counts.

        Raises
        ------
        LogError
            It has rows, and none of them can be read.
        """
        path = self.file("news.tsv")
        faults = self._fresh_faults(self._named(path.name))
        found = articles_of(path, text_lines, _article, faults)
        self._article_ids = frozenset(found)
        if faults.n_rows and not found:
            raise LogError(_unreadable(path, faults))
        if self._titles is not None:
            found = self._titles.translated(found)
            self._faults[self._titles.name] = self._titles.faults
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
        path = self.file("behaviors.tsv")
        self._n_repeated_ids = 0
        rows = self._in_order(
            self._listed(self._fresh_faults),
            Listed,
            key=lambda row: row.shown_at,
            size=lambda row: row.size,
        )
        kept = without_repeats(
            rows,
            time=lambda row: row.shown_at,
            identity=lambda row: row.content,
            report=self._repeated,
        )
        n = 0
        for row in kept:
            if limit is not None and n == limit:
                return
            n += 1
            self._n_repeated_ids += row.event.is_repeated
            yield row.event.impression
        if n == 0:
            raise LogError(_unreadable(path, self._faults[self._named(path.name)]))

    def _listed(self, faults_of: Callable[[str], FileFaults]) -> Iterator[Placed[Listed]]:
        """Yield the rows of the file as it has them; ids that come again are told apart."""
        ids = self._ids_if_there()
        path = self.file("behaviors.tsv")
        is_labelled = has_labels(_slates(path), ids)
        keys = Keys(self.split)
        histories = SharedHistories[str]()

        def slate(text: str, _: str, line: int) -> Listed:
            row = _settled(parse_impression(text, histories, self._zone), is_labelled, ids)
            found = listed(row, keys, line)
            check_impression(found.impression)
            return found

        return placed_events(
            [(self._named(path.name), path)], text_lines, slate, faults_of=faults_of
        )

    def _repeated(self, row: Placed[Listed], first: tuple[str, int]) -> None:
        """Report a row that was there before."""
        self._faults[row.file].add(row.line, _SAME.format(first[1]))

    def _ids_if_there(self) -> frozenset[str]:
        """Return the articles' ids; none where there is no readable `news.tsv`."""
        try:
            return self.article_ids
        except LogError:
            return frozenset()

    def _named(self, name: str) -> str:
        """Return a file's name within the log."""
        return f"{self.split}/{name}" if self.split else name

    def file(self, name: str) -> Path:
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


_N_COLUMNS = 5
_SAME = "row must not repeat another, got that of line {} again; it counts once"


def _article(row: str) -> tuple[MindArticle, str | None]:
    """Read one row of `news.tsv`, and what had to be left out of it."""
    article, fault = parse_article(row)
    check_article(article)
    return article, fault


def _settled(raw: MindImpression, is_labelled: bool, article_ids: frozenset[str]) -> MindImpression:
    """Return a row with its candidates' labels apart, or none, as the log has it."""
    if is_labelled:
        candidates, clicked = labelled(raw.candidates)
        return replace(raw, candidates=candidates, clicked=clicked)
    return replace(raw, candidates=unlabelled(raw.candidates, article_ids))


def _slates(path: Path) -> Iterator[Sequence[str]]:
    """Yield the candidates of the rows that have five columns, as they are written."""
    for _, text in text_lines(path, FileFaults(path.name)):
        columns = text.split("\t")
        if len(columns) == _N_COLUMNS and (slate := columns[-1].split()):
            yield slate


def _unreadable(path: Path, faults: FileFaults) -> str:
    """Say that nothing of a file could be read, and what to check."""
    if not faults.n_rows:
        return f"{str(path)!r} must have rows, got an empty file: copy it again"
    most, n = faults.kinds.most_common(1)[0]
    return (
        f"{str(path)!r} must have a row that can be read, got {faults.n_rows:,} of which "
        f"{n:,} are refused as the first is, {faults.first[0]}: {_what_to_check(path, most)}"
    )


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
