"""Adressa: events of a Norwegian paper's readers, a JSON object a line, a file a day.

A file is a day in Oslo, its times are UTC seconds. Two thirds of the events are views of the front
page, which are no clicks on an article and passed over; an event of an article has its id, title
and address, and its profile says that the page is one. There are no slates and nothing that was
shown and not clicked: the log is one of clicks, and what they are ranked against are the articles
seen before, never those of the whole week. The full version has content files beside, one an
article, with bodies; their ids differ from the events' at times, and then the address tells.

References
----------
Gulla et al. (2017), The Adressa Dataset for News Recommendation, WI,
https://doi.org/10.1145/3106426.3109436.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from cherryrec.codec import EARLIEST, LATEST
from cherryrec.errors import LogError
from cherryrec.evaluation.logs.adressa_content import Contents, content_files
from cherryrec.evaluation.logs.base import ClickLog, LoggedClick, check_id
from cherryrec.evaluation.logs.click_file import click_size
from cherryrec.evaluation.logs.lines import decoded, first_line, standing_once, text_lines
from cherryrec.evaluation.logs.order import HELD_BYTES
from cherryrec.evaluation.logs.signs import Signs
from cherryrec.evaluation.mind_checks import check_article
from cherryrec.evaluation.mind_faults import FileFaults
from cherryrec.evaluation.mind_rows import MindArticle
from cherryrec.evaluation.mind_times import parse_time
from cherryrec.evaluation.zones import EPOCH

__all__ = ["AdressaLog", "signs"]

_DAY = re.compile(r"\d{8}(\.gz)?")
_FOLDERS = ("one_week", "three_month")
_SOFT_HYPHEN = "\u00ad"


class _Group(msgspec.Struct):
    """One thing that a profile says, as `pageclass` or `category`."""

    group: str | None = None


class _Item(msgspec.Struct):
    """One entry of a profile."""

    item: str | None = None
    groups: tuple[_Group, ...] = ()

    def says(self, group: str) -> bool:
        """Whether it is of a group."""
        return any(one.group == group for one in self.groups)


class _Event(msgspec.Struct, rename={"user_id": "userId", "active_s": "activeTime"}):
    """What is read of an event; the other keys are passed over."""

    time: int
    user_id: str
    url: str | None = None
    id: str | None = None
    title: str | None = None
    canonicalUrl: str | None = None
    publishtime: str | None = None
    category1: str | None = None
    keywords: str | None = None
    active_s: float | None = None
    profile: tuple[_Item, ...] | None = None

    @property
    def section(self) -> str:
        """The section with its levels behind bars; the profile's where the event has none."""
        if self.category1:
            return self.category1
        return next(
            (item.item for item in self.profile or () if item.item and item.says("category")), ""
        )

    @property
    def is_of_article(self) -> bool:
        """Whether the page is an article's; the light version may leave the profile out."""
        if not (self.id and self.title and self.url):
            return False
        return not self.profile or any(
            item.item == "article" and item.says("pageclass") for item in self.profile
        )


_DECODER = msgspec.json.Decoder(_Event)


