"""What a slate is ranked by while a site, an article or a model is new: the stages of a cold start.

`newest`: no candidate was seen or read by anyone. `news_value`: counters are there, and no example
was learned; it takes over from newness with the clicks. `prior`: VaNS has learned some, and is
shrunk towards the news value. `learned`: the news value has next to no part in the score any more.

Everything is told from the features as they were frozen, so a request that is read again stands on
the same stage.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray

from cherryrec.events import Stage
from cherryrec.features import column
from cherryrec.text import stable_hash

__all__ = [
    "CATEGORY_RANK",
    "FIRST",
    "LEARNED_TRUST",
    "ages_of",
    "best_first",
    "first_scores",
    "newest_scores",
    "stage_of",
]

LEARNED_TRUST = 0.9
"""Share of what was learned in the scores from which on a slate counts as learned."""

CLICKS = 20.0
"""Clicks on the candidates from which on the news value counts for more than newness."""

CATEGORY_RANK = "category_rank"
"""Names what an article loses for newer ones of its category, at the stage `newest`."""

_NEWS_VALUE, _AGE = column("news_value"), column("age")
_CLICKS = column("clicks_24h")
_SEEN = [column(name) for name in ("views_24h", "clicks_24h", "readers")]

FIRST = ("age", CATEGORY_RANK, "news_value")
"""Names of what contributes to a score before anything was learned."""

F32 = NDArray[np.float32]
Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


def stage_of(features: F32, trust: float) -> Stage:
    """Name the stage of a slate.

    Parameters
    ----------
    features
        Of its candidates, (n, F).
    trust
        The share of what was learned in the scores, in [0, 1].
    """
    if trust >= LEARNED_TRUST:
        return "learned"
    if trust > 0.0:
        return "prior"
    is_known = len(features) and features[:, _SEEN].any()
    return "news_value" if is_known else "newest"


def first_scores(features: F32, categories: Codes, values: Floats) -> Floats:
    """Score candidates before anything was learned: newness, then the news value.

    The news value takes over with the clicks, c of all candidates: t = c / (c + 20) of the score is
    its, the rest is newness. Little was clicked, and the rates of what was shown a few times say
    nothing yet; ranking by them forgets that the newest are read most.

    Parameters
    ----------
    features
        Of the candidates, (n, F).
    categories
        Of each, as codes, (n,).
    values
        The news value of each, standardised within the slate, (n,).

    Returns
    -------
    The contributions to each score, which is their sum: those of `FIRST`, (n, 3).
    """
    clicks = float(np.expm1(features[:, _CLICKS]).sum()) if len(features) else 0.0
    share = clicks / (clicks + CLICKS)
    newest = newest_scores(ages_of(features), categories)
    return np.column_stack([(1.0 - share) * newest, share * values])


def newest_scores(ages: Floats, categories: Codes) -> Floats:
    """Score candidates of which nothing but birth and category is known.

    The newest of every category come before the second newest of any: an article loses 1 for each
    newer one of its category, and up to 1 for its age among all.

    Parameters
    ----------
    ages
        Of each candidate, in any unit that rises, (n,); infinite where its birth is not known.
    categories
        Of each candidate, as codes, (n,).

    Returns
    -------
    What age and place in the category contribute, (n, 2).

    Examples
    --------
    Two of category 1 and an older one of category 2:

    >>> newest_scores(np.array([10.0, 20.0, 30.0]), np.array([1, 1, 2])).tolist()
    [[0.0, 0.0], [-0.25, -1.0], [-0.5, 0.0]]

    Those of one age share a place among all, and within their category:

    >>> newest_scores(np.array([5.0, 5.0]), np.array([1, 1])).tolist()
    [[0.0, 0.0], [0.0, 0.0]]
    """
    different, places = np.unique(ages, return_inverse=True)
    order = np.lexsort((ages, categories))
    numbers = np.arange(len(order))
    is_first = np.ones(len(order), np.bool_)  # of its category
    is_first[1:] = np.diff(categories[order]) != 0
    is_older = is_first.copy()  # than the one before it
    is_older[1:] |= places[order][1:] != places[order][:-1]
    starts, shared = (
        np.maximum.accumulate(np.where(marks, numbers, 0)) for marks in (is_first, is_older)
    )
    newer = np.empty(len(order))
    newer[order] = shared - starts
    return np.column_stack([0.0 - places / (len(different) + 1), 0.0 - newer])


def best_first(
    places: Iterable[int],
    scores: Sequence[float],
    features: F32,
    articles: Sequence[str],
    *,
    request_id: str,
) -> list[int]:
    """Order candidates by score; ties by news value, then newness, then a hash that tells nothing.

    Ids often grow with publication time: a tie by id would be a ranking of its own. The hash is of
    request and article, so that none of equal ones is before the others in every slate.

    Parameters
    ----------
    places
        Which of them to order.
    scores, features, articles
        Of all candidates, (n,), (n, F) and (n,).
    request_id
        Of the request.
    """
    chosen = np.array([*places], np.intp)
    if not chosen.size:
        return []
    losses = -np.asarray(scores)[chosen]
    by_score = np.argsort(losses, kind="stable")
    losses = losses[by_score]
    if not (losses[1:] == losses[:-1]).any():  # the rest is for ties
        return cast("list[int]", chosen[by_score].tolist())
    keys = np.stack(
        [-np.asarray(scores), -features[:, _NEWS_VALUE].astype(np.float64), ages_of(features)]
    )[:, chosen]
    by_key = np.lexsort(keys[::-1])
    keys = keys[:, by_key]
    ordered: list[int] = chosen[by_key].tolist()
    is_tied = (keys[:, 1:] == keys[:, :-1]).all(axis=0)
    start = 0
    for end in (*(np.flatnonzero(~is_tied) + 1).tolist(), len(ordered)):
        if end - start > 1:
            ordered[start:end] = sorted(
                ordered[start:end], key=lambda i: stable_hash(f"{request_id}\n{articles[i]}")
            )
        start = end
    return ordered


def ages_of(features: F32) -> Floats:
    """Return how old each candidate is, in log minutes, (n,); infinite where that is not known.

    The feature is 0 there, as it is for an article of this very instant: unknown birth is no youth.
    """
    ages = features[:, _AGE].astype(np.float64) if len(features) else np.zeros(0)
    return np.where(ages > 0.0, ages, np.inf)
