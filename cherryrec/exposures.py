"""What a user was shown lately and did with it: small, packed, kept with the open requests.

`articles` counts exposures and clicks of single articles, `categories` clicks against those that
chance would have brought. Both are bounded, the ones longest ago leave first.
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
    "find",
    "note_clicked",
    "note_labelled",
    "note_shown",
]

MAX_ARTICLES = 192
MAX_CATEGORIES = 32

ARTICLE = np.dtype([("key", "<u4"), ("last_s", "<u4"), ("times", "<u2"), ("clicks", "<u2")])
CATEGORY = np.dtype([("key", "<u4"), ("clicks", "<f4"), ("expected", "<f4")])
_MOST = 60_000  # of what 16 bits hold

Keys: TypeAlias = NDArray[np.uint32]
Records: TypeAlias = NDArray[np.void]


class Exposures(msgspec.Struct, frozen=True, array_like=True):
    """What one user was shown; keys are the low 32 bits of `stable_hash` of an id or a name.

    `articles` are packed records of 12 bytes (key, last exposure in epoch seconds, exposures,
    clicks), at most 192; `categories` of 12 bytes (key, clicks, clicks expected), at most 32;
    `n_slates` the impressions so far, `newest_s` the event time of the newest.
    """

    articles: bytes = b""
    categories: bytes = b""
    n_slates: int = 0
    newest_s: float = 0.0

    def article_records(self) -> Records:
        """Exposures by article, structured (k,)."""
        return np.frombuffer(self.articles, ARTICLE)

    def category_records(self) -> Records:
        """Clicks and expected clicks by category, structured (k,)."""
        return np.frombuffer(self.categories, CATEGORY)


def note_shown(exposures: Exposures, keys: Keys, time_s: float) -> Exposures:
    """Count one impression; an article shown later than that keeps what it has.

    An impression read again after a crash therefore counts once.

    Examples
    --------
    >>> keys = np.array([7, 9], np.uint32)
    >>> exposures = note_shown(Exposures(), keys, 60.0)
    >>> again = note_shown(exposures, keys, 60.0)
    >>> again == exposures, exposures.n_slates, exposures.article_records()["times"].tolist()
    (True, 1, [1, 1])
    """
    keys = np.asarray(keys, np.uint32)[:MAX_ARTICLES]
    records = exposures.article_records().copy()
    known = find(records["key"].copy(), keys)
    second = int(max(time_s, 0.0))
    old = known[known >= 0]
    old = old[records["last_s"][old] < second]
    records["times"][old] = np.minimum(records["times"][old] + 1, _MOST)
    records["last_s"][old] = second
    new = np.zeros(int((known < 0).sum()), ARTICLE)
    new["key"], new["last_s"], new["times"] = keys[known < 0], second, 1
    if not old.size and not new.size:
        return exposures
    records = np.concatenate([records, new])
    if len(records) > MAX_ARTICLES:
        newest = np.argsort(-records["last_s"].astype(np.int64), kind="stable")[:MAX_ARTICLES]
        records = records[np.sort(newest)]
    return Exposures(
        articles=records.tobytes(),
        categories=exposures.categories,
        n_slates=exposures.n_slates + 1,
        newest_s=max(exposures.newest_s, time_s),
    )


def note_clicked(exposures: Exposures, key: int) -> Exposures:
    """Count a click on an article that was shown.

    Examples
    --------
    >>> exposures = note_shown(Exposures(), np.array([7, 9], np.uint32), 60.0)
    >>> note_clicked(exposures, 9).article_records()["clicks"].tolist()
    [0, 1]
    """
    records = exposures.article_records()
    if not (records["key"] == key).any():
        return exposures
    records = records.copy()
    mine = records["key"] == key
    records["clicks"][mine] = np.minimum(records["clicks"][mine] + 1, _MOST)
    return msgspec.structs.replace(exposures, articles=records.tobytes())


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
    distinct, place = np.unique(categories, return_inverse=True)
    share = sign * clicked.sum() / len(clicked)
    expected = np.bincount(place, minlength=len(distinct)) * share
    clicks = np.bincount(place, sign * clicked, minlength=len(distinct))
    is_named = distinct != 0
    known = find(records["key"].copy(), distinct.astype(np.uint32))
    rest = records[~np.isin(np.arange(len(records)), known)]
    touched = np.zeros(len(distinct), CATEGORY)
    touched["key"] = distinct
    has = known >= 0
    touched["clicks"] = clicks
    touched["expected"] = expected
    touched["clicks"][has] += records["clicks"][known[has]]
    touched["expected"][has] += records["expected"][known[has]]
    kept = np.concatenate([rest, touched[is_named]])[-MAX_CATEGORIES:]
    return msgspec.structs.replace(exposures, categories=kept.tobytes())


@compiled
def find(known: Keys, wanted: Keys) -> NDArray[np.int64]:
    """Return the place of each wanted key among the known, -1 where it is not there."""
    places = np.full(len(wanted), -1, np.int64)
    for i in range(len(wanted)):
        for k in range(len(known)):
            if known[k] == wanted[i]:
                places[i] = k
                break
    return places