class AdressaLog(ClickLog):
    r"""Clicks of Adressa.

    Parameters
    ----------
    path
        A folder with files of days (`20170101`, …), or with `one_week` or `three_month`; or a file.
    held_bytes
        About how much of the clicks are held at once.

    Examples
    --------
    >>> import tempfile
    >>> temporary = tempfile.TemporaryDirectory()
    >>> day = Path(temporary.name) / "20170101"
    >>> front = '{"eventId": 1, "time": 1483225202, "userId": "u", "url": "http://x.no"}'
    >>> read = (
    ...     '{"eventId": 2, "time": 1483225210, "userId": "u", "url": "http://x.no/a", "id": "a",'
    ...     ' "title": "Valg", "category1": "nyheter|trondheim", "activeTime": 12}'
    ... )
    >>> _ = day.write_text(f"{front}\n{read}\n")
    >>> log = AdressaLog(day)
    >>> [(click.user_id, click.article_id, click.dwell_s) for click in log.clicks()]
    [('u', 'a', 12.0)]
    >>> log.n_passed_over
    1
    >>> log.articles()["a"].category, log.articles()["a"].subcategory
    ('nyheter', 'trondheim')
    >>> temporary.cleanup()
    """

    title = "Adressa"
    zone = EPOCH

    def __init__(self, path: str | Path, *, held_bytes: int = HELD_BYTES) -> None:
        super().__init__(path, held_bytes=held_bytes)

    def files(self) -> Sequence[tuple[str, Path]]:
        """Return the files of days by name, and behind them those of contents."""
        found = self._day_files()
        if not found:
            msg = (
                f"a log of Adressa must hold files of days, as 20170101, got {str(self.path)!r} "
                "without any: pass the folder one_week or three_month"
            )
            raise LogError(msg)
        contents = ((f"{path.parent.name}/{path.name}", path) for path in content_files(self.path))
        return [*((path.name, path) for path in found), *contents]

    def clicks(self, limit: int | None = None) -> Iterator[LoggedClick]:
        """Yield clicks on articles in time order; at most `limit`.

        Raises
        ------
        LogError
            A file cannot be read to its end, or no event of an article can be read.
        """
        self.n_passed_over = 0
        days = [(path.name, path) for path in self._day_files()]
        rows = self._in_order(
            self._placed(days, text_lines, _click),
            LoggedClick,
            key=lambda click: click.clicked_at,
            size=click_size,
        )
        yield from self._some((row.event for row in rows), limit, wanted="an event of an article")

    def articles(self) -> Mapping[str, MindArticle]:
        """Read what events say of their articles, and the content files where there are any."""
        found: dict[str, MindArticle] = {}
        contents = Contents(content_files(self.path))
        self._faults.update({faults.file: faults for faults in contents.faults})
        for path in self._day_files():
            for _, text in text_lines(path, FileFaults(path.name)):
                try:
                    event = decoded(_DECODER, text)
                    if not event.is_of_article or event.id is None or event.id in found:
                        continue
                    article = contents.put_on(_article(event), event.canonicalUrl)
                    check_article(article)
                except ValueError:  # such a row is told where clicks are read
                    continue
                found[event.id] = article
        self._article_ids = frozenset(found)
        return found

    def _day_files(self) -> list[Path]:
        """Return the files of days by name, each once."""
        return standing_once(_days(self.path), self.path)


def signs(path: Path) -> Signs:
    """Say what of Adressa's layout there is."""
    days = _days(path)
    text = first_line(days)
    return Signs(
        {
            "files of days, as 20170101": bool(days),
            "a JSON object a line": text.startswith("{"),
            **{f"the key {key}": f'"{key}"' in text for key in ("userId", "time", "eventId")},
        }
    )


def _days(path: Path) -> list[Path]:
    """Return the files of days by name: those of a folder, or the file itself."""
    if path.is_file():
        return [path] if first_line([path]).startswith("{") else []
    folders = [path, *(path / name for name in _FOLDERS)]
    return sorted(
        file
        for folder in folders
        if folder.is_dir()
        for file in folder.iterdir()
        if file.is_file() and _DAY.fullmatch(file.name)
    )


def _click(text: str, name: str, line: int) -> LoggedClick | None:
    """Read one event, None if it is of no article; `ValueError` says what is wrong with it."""
    try:
        event = decoded(_DECODER, text)
    except ValueError as error:
        msg = f"row must be an event of Adressa, got {str(error)[:200]}"
        raise ValueError(msg) from error
    if not event.is_of_article:
        return None
    assert event.id is not None, "an event of an article has its id"
    check_id("userId", event.user_id)
    check_id("id", event.id)
    if not EARLIEST.timestamp() <= event.time < LATEST.timestamp():
        msg = f"time must be seconds of {EARLIEST.year} to {LATEST.year - 1}, got {event.time}"
        raise ValueError(msg)
    dwell_s = event.active_s if event.active_s is not None and event.active_s >= 0 else None
    return LoggedClick(
        f"{name}:{line}", event.user_id, event.id, float(event.time), dwell_s=dwell_s
    )


def _article(event: _Event) -> MindArticle:
    """Return what an event says of its article."""
    category, _, subcategory = event.section.partition("|")
    try:
        published_at = parse_time(event.publishtime) if event.publishtime else None
    except ValueError:  # the article is known all the same
        published_at = None
    keywords = [word.strip() for word in (event.keywords or "").split(",")]
    return MindArticle(
        event.id or "",
        category,
        subcategory or None,
        (event.title or "").replace(_SOFT_HYPHEN, ""),
        "",
        event.url or "",
        tuple(dict.fromkeys(word for word in keywords if word)),
        published_at,
    )
