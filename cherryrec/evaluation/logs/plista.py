"""plista (CLEF NewsREEL), as the stream of idomaar has it: six fields a line, tab-separated.

Type, id, epoch milliseconds, properties (JSON), linked entities (JSON), and an empty field. Here an
`impression` is that a reader *reads* an article: a click. A `recommendation` is what was offered,
without what came of it, and is passed over. Lines are out of time order and ids repeat; a reader 0
is unknown, and each of these counts as a reader of their own; an article 0 is refused. There is no
text: an article is known by its publisher, sections and numbered keywords.

References
----------
Kille et al. (2013), The plista Dataset, NRS, https://doi.org/10.1145/2516641.2516643.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from cherryrec.errors import LogError
from cherryrec.evaluation.logs.base import ClickLog, LoggedClick, check_id
from cherryrec.evaluation.logs.click_file import click_size, time_of_ms
from cherryrec.evaluation.logs.lines import decoded, first_line, standing_once, text_lines
from cherryrec.evaluation.logs.order import HELD_BYTES
from cherryrec.evaluation.logs.signs import Signs
from cherryrec.evaluation.mind_checks import check_article
from cherryrec.evaluation.mind_faults import FileFaults
from cherryrec.evaluation.mind_rows import MindArticle
from cherryrec.evaluation.zones import EPOCH

__all__ = ["PlistaLog", "signs"]

_N_FIELDS = 6
_CLICK, _OFFER = "impression", "recommendation"
_PUBLISHER, _SECTION, _KEYWORDS = "27", "11", "33"


class _Linked(msgspec.Struct, rename={"user_id": "userID", "item_id": "itemID"}):
    """Who and what a line is of."""

    user_id: int | str = 0
    item_id: int | str = 0


class _Context(msgspec.Struct):
    """What a line says besides, by code; a part without anything is an empty list."""

    simple: dict[str, Any] | list[Any] = msgspec.field(default_factory=dict)
    clusters: dict[str, Any] | list[Any] = msgspec.field(default_factory=dict)
    lists: dict[str, Any] | list[Any] = msgspec.field(default_factory=dict)


class _Properties(msgspec.Struct):
    """What is read of a line's properties."""

    context: _Context = msgspec.field(default_factory=_Context)


_LINKED = msgspec.json.Decoder(_Linked)
_PROPERTIES = msgspec.json.Decoder(_Properties)


class PlistaLog(ClickLog):
    r"""Clicks of plista.

    Parameters
    ----------
    path
        A file, or a folder whose files are all of this layout, plain or gzipped.
    held_bytes
        About how much of the clicks are held at once.

    Examples
    --------
    >>> import tempfile
    >>> temporary = tempfile.TemporaryDirectory()
    >>> path = Path(temporary.name) / "stream.tsv"
    >>> linked = '{"userID": 7, "itemID": 9, "domainID": 1}'
    >>> offer = f"recommendation\t1\t1402000000000\t{{}}\t{linked}\t\n"
    >>> _ = path.write_text(f"{offer}impression\t2\t1402000001000\t{{}}\t{linked}\t\n")
    >>> log = PlistaLog(path)
    >>> [(click.user_id, click.article_id) for click in log.clicks()], log.n_passed_over
    ([('7', '9')], 1)
    >>> temporary.cleanup()
    """

    title = "plista"
    zone = EPOCH

    def __init__(self, path: str | Path, *, held_bytes: int = HELD_BYTES) -> None:
        super().__init__(path, held_bytes=held_bytes)

    def files(self) -> Sequence[tuple[str, Path]]:
        """Return the files, by name."""
        found = standing_once([*_stream_files(self.path)], self.path)
        if not found:
            msg = f"a log of plista must have a file, got {str(self.path)!r} without: unpack it"
            raise LogError(msg)
        return [(path.name, path) for path in found]

    def clicks(self, limit: int | None = None) -> Iterator[LoggedClick]:
        """Yield clicks in time order; at most `limit`.

        Raises
        ------
        LogError
            A file cannot be read to its end, or no click can be read.
        """
        self.n_passed_over = 0
        rows = self._in_order(
            self._placed(self.files(), text_lines, _click),
            LoggedClick,
            key=lambda click: click.clicked_at,
            size=click_size,
        )
        yield from self._some((row.event for row in rows), limit, wanted="a click that can be read")

    def articles(self) -> Mapping[str, MindArticle]:
        """Read what the lines say of articles: the first that names one counts."""
        found: dict[str, MindArticle] = {}
        for name, path in self.files():
            for _, text in text_lines(path, FileFaults(name)):
                try:
                    fields = _fields(text)
                    article_id = str(decoded(_LINKED, fields[4]).item_id)
                    if article_id == "0" or article_id in found:
                        continue
                    article = _article(article_id, decoded(_PROPERTIES, fields[3]).context)
                    check_article(article)
                except ValueError:  # such a row is told where clicks are read
                    continue
                found[article_id] = article
        self._article_ids = frozenset(found)
        return found


