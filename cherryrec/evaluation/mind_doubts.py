"""What a log may be and hardly is: sentences for whoever reads its report.

A log whose times are all equal, or whose articles no `news.tsv` describes, can be replayed, and its
numbers then say little. Nobody would notice in a table.
"""

from __future__ import annotations

from collections.abc import Container, Sequence

from cherryrec.evaluation.mind_rows import MindImpression
from cherryrec.events import instant

__all__ = ["doubts", "span"]

_YEAR_S = 366 * 86_400.0
_FEW_KNOWN = 0.5


def span(rows: Sequence[MindImpression]) -> str:
    """Say from when to when a log's impressions were shown.

    Examples
    --------
    >>> span([MindImpression("1", "u", 1573779718.0, (), ("a",), None)])
    'times of the impressions: 2019-11-15 01:01:58 to 2019-11-15 01:01:58 UTC'
    """
    first, last = (instant(row.shown_at).replace(tzinfo=None) for row in (rows[0], rows[-1]))
    first, last = first.replace(microsecond=0), last.replace(microsecond=0)
    return f"times of the impressions: {first} to {last} UTC"


def doubts(
    rows: Sequence[MindImpression],
    article_ids: Container[str],
    n_repeated_ids: int = 0,
) -> list[str]:
    """Return what to check of a log before its numbers are believed.

    Parameters
    ----------
    rows
        Its impressions, by time; at least one.
    article_ids
        What `news.tsv` describes.
    n_repeated_ids
        As in `ImpressionLog.n_repeated_ids`.

    Examples
    --------
    >>> row = MindImpression("1", "u", 1573779718.0, (), ("a", "b"), (True, False))
    >>> print(*doubts([row], {"a", "b"}), sep=chr(10))
    no impression has a history: every reader starts as a stranger; is column 4 empty on purpose?
    """
    found = [*_of_text(rows, article_ids), *_of_labels(rows)]
    if not any(row.history for row in rows):
        found.append(
            "no impression has a history: every reader starts as a stranger; "
            "is column 4 empty on purpose?"
        )
    if len(rows) > 1 and rows[0].shown_at == rows[-1].shown_at:
        found.append("all impressions have one time: they are replayed in the order of the file")
    if rows[-1].shown_at - rows[0].shown_at > _YEAR_S:
        found.append(f"the log spans more than a year: are some times wrong? {span(rows)}")
    if n_repeated_ids:
        found.append(
            f"{n_repeated_ids:,} impression ids come again with another slate, time or reader: "
            "those rows count, told apart by their line (1#5 is the row in line 5)"
        )
    return found


def _of_text(rows: Sequence[MindImpression], article_ids: Container[str]) -> list[str]:
    """Say how many of the articles that are ranked have no text."""
    shown = {article_id for row in rows for article_id in row.candidates}
    n_known = sum(article_id in article_ids for article_id in shown)
    if n_known == 0:
        return [
            f"ranking without text: of {len(shown):,} articles shown none is in news.tsv; "
            "is it of another log?"
        ]
    if n_known < _FEW_KNOWN * len(shown):
        return [
            f"ranking mostly without text: of {len(shown):,} articles shown only {n_known:,} are "
            "in news.tsv; is it complete?"
        ]
    return []


def _of_labels(rows: Sequence[MindImpression]) -> list[str]:
    """Say where nothing can be learned or judged."""
    labels = [label for row in rows for label in row.clicked or ()]
    if not labels:
        return ["the log has no labels: slates are ranked, nothing is learned or judged"]
    if not any(labels):
        return ["no candidate was clicked: there is nothing to learn or to judge"]
    if all(labels):
        return ["every candidate was clicked: there is nothing to learn or to judge"]
    return []
