"""One row of MIND's two files, read into a typed record.

`behaviors.tsv` has five columns: impression id, user id, time, history, candidates; `news.tsv` has
eight: article id, category, subcategory, title, abstract, url, title entities, abstract entities.
Neither has a header. A row that cannot be read raises `ValueError` with the reason; the caller
knows the file and the line.

References
----------
Wu et al. (2020), MIND: A Large-scale Dataset for News Recommendation, ACL,
https://aclanthology.org/2020.acl-main.331.
"""

from __future__ import annotations

import calendar
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime

__all__ = [
    "MindArticle",
    "MindImpression",
    "parse_article",
    "parse_candidates",
    "parse_impression",
    "parse_subcategory",
    "parse_time",
]

_US_TIME = re.compile(
    r"(\d{1,2})/(\d{1,2})/(\d{4}) (\d{1,2}):(\d{2}):(\d{2}) ([AP])M", re.IGNORECASE
)
_LIST_SEPARATORS = re.compile(r"[\s,'\"]+")
_NOON_HOUR = 12


@dataclass(frozen=True, slots=True)
class MindImpression:
    """One slate that was shown to one user, with what they had read and what they clicked.

    Parameters
    ----------
    impression_id
        Unique within the log.
    user_id
        The reader.
    shown_at
        Event time, UTC seconds since the epoch.
    history
        Article ids the user clicked earlier, oldest first; may be empty.
    candidates
        Article ids of the slate; never empty, no id twice.
    clicked
        One label per candidate; None where the log has no labels (MIND's test rows).
    """

    impression_id: str
    user_id: str
    shown_at: float
    history: tuple[str, ...]
    candidates: tuple[str, ...]
    clicked: tuple[bool, ...] | None


@dataclass(frozen=True, slots=True)
class MindArticle:
    """One article of `news.tsv`; fields the log leaves out are empty strings.

    Parameters
    ----------
    article_id
        Unique within the log.
    category
        The section; empty where unknown.
    subcategory
        The finer section, several joined by `|`; None where there is none.
    title, abstract, url
        Text as in the log.
    entities
        WikidataId (else label) of the entities of title and abstract, each once, in order.
    """

    article_id: str
    category: str
    subcategory: str | None
    title: str
    abstract: str
    url: str
    entities: tuple[str, ...]


def parse_time(text: str) -> float:
    """Return UTC seconds of MIND's `M/D/YYYY h:mm:ss AM` or of an ISO 8601 time.

    A time without AM or PM is ISO; one without a zone is UTC.

    Examples
    --------
    >>> parse_time("1/1/1970 12:01:00 AM")
    60.0
    >>> parse_time("1/2/1970 12:00:00 PM") == 36 * 3600
    True
    >>> parse_time("1970-01-01 00:01:00")
    60.0
    >>> parse_time("1970-01-01T01:01:00+01:00")
    60.0
    """
    match = _US_TIME.fullmatch(text.strip())
    try:
        if match:
            month, day, year, hour, minute, second = (int(part) for part in match.groups()[:6])
            if not 1 <= hour <= _NOON_HOUR:
                raise ValueError
            hour = hour % _NOON_HOUR + (_NOON_HOUR if match[7] in "Pp" else 0)
            moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
            return float(calendar.timegm(moment.timetuple()))
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        message = f"time must be M/D/YYYY h:mm:ss AM|PM or ISO 8601, got {text!r}"
        raise ValueError(message) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def parse_candidates(text: str) -> tuple[tuple[str, ...], tuple[bool, ...] | None]:
    """Return the slate and its labels, the latter None where no candidate has one.

    Examples
    --------
    >>> parse_candidates("N1-0 N2-1")
    (('N1', 'N2'), (False, True))
    >>> parse_candidates("N1 N2")
    (('N1', 'N2'), None)
    """
    tokens = text.split()
    if not tokens:
        message = "candidates must not be empty"
        raise ValueError(message)
    n_labelled = sum(token.endswith(("-0", "-1")) for token in tokens)
    if n_labelled not in (0, len(tokens)):
        odd = next(token for token in tokens if not token.endswith(("-0", "-1")))
        message = f"every candidate must end in -0 or -1, or none, got {odd!r} among labelled ones"
        raise ValueError(message)
    labelled = n_labelled > 0
    candidates = tuple(token[:-2] for token in tokens) if labelled else tuple(tokens)
    if len(set(candidates)) < len(candidates):
        twice = next(c for i, c in enumerate(candidates) if c in candidates[:i])
        message = f"candidates must differ, got {twice!r} twice"
        raise ValueError(message)
    if "" in candidates:
        message = "candidate ids must not be empty, got a bare label"
        raise ValueError(message)
    return candidates, tuple(token[-1] == "1" for token in tokens) if labelled else None


def parse_subcategory(text: str) -> str | None:
    """Return a subcategory as one text, or None where there is none.

    Examples
    --------
    >>> parse_subcategory("football_nfl"), parse_subcategory("[130 131]"), parse_subcategory("[]")
    ('football_nfl', '130|131', None)
    """
    text = text.strip()
    if text.startswith("[") and text.endswith("]"):
        parts = [part for part in _LIST_SEPARATORS.split(text[1:-1]) if part]
        return "|".join(parts) or None
    return text or None


def parse_impression(row: str, histories: dict[str, tuple[str, ...]]) -> MindImpression:
    """Read one row of behaviors.tsv; `histories` shares equal histories between rows."""
    impression_id, user_id, time, history, candidates = _columns(row, wanted=5)
    if not impression_id or not user_id:
        message = f"impression id and user id must not be empty, got {impression_id!r}, {user_id!r}"
        raise ValueError(message)
    clicks = histories.get(history)
    if clicks is None:
        clicks = histories[history] = tuple(history.split())
    return MindImpression(
        impression_id, user_id, parse_time(time), clicks, *parse_candidates(candidates)
    )


def parse_article(row: str) -> tuple[MindArticle, str | None]:
    """Read one row of news.tsv; the second value says what had to be left out of it."""
    columns = _columns(row, wanted=8)
    article_id, category, subcategory, title, abstract, url = (c.strip() for c in columns[:6])
    if not article_id:
        message = "article id must not be empty"
        raise ValueError(message)
    fault = None
    entities: dict[str, None] = {}
    for column in columns[6:]:
        try:
            entities |= dict.fromkeys(_entities(column))
        except (ValueError, TypeError, AttributeError):
            fault = f"entities left out: wanted a JSON list of objects, got {column[:60]!r}"
    article = MindArticle(
        article_id, category, parse_subcategory(subcategory), title, abstract, url, tuple(entities)
    )
    return article, fault


def _entities(column: str) -> list[str]:
    """Return the WikidataId, else the label, of each entity of one column."""
    if not column.strip() or column.strip() == "[]":
        return []
    names = (entity.get("WikidataId") or entity.get("Label") for entity in json.loads(column))
    return [str(name) for name in names if name]


def _columns(row: str, *, wanted: int) -> list[str]:
    """Split a row at its tabs and check how many columns there are."""
    columns = row.split("\t")
    if len(columns) != wanted:
        message = f"row must have {wanted} tab-separated columns, got {len(columns)}"
        raise ValueError(message)
    return columns
