"""The exact score of an article, contribution by contribution."""

from __future__ import annotations

import math
from collections.abc import Iterator

from cherryrec.events import Recommended

__all__ = ["STAGES", "TOLERANCE", "difference", "steps"]

TOLERANCE = 1e-9
"""How far the sum of the contributions may be from the score."""

STAGES = {
    "newest": "the newest of every category, as nobody has seen any of them (stage newest)",
    "news_value": "the news value, as no model has learned yet (stage news_value)",
    "prior": "the first model, shrunk towards the news value (stage prior)",
    "learned": "the learned score (stage learned)",
}
"""What a slate was ranked by, in words, by stage."""


def difference(item: Recommended) -> float:
    """Return how far the sum of the contributions is from the score.

    Examples
    --------
    >>> difference(
    ...     Recommended(
    ...         article_id="a",
    ...         position=0,
    ...         score=0.5,
    ...         news_value=0.4,
    ...         contributions={"age": -0.25, "ctr_1h": 0.75},
    ...     )
    ... )
    0.0
    """
    return abs(math.fsum(item.contributions.values()) - item.score)


def steps(item: Recommended) -> Iterator[tuple[str, float, float]]:
    """Yield name, contribution and the sum so far, the largest first."""
    largest = sorted(item.contributions.items(), key=lambda pair: (-abs(pair[1]), pair[0]))
    values: list[float] = []
    for name, value in largest:
        values.append(value)
        yield name, value, math.fsum(values)
