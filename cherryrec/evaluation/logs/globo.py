"""Globo.com: clicks of a Brazilian portal in files of an hour each, and what is known of articles.

`clicks/clicks_hour_000.csv` and on, with a header; the files are of the hours in which *visits*
began and overlap, so clicks are sorted by their own time, then by reader, then as the files have
them. `articles_metadata.csv` has sections and creation times, which may be after clicks. The
embeddings come as a pickle, which runs code when it is read: they never are.

References
----------
Moreira et al. (2018), News Session-Based Recommendations using Deep Neural Networks, DLRS,
https://doi.org/10.1145/3270323.3270328.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from cherryrec.errors import LogError
from cherryrec.evaluation.logs.base import LoggedClick
from cherryrec.evaluation.logs.click_file import ClickFiles, Columns, time_of_ms
from cherryrec.evaluation.logs.lines import header_of, named_columns, standing_once
from cherryrec.evaluation.logs.rows import articles_of
from cherryrec.evaluation.logs.signs import Signs
from cherryrec.evaluation.mind_checks import check_article
from cherryrec.evaluation.mind_faults import FileFaults
from cherryrec.evaluation.mind_rows import MindArticle

__all__ = ["GloboLog", "signs"]

_COLUMNS = Columns("user_id", "session_id", "click_article_id", "click_timestamp")
_ARTICLE_COLUMNS = ("article_id", "category_id", "created_at_ts")
_METADATA = ("articles_metadata.csv", "articles_metadata.csv.gz")


class GloboLog(ClickFiles):
    r"""Clicks of Globo.com.

    Parameters
    ----------
    path
        A folder with `clicks/clicks_hour_*.csv`, or with these files themselves; gzipped ones end
        in `.gz`.
    held_bytes
        About how much of the clicks are held at once.

    Examples
    --------
    >>> import tempfile
    >>> temporary = tempfile.TemporaryDirectory()
    >>> folder = Path(temporary.name)
    >>> header = "user_id,session_id,click_article_id,click_timestamp\n"
    >>> rows = {0: "7,1,a,1506826900000\n", 1: "3,2,b,1506826800000\n"}
    >>> for hour, row in rows.items():
    ...     _ = (folder / f"clicks_hour_00{hour}.csv").write_text(header + row)
    >>> [(click.user_id, click.article_id) for click in GloboLog(folder).clicks()]
    [('3', 'b'), ('7', 'a')]
    >>> temporary.cleanup()
    """

    title = "Globo.com"
    columns = _COLUMNS

    def files(self) -> Sequence[tuple[str, Path]]:
        """Return the files of clicks by name, and behind them that of articles."""
        return [*self._click_files(), *((path.name, path) for path in self._metadata())]

    def articles(self) -> dict[str, MindArticle]:
        """Read `articles_metadata.csv` where it is there: sections and times, no text."""
        found: dict[str, MindArticle] = {}
        for path in self._metadata():
            found = articles_of(path, _article_rows, _article, self._fresh_faults(path.name))
        return found

    def _click_files(self) -> list[tuple[str, Path]]:
        """Return the files of clicks by name."""
        found = standing_once(_hours(self.path), self.path)
        if not found:
            msg = (
                f"a log of Globo.com must hold clicks_hour_*.csv, got {str(self.path)!r} without "
                "any: pass the folder that holds the folder clicks"
            )
            raise LogError(msg)
        return [(path.name, path) for path in found]

    def _metadata(self) -> list[Path]:
        """Return the file of articles, here or beside the folder of clicks; none where absent."""
        folders = (self.path, self.path.resolve().parent)
        there = [folder / name for folder in folders for name in _METADATA]
        return [path for path in there if path.is_file()][:1]

    def _key(self, click: LoggedClick) -> tuple[float, str]:
        """Return what clicks are sorted by."""
        return click.clicked_at, click.user_id


def signs(path: Path) -> Signs:
    """Say what of Globo's layout there is."""
    hours = _hours(path)
    header = header_of(hours)
    return Signs(
        {
            "clicks_hour_*.csv": bool(hours),
            **{f"the column {name}": name in header for name in _COLUMNS},
        }
    )


def _hours(path: Path) -> list[Path]:
    """Return the files of hours in a folder or in its folder `clicks`, by name."""
    found = [
        file
        for folder in (path / "clicks", path)
        for ending in ("csv", "csv.gz")
        for file in folder.glob(f"clicks_hour_*.{ending}")
    ]
    return sorted(found)


def _article_rows(path: Path, faults: FileFaults) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the rows of the file of articles."""
    return named_columns(path, _ARTICLE_COLUMNS, faults, what="Globo's file of articles")


def _article(row: dict[str, str]) -> tuple[MindArticle, str | None]:
    """Read one article, and what had to be left out of it."""
    created_at, fault = None, None
    if created := row["created_at_ts"]:
        try:
            created_at = time_of_ms(created, "created_at_ts")
        except ValueError as error:
            fault = f"{error}: left out"
    article = MindArticle(row["article_id"], row["category_id"], None, "", "", "", (), created_at)
    check_article(article)
    return article, fault
