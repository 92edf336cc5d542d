"""EB-NeRD: Ekstra Bladet's slates in parquet files, one folder a split.

`train`, `validation` or `test`, each with `behaviors.parquet` (a slate a row) and `history.parquet`
(a reader a row), beside one `articles.parquet`. A row's key is its split and id; of the test split
200,000 rows share the id 0, which are told apart by their number. Times have no zone and are UTC.
What happens after the click (`next_read_time`) is told as the dwell of the clicked article, and is
no feature; sums over the days to come, such as `total_pageviews`, are not read.

References
----------
Kruse et al. (2024), EB-NeRD: A Large-scale Dataset for News Recommendation, RecSys Challenge,
https://arxiv.org/abs/2410.03432.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import tzinfo
from functools import partial
from pathlib import Path
from typing import Any

from cherryrec.codec import EARLIEST, LATEST
from cherryrec.errors import LogError
from cherryrec.evaluation.logs.base import ImpressionLog
from cherryrec.evaluation.logs.ebnerd_history import Histories
from cherryrec.evaluation.logs.keys import Keys
from cherryrec.evaluation.logs.listed import Listed, listed
from cherryrec.evaluation.logs.order import HELD_BYTES, Placed
from cherryrec.evaluation.logs.parquet import Kind, columns_of, is_parquet
from cherryrec.evaluation.logs.rows import articles_of, placed_events
from cherryrec.evaluation.logs.signs import Signs
from cherryrec.evaluation.mind_checks import check_article, check_impression
from cherryrec.evaluation.mind_faults import FileFaults
from cherryrec.evaluation.mind_rows import MindArticle, MindImpression
from cherryrec.evaluation.zones import UTC_NAME, described, naive_to_utc, zone_named

__all__ = ["EbnerdLog", "signs"]

SPLITS = ("train", "validation", "test")
"""Folders of a bundle, in the order of time."""

_SLATE: dict[str, Kind] = {
    "impression_id": "int",
    "user_id": "int",
    "impression_time": "time",
    "article_ids_inview": "list of int",
}
_OUTCOME: dict[str, Kind] = {"article_ids_clicked": "list of int", "next_read_time": "number"}
_ARTICLE: dict[str, Kind] = {"article_id": "int", "title": "text"}
_ARTICLE_TOO: dict[str, Kind] = {
    "subtitle": "text",
    "category": "int",
    "category_str": "text",
    "subcategory": "list",
    "ner_clusters": "list of text",
    "url": "text",
    "published_time": "time",
}


class EbnerdLog(ImpressionLog):
    """A bundle of EB-NeRD, or one split of it.

    Parameters
    ----------
    path
        A folder with `train`, `validation` or `test` and `articles.parquet`, or one of the former.
    zone
        That times without one are taken to be in, by its IANA name; they are UTC.
    held_bytes
        About how much of the impressions are held at once while they are put in time order.
    """

    title = "EB-NeRD"
    has_zone = True

    def __init__(
        self, path: str | Path, *, zone: str = UTC_NAME, held_bytes: int = HELD_BYTES
    ) -> None:
        super().__init__(path, held_bytes=held_bytes)
        self.zone = described(zone)
        self._zone = zone_named(zone)

    def files(self) -> list[tuple[str, Path]]:
        """Return the files, that of articles first."""
        found = [("articles.parquet", self._articles_path())]
        for split, folder in self._splits().items():
            for name in ("behaviors.parquet", "history.parquet"):
                found.append((f"{split}/{name}" if split else name, folder / name))
        return found

    def articles(self) -> dict[str, MindArticle]:
        """Read `articles.parquet`; of two rows with one id the first counts.

        The subtitle stands for the abstract, clusters of names for the entities.

        Raises
        ------
        LogError
            The file is missing or cannot be read, or no row of it can.
        """
        path = self._articles_path()
        found = articles_of(
            path,
            partial(_rows, wanted=_ARTICLE, optional=_ARTICLE_TOO),
            partial(_article, zone=self._zone),
            self._fresh_faults("articles.parquet"),
        )
        if not found:
            msg = f"{str(path)!r} must have an article that can be read, got none"
            raise LogError(msg)
        self._article_ids = frozenset(found)
        return found

    def impressions(self, limit: int | None = None) -> Iterator[MindImpression]:
        """Yield the impressions of all splits in time order; at most `limit`.

        Raises
        ------
        LogError
            A file is missing or cannot be read, or no row of a slate can.
        """
        self._n_repeated_ids = 0
        with ExitStack() as stack:
            histories = {
                split: stack.enter_context(
                    Histories(
                        folder / "history.parquet",
                        self._fresh_faults(_named(split, "history.parquet")),
                    )
                )
                for split, folder in self._splits().items()
            }
            rows = self._in_order(
                self._listed(self._fresh_faults),
                Listed,
                key=lambda row: row.shown_at,
                size=lambda row: row.size,
            )
            matched = self._with_histories(rows, histories)
            yield from self._some(matched, limit, wanted="an impression that can be read")

    def _with_histories(
        self, rows: Iterator[Placed[Listed]], histories: Mapping[str, Histories]
    ) -> Iterator[MindImpression]:
        """Yield rows with what their readers had read before the split."""
        for row in rows:
            split = row.file.rpartition("/")[0]
            slate = row.event.impression
            impression = replace(slate, history=histories[split].of(int(slate.user_id)))
            try:
                check_impression(impression)
            except ValueError as error:
                self._faults[row.file].add(row.line, str(error))
                continue
            self._n_repeated_ids += row.event.is_repeated
            yield impression

    def _listed(self, faults_of: Callable[[str], FileFaults]) -> Iterator[Placed[Listed]]:
        """Yield the slates of each split as they stand there, without histories."""
        for split, folder in self._splits().items():
            yield from placed_events(
                [(_named(split, "behaviors.parquet"), folder / "behaviors.parquet")],
                partial(_rows, wanted=_SLATE, optional=_OUTCOME),
                partial(self._slate, Keys(split)),
                faults_of=faults_of,
            )

    def _slate(self, keys: Keys, row: dict[str, Any], _: str, line: int) -> Listed:
        """Read one row; `ValueError` says what is wrong with it."""
        return listed(_impression(row, self._zone), keys, line)

    def _splits(self) -> dict[str, Path]:
        """Return the folders of the splits by their names; one alone has none."""
        found = _split_folders(self.path)
        if not found:
            msg = (
                f"a bundle of EB-NeRD must hold {', '.join(SPLITS)} with behaviors.parquet, got "
                f"{str(self.path)!r} without any: pass the folder that holds articles.parquet"
            )
            raise LogError(msg)
        return found if len(found) > 1 else {"": next(iter(found.values()))}

    def _articles_path(self) -> Path:
        """Return the file of articles, which lies beside the splits."""
        for folder in (self.path, self.path.resolve().parent):
            if (folder / "articles.parquet").is_file():
                return folder / "articles.parquet"
        msg = (
            f"a bundle of EB-NeRD must hold articles.parquet, got {str(self.path)!r} without: "
            "it comes with each bundle"
        )
        raise LogError(msg)


def signs(path: Path) -> Signs:
    """Say what of EB-NeRD's layout there is."""
    found = _split_folders(path)
    articles = (path / "articles.parquet", path.resolve().parent / "articles.parquet")
    return Signs(
        {
            "behaviors.parquet in train, validation or test": any(
                is_parquet(folder / "behaviors.parquet") for folder in found.values()
            ),
            "history.parquet beside each": bool(found)
            and all((folder / "history.parquet").is_file() for folder in found.values()),
            "articles.parquet": any(one.is_file() for one in articles),
        }
    )


