"""KnRS: the five metrics by the paper's formulas, and their weighted sum."""

from __future__ import annotations

from math import exp

from tests.unit.features.worked.attention import BASE, LIVES_S, clicks, views
from tests.unit.features.worked.reading import WORKED as READING
from tests.unit.features.worked.reading import text
from tests.unit.features.worked.world import ARTICLES, CANDIDATES


def logistic(value: float) -> float:
    return 1 / (1 + exp(-value))


def relevance(place: int) -> float:
    if READING["is_named"][place]:
        return 1.0
    return (
        logistic(5 * READING["text_interest"][place])
        + logistic(READING["category_lift"][place])
        + logistic(READING["subcategory_lift"][place])
    ) / 3


def credibility(name: str) -> float:
    """A prior of 0.8 and half a strength of 2 for the wire, 0.5 for the blog, clicks against it."""
    source = ARTICLES[name].source
    if source is None:
        return 0.5
    of_source = {other for other, one in ARTICLES.items() if one.source == source}
    prior = {"wire": 0.8, "blog": 0.5}[source]
    hits = prior * (2 + clicks(of_source))
    misses = (1 - prior) * (2 + views(of_source) * BASE)
    return hits / (hits + misses)


def attention(name: str) -> float:
    ratios = [
        (clicks({name}, s) + 20 * BASE) / ((views({name}, s) + 20) * BASE) for s in LIVES_S.values()
    ]
    return sum(ratio / (1 + ratio) for ratio in ratios) / 4


def novelty(name: str) -> float:
    nearest = max(text(name, read) for read in ("x", "y", "a"))
    return 1 - max(ARTICLES[name].likest_story, nearest)


METRICS = {
    "relevance": tuple(map(relevance, range(4))),
    "credibility": tuple(map(credibility, CANDIDATES)),
    "timeliness": (1 / 2, 1 / 4, 2**-0.5, 1 / 8),  # ages over half-lives: 1, 2, a half, 3
    "attention": tuple(map(attention, CANDIDATES)),
    "novelty": tuple(map(novelty, CANDIDATES)),
}
WEIGHTS = (0.5, 0.1, 0.2, 0.15, 0.05)

WORKED = {
    "news_value": tuple(
        sum(w * f for w, f in zip(WEIGHTS, row, strict=True))
        for row in zip(*METRICS.values(), strict=True)
    ),
    **METRICS,
}