def signs(path: Path) -> Signs:
    """Say what of plista's layout there is."""
    fields = first_line(islice(_stream_files(path), 1)).split("\t")
    return Signs(
        {
            "lines that begin with impression or recommendation": fields[0] in {_CLICK, _OFFER},
            "JSON in the fields four and five": len(fields) >= _N_FIELDS - 1
            and all(one.startswith("{") for one in fields[3:5]),
        }
    )


def _stream_files(path: Path) -> Iterator[Path]:
    """Yield the files of a folder that may be streams by name, or a file itself."""
    if path.is_file():
        yield path
    if path.is_dir():
        for file in sorted(path.iterdir()):
            if file.is_file() and not file.name.startswith(".") and "\t" in first_line([file]):
                yield file


def _fields(text: str) -> list[str]:
    """Split a line; `ValueError` where it has another number of fields or type."""
    fields = text.split("\t")
    if len(fields) == _N_FIELDS - 1:
        fields.append("")
    if len(fields) != _N_FIELDS:
        msg = f"row must have {_N_FIELDS} tab-separated fields, got {len(fields)}"
        raise ValueError(msg)
    if fields[0] not in {_CLICK, _OFFER}:
        msg = f"type must be {_CLICK} or {_OFFER}, got {fields[0][:60]!r}"
        raise ValueError(msg)
    return fields


def _click(text: str, name: str, line: int) -> LoggedClick | None:
    """Read one line, None if it is an offer; `ValueError` says what is wrong with it."""
    fields = _fields(text)
    if fields[0] == _OFFER:
        return None
    click_id = f"{name}:{line}"
    linked = decoded(_LINKED, fields[4])
    article_id = str(linked.item_id)
    if article_id in {"0", ""}:
        msg = "itemID must be an article, got 0"
        raise ValueError(msg)
    user_id = str(linked.user_id)
    if user_id in {"0", ""}:
        user_id = f"unknown:{click_id}"
    check_id("userID", user_id)
    check_id("itemID", article_id)
    return LoggedClick(click_id, user_id, article_id, time_of_ms(fields[2], "time"))


def _article(article_id: str, context: _Context) -> MindArticle:
    """Return what a line says of its article."""
    sections = _coded(context.lists, _SECTION)
    keywords = _coded(context.clusters, _KEYWORDS)
    first = str(sections[0]) if isinstance(sections, list) and sections else ""
    publisher = _coded(context.simple, _PUBLISHER)
    words = tuple(keywords) if isinstance(keywords, dict) else ()
    category = first or (f"publisher {publisher}" if publisher is not None else "")
    return MindArticle(article_id, category, None, "", "", "", words)


def _coded(part: dict[str, Any] | list[Any], code: str) -> Any:
    """Return what a part says under a code; None where it says nothing."""
    return part.get(code) if isinstance(part, dict) else None
