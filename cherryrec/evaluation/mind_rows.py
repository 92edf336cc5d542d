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

import json
import re
from dataclasses import dataclass
from datetime import UTC, tzinfo

from cherryrec.evaluation.mind_histories import SharedHistories
from cherryrec.evaluation.mind_times import parse_time

__all__ = [
    "MindArticle",
    "MindImpression",
    "parse_article",
    "parse_candidates",
    "parse_impression",
    "parse_subcategory",
]

_LIST_SEPARATORS = re.compile(r"[\s,'\"]+")


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
    dwell_s
        Seconds that the clicked article was open, at least 0; None where the log does not tell. It
        is an outcome: not known before the reader leaves.
    """

    impression_id: str
    user_id: str
    shown_at: float
    history: tuple[str, ...]
    candidates: tuple[str, ...]
    clicked: tuple[bool, ...] | None
    dwell_s: float | None = None


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
    published_at
        UTC seconds since the epoch; None where the log does not tell, as MIND.
    """

    article_id: str
    category: str
    subcategory: str | None
    title: str
    abstract: str
    url: str
    entities: tuple[str, ...]
    published_at: float | None = None


def parse_candidates(text: str) -> tuple[str, ...]:
    """Return the slate as it is written, labels and all: a row cannot tell what its log has.

    Examples
    --------
    >>> parse_candidates("N1-0 N2-1")
    ('N1-0', 'N2-1')
    """
    tokens = tuple(text.split())
    if not tokens:
        message = "candidates must not be empty"
        raise ValueError(message)
    if len(set(tokens)) < len(tokens):
        raise ValueError(_twice(tokens))
    return tokens


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


def parse_impression(
    row: str, histories: SharedHistories[str], zone: tzinfo = UTC
) -> MindImpression:
    """Read one row of behaviors.tsv, its candidates with their labels (see `mind_labels`).

    `histories` shares equal histories between rows; a time without a zone is of `zone`.
    """
    impression_id, user_id, time, history, candidates = _columns(row, wanted=5)
    if not impression_id or not user_id:
        message = (
            f"impression id and user id must not be empty, "
            f"got {impression_id[:60]!r}, {user_id[:60]!r}"
        )
        raise ValueError(message)
    clicks = histories.get(history)
    if clicks is None:
        clicks = histories.keep(history, tuple(history.split()))
    tokens = parse_candidates(candidates)
    return MindImpression(impression_id, user_id, parse_time(time, zone), clicks, tokens, None)


def parse_article(row: str) -> tuple[MindArticle, str | None]:
    """Read one row of news.tsv; the second value says what had to be left out of it."""
    columns = _columns(row, wanted=8)
    article_id, category, subcategory, title, abstract, url = (c.strip() for c in columns[:6])
    if not article_id:
        message = "article id must not be empty"
        raise ValueError(message)
    if [name.casefold() for name in (category, title)] == ["category", "title"]:
        message = f"row must be an article, got a header, {row[:60]!r}"
        raise ValueError(message)
    fault = None
    entities: dict[str, None] = {}
    for column in columns[6:]:
        try:
            entities |= dict.fromkeys(_entities(column))
        except (ValueError, TypeError, AttributeError, RecursionError):
            fault = f"entities must be a JSON list of objects, got {column[:60]!r}: left out"
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
    if "\0" in row:
        message = f"row must be text, got a zero byte in {row[:60]!r}"
        raise ValueError(message)
    columns = row.split("\t")
    if len(columns) != wanted:
        message = f"row must have {wanted} tab-separated columns, got {len(columns)}"
        raise ValueError(message)
    return columns


def _twice(ids: tuple[str, ...]) -> str:
    """Name the first id that comes a second time."""
    twice = next(one for i, one in enumerate(ids) if one in ids[:i])
    return f"candidates must differ, got {twice[:60]!r} twice"