def _split_folders(path: Path) -> dict[str, Path]:
    """Return the splits that are there, in the order of time; a folder of one by its own name."""
    if (path / "behaviors.parquet").is_file():
        return {path.name: path}
    return {
        split: path / split for split in SPLITS if (path / split / "behaviors.parquet").is_file()
    }


def _named(split: str, name: str) -> str:
    """Return a file's name within the log."""
    return f"{split}/{name}" if split else name


def _rows(
    path: Path, faults: FileFaults, *, wanted: Mapping[str, Kind], optional: Mapping[str, Kind]
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the number and the values by name of each row."""
    for first, columns in columns_of(path, wanted, optional):
        for number, values in enumerate(zip(*columns.values(), strict=True), start=first):
            faults.n_rows += 1
            yield number, dict(zip(columns, values, strict=True))


def _impression(row: dict[str, Any], zone: tzinfo) -> MindImpression:
    """Read one slate, without the history; `ValueError` says what is wrong with it."""
    is_labelled = "article_ids_clicked" in row
    lists = ("article_ids_inview", *(("article_ids_clicked",) if is_labelled else ()))
    for name in (*_SLATE, *lists):
        if row[name] is None:
            msg = f"{name} must be there, got null"
            raise ValueError(msg)
    for name in lists:
        if None in row[name]:
            msg = f"{name} must be articles, got a null among {len(row[name])}"
            raise ValueError(msg)
    candidates = tuple(map(str, row["article_ids_inview"]))
    if not candidates or len(set(candidates)) < len(candidates):
        msg = f"article_ids_inview must be articles, each once, got {len(candidates)} of them"
        raise ValueError(msg)
    clicked: tuple[bool, ...] | None = None
    if is_labelled:
        clicks = set(map(str, row["article_ids_clicked"]))
        if unseen := clicks - set(candidates):
            msg = f"article_ids_clicked must be out of the slate, got {min(unseen)!r} beside it"
            raise ValueError(msg)
        clicked = tuple(one in clicks for one in candidates)
    dwell_s = row.get("next_read_time")
    return MindImpression(
        str(row["impression_id"]),
        str(row["user_id"]),
        _time(row["impression_time"], zone),
        (),
        candidates,
        clicked,
        float(dwell_s) if dwell_s is not None and dwell_s >= 0 else None,
    )


def _time(microseconds: int, zone: tzinfo) -> float:
    """Return UTC seconds; `ValueError` where the year is none a log has."""
    time_s = naive_to_utc(microseconds / 1e6, zone)
    if not EARLIEST.timestamp() <= time_s < LATEST.timestamp():
        msg = f"time must be from {EARLIEST.year} to {LATEST.year - 1}, got {time_s:.0f} s"
        raise ValueError(msg)
    return time_s


def _article(row: dict[str, Any], zone: tzinfo) -> tuple[MindArticle, str | None]:
    """Read one article, and what was left out of it; `ValueError` says what is wrong with it."""
    if row["article_id"] is None:
        msg = "article_id must be there, got null"
        raise ValueError(msg)
    published_at, fault = None, None
    if (time := row.get("published_time")) is not None:
        try:
            published_at = _time(time, zone)
        except ValueError as error:
            fault = f"published_{error}: left out"
    number = row.get("category")
    category = row.get("category_str") or ("" if number is None else str(number))
    article = MindArticle(
        str(row["article_id"]),
        category,
        "|".join(map(str, row.get("subcategory") or ())) or None,
        row["title"] or "",
        row.get("subtitle") or "",
        row.get("url") or "",
        tuple(dict.fromkeys(name for name in row.get("ner_clusters") or () if name)),
        published_at,
    )
    check_article(article)
    return article, fault
