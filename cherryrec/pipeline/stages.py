"""What a slate is ranked by while a site, an article or a model is new: the stages of a cold start.

`newest`: no candidate was seen or read by anyone. `news_value`: counters are there, and no example
was learned; it takes over from newness with the clicks. `prior`: VaNS has learned some, and is
shrunk towards the news value. `learned`: the news value has next to no part in the score any more.

Everything is told from the features as they were frozen, so a request that is read again stands on
the same stage.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from cherryrec.events import Stage
from cherryrec.features import column
from cherryrec.text import stable_hash

__all__ = [
    "CATEGORY_RANK",
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

F32 = NDArray[np.float32]


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


def first_scores(
    features: F32, categories: Sequence[int], values: Sequence[float]
) -> list[dict[str, float]]:
    """Score candidates before anything was learned: newness, then the news value.

    The news value takes over with the clicks, c of all candidates: t = c / (c + 20) of the score is
    its, the rest is newness. Little was clicked, and the rates of what was shown a few times say
    nothing yet; ranking by them forgets that the newest are read most.

    Parameters
    ----------
    features
        Of the candidates, (n, F).
    categories
        Of each, as codes.
    values
        The news value of each, standardised within the slate.

    Returns
    -------
    The contributions to each score, which is their sum.
    """
    clicks = float(np.expm1(features[:, _CLICKS]).sum()) if len(features) else 0.0
    share = clicks / (clicks + CLICKS)
    newest = newest_scores(ages_of(features), categories)
    return [
        {name: (1.0 - share) * part for name, part in parts.items()} | {"news_value": share * value}
        for parts, value in zip(newest, values, strict=True)
    ]


def newest_scores(ages: Sequence[float], categories: Sequence[int]) -> list[dict[str, float]]:
    """Score candidates of which nothing but birth and category is known.

    The newest of every category come before the second newest of any: an article loses 1 for each
    newer one of its category, and up to 1 for its age among all.

    Parameters
    ----------
    ages
        Of each candidate, in any unit that rises; infinite where its birth is not known.
    categories
        Of each candidate, as codes.

    Returns
    -------
    The contributions to each score, which is their sum.

    Examples
    --------
    Two of category 1 and an older one of category 2:

    >>> newest_scores([10.0, 20.0, 30.0], [1, 1, 2])  # doctest: +NORMALIZE_WHITESPACE
    [{'age': 0.0, 'category_rank': 0.0},
     {'age': -0.25, 'category_rank': -1.0},
     {'age': -0.5, 'category_rank': 0.0}]

    Those of one age share a place among all, and within their category:

    >>> newest_scores([5.0, 5.0], [1, 1])
    [{'age': 0.0, 'category_rank': 0.0}, {'age': 0.0, 'category_rank': 0.0}]
    """
    places = {age: place for place, age in enumerate(sorted(set(ages)))}
    newer: dict[tuple[int, float], int] = {}
    by_category: dict[int, list[float]] = {}
    for age, category in zip(ages, categories, strict=True):
        by_category.setdefault(category, []).append(age)
    for category, of_category in by_category.items():
        for number, age in enumerate(sorted(of_category)):
            newer.setdefault((category, age), number)
    return [
        {"age": -places[age] / (len(places) + 1), CATEGORY_RANK: float(-newer[category, age])}
        for age, category in zip(ages, categories, strict=True)
    ]


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
    if not len(features):
        return []
    values, ages = features[:, _NEWS_VALUE].tolist(), ages_of(features)

    def known(i: int) -> tuple[float, float, float]:
        return -scores[i], -values[i], ages[i]

    ordered: list[int] = []
    for _, equal in groupby(sorted(places, key=known), key=known):
        ties = list(equal)
        if len(ties) > 1:
            ties.sort(key=lambda i: stable_hash(f"{request_id}\n{articles[i]}"))
        ordered.extend(ties)
    return ordered


def ages_of(features: F32) -> list[float]:
    """Return how old each candidate is, in log minutes; infinite where its birth is not known.

    The feature is 0 there, as it is for an article of this very instant: unknown birth is no youth.
    """
    ages = features[:, _AGE] if len(features) else np.zeros(0)
    known: list[float] = np.where(ages > 0.0, ages, np.inf).tolist()
    return known
