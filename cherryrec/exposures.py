"""What a user was shown lately and did with it: small, packed, kept with the open requests.

`articles` counts exposures of single articles and says which were clicked, `categories` clicks
against those that chance would have brought. Both are bounded, the ones longest ago leave first.
Each event counts once, impressions by their offset, and in whichever order they come.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from cherryrec.compiled import compiled

__all__ = [
    "MAX_ARTICLES",
    "MAX_CATEGORIES",
    "Exposures",
    "note_clicked",
    "note_labelled",
    "note_shown",
    "unclicked",
    "without_clicks",
]

MAX_ARTICLES = 192
MAX_CATEGORIES = 32

ARTICLE = np.dtype([("key", "<u4"), ("last_s", "<u4"), ("times", "<u2"), ("clicks", "<u2")])
CATEGORY = np.dtype([("key", "<u4"), ("clicks", "<f4"), ("expected", "<f4")])
_MOST = 60_000  # of what 16 bits hold

Keys: TypeAlias = NDArray[np.uint32]
Records: TypeAlias = NDArray[np.void]

_NONE: Keys = np.zeros(0, np.uint32)


class Exposures(msgspec.Struct, frozen=True, array_like=True):
    """What one user was shown; keys are the low 32 bits of `stable_hash` of an id or a name.

    `articles` are packed records of 12 bytes (key, last exposure in epoch seconds, exposures, 1
    where it was clicked since), at most 192; `categories` of 12 bytes (key, clicks, clicks
    expected), at most 32; `n_slates` the impressions so far, `newest_s` the event time of the
    newest, `shown_offset` the last impression in here.
    """

    articles: bytes = b""
    categories: bytes = b""
    n_slates: int = 0
    newest_s: float = 0.0
    shown_offset: int = -1

    def article_records(self) -> Records:
        """Exposures by article, structured (k,)."""
        return np.frombuffer(self.articles, ARTICLE)

    def category_records(self) -> Records:
        """Clicks and expected clicks by category, structured (k,)."""
        return np.frombuffer(self.categories, CATEGORY)

    @property
    def is_whole(self) -> bool:
        """Whether these are whole records, of times that 32 bits hold."""
        is_cut = len(self.articles) % ARTICLE.itemsize or len(self.categories) % CATEGORY.itemsize
        return not is_cut and 0.0 <= self.newest_s < 2.0**32


def note_shown(
    exposures: Exposures, keys: Keys, time_s: float, *, offset: int, clicked: Keys = _NONE
) -> Exposures:
    """Count one impression; read again after a crash it changes nothing.

    Parameters
    ----------
    exposures
        The user's.
    keys
        Of the articles shown, (n,); past `MAX_ARTICLES` the rest is not counted.
    time_s
        When it was shown.
    offset
        Its offset on `impressions`, rising.
    clicked
        Of articles whose click, at its time or later, was read before this impression.

    Examples
    --------
    >>> keys = np.array([7, 9], np.uint32)
    >>> exposures = note_shown(Exposures(), keys, 60.0, offset=0)
    >>> again = note_shown(exposures, keys, 60.0, offset=0)
    >>> again == exposures, exposures.n_slates, exposures.article_records()["times"].tolist()
    (True, 1, [1, 1])
    """
    if offset <= exposures.shown_offset:
        return exposures
    keys = np.asarray(keys, np.uint32)[:MAX_ARTICLES]
    records = exposures.article_records()
    counted = np.zeros(len(records) + len(keys), ARTICLE)
    counted[: len(records)] = records
    n = _count_shown(counted, len(records), keys, int(max(time_s, 0.0)), clicked)
    return msgspec.structs.replace(
        exposures,
        articles=counted[:n].tobytes(),
        n_slates=exposures.n_slates + 1,
        newest_s=max(exposures.newest_s, time_s),
        shown_offset=offset,
    )


def note_clicked(exposures: Exposures, key: int | None, time_s: float) -> Exposures:
    """Note a click on an article that was shown; it is read again without harm.

    Parameters
    ----------
    exposures
        The user's.
    key
        Of the article clicked, None where the catalogue doesn't know it.
    time_s
        When it was clicked; before the one exposure there was, it is no click on that.

    Examples
    --------
    >>> exposures = note_shown(Exposures(), np.array([7, 9], np.uint32), 60.0, offset=0)
    >>> exposures = note_clicked(exposures, 9, 61.0)
    >>> note_clicked(exposures, 9, 61.0).article_records()["clicks"].tolist()
    [0, 1]
    """
    records = exposures.article_records()
    mine = (records["key"] == key) & (records["clicks"] == 0)
    mine &= (records["times"] > 1) | (records["last_s"] <= time_s)
    if not mine.any():
        return exposures
    records = records.copy()
    records["clicks"][mine] = 1
    return msgspec.structs.replace(exposures, articles=records.tobytes())


def without_clicks(exposures: Exposures, keys: Keys) -> Exposures:
    """Return exposures as they were before some articles were clicked, by their keys.

    Examples
    --------
    >>> exposures = note_shown(Exposures(), np.array([7, 9], np.uint32), 60.0, offset=0)
    >>> clicked = note_clicked(exposures, 9, 61.0)
    >>> without_clicks(clicked, np.array([9], np.uint32)) == exposures
    True
    """
    records = exposures.article_records().copy()
    records["clicks"][np.isin(records["key"], keys)] = 0
    return msgspec.structs.replace(exposures, articles=records.tobytes())


def unclicked(exposures: Exposures) -> Exposures:
    """Return exposures as those of somebody who was shown the same, and clicked none of it.

    Of slates without a click no category is expected to have any.

    Examples
    --------
    >>> exposures = note_shown(Exposures(), np.array([7, 9], np.uint32), 60.0, offset=0)
    >>> labelled = note_labelled(exposures, np.array([5, 6], np.uint32), np.array([False, True]))
    >>> unclicked(note_clicked(labelled, 9, 61.0)) == exposures
    True
    """
    records = exposures.article_records().copy()
    records["clicks"] = 0
    return msgspec.structs.replace(exposures, articles=records.tobytes(), categories=b"")


def note_labelled(
    exposures: Exposures, categories: Keys, clicked: NDArray[np.bool_], *, sign: float = 1.0
) -> Exposures:
    """Count a labelled slate's clicks by category, and those that chance would have brought.

    Parameters
    ----------
    exposures
        The user's.
    categories
        Key of each article's category, (n,); 0 for none.
    clicked
        What was clicked, (n,).
    sign
        -1 takes labels back that are to be corrected.

    Examples
    --------
    Two of category 5 and two of 6, the first clicked: half a click was to be expected of each.

    >>> labelled = note_labelled(
    ...     Exposures(), np.array([5, 5, 6, 6], np.uint32), np.array([True, False, False, False])
    ... )
    >>> [tuple(record.tolist()) for record in labelled.category_records()]
    [(5, 1.0, 0.5), (6, 0.0, 0.5)]
    """
    records = exposures.category_records()
    counted = np.zeros(len(records) + len(categories), CATEGORY)
    n = _count_labelled(records, categories, clicked, sign, counted)
    kept = counted[max(n - MAX_CATEGORIES, 0) : n]
    return msgspec.structs.replace(exposures, categories=kept.tobytes())


@compiled
def _count_shown(counted: Records, n: int, keys: Keys, second: int, clicked: Keys) -> int:
    """Count an impression into the first n records, and behind them what is new; return how many.

    `counted` has room for all, zeros. `clicked` are keys of articles whose click was read before
    it. Past `MAX_ARTICLES` the one shown longest ago leaves, of several the last.
    """
    n_known = n
    for i in range(len(keys)):
        k = 0
        while k < n_known and counted[k].key != keys[i]:
            k += 1
        if k < n_known:
            counted[k].times = min(counted[k].times + 1, _MOST)
            counted[k].last_s = max(np.int64(counted[k].last_s), second)
        else:
            k = n
            counted[k].key = keys[i]
            counted[k].last_s = second
            counted[k].times = 1
            n += 1
        for j in range(len(clicked)):
            if clicked[j] == keys[i]:
                counted[k].clicks = 1
    while n > MAX_ARTICLES:
        oldest = 0
        for k in range(n):
            if counted[k].last_s <= counted[oldest].last_s:
                oldest = k
        n -= 1
        for k in range(oldest, n):
            counted[k] = counted[k + 1]
    return n


@compiled
def _count_labelled(
    records: Records,
    categories: Keys,
    clicked: NDArray[np.bool_],
    sign: float,
    counted: Records,
) -> int:
    """Write the records that a slate leaves alone, then those of its categories by key.

    Returns how many; `counted` has room for all.
    """
    ordered = np.sort(categories)
    share = sign * np.sum(clicked) / len(clicked)
    n = 0
    for k in range(len(records)):
        place = np.searchsorted(ordered, records[k].key)
        if place == len(ordered) or ordered[place] != records[k].key:
            counted[n] = records[k]
            n += 1
    for i in range(len(ordered)):
        key = ordered[i]
        if key == 0 or (i > 0 and ordered[i - 1] == key):
            continue
        n_shown, clicks = 0, 0.0
        for j in range(len(categories)):
            if categories[j] == key:
                n_shown += 1
                clicks += sign * clicked[j]
        counted[n].key = key
        counted[n].clicks = clicks
        counted[n].expected = n_shown * share
        for k in range(len(records)):
            if records[k].key == key:
                counted[n].clicks += records[k].clicks
                counted[n].expected += records[k].expected
                break
        n += 1
    return n
