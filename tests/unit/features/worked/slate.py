"""Earlier slates: who was clicked beside whom, counted again from the list of them."""

from __future__ import annotations

from collections.abc import Callable
from math import log, sqrt

from tests.unit.features.worked.world import (
    ARTICLES,
    CANDIDATES,
    LABELLED,
    SLATES_HALF_LIFE_S,
    Labelled,
)


def wins(x: str, others: set[str]) -> int:
    """How often x was clicked where one of the others, beside it, was not."""
    return sum(
        is_clicked and not is_other
        for slate in LABELLED
        for name, is_clicked in zip(slate.articles, slate.clicked, strict=True)
        for other, is_other in zip(slate.articles, slate.clicked, strict=True)
        if name == x and other in others
    )


def losses(x: str, others: set[str]) -> int:
    return sum(wins(other, {x}) for other in others)


def odds(x: str, others: set[str]) -> float:
    return log((wins(x, others) + 0.5) / (losses(x, others) + 0.5))


def each(value: Callable[[str, list[set[str]]], float]) -> tuple[float, ...]:
    """One value a candidate, by itself and each of the others."""
    return tuple(value(x, [{z} for z in CANDIDATES if z != x]) for x in CANDIDATES)


def share(x: str, others: set[str]) -> float:
    return (wins(x, others) + 0.5) / (wins(x, others) + losses(x, others) + 1)


def surprise(x: str, others: set[str]) -> float:
    won, lost = wins(x, others), losses(x, others)
    return (won - lost) / sqrt(won + lost + 1)


def alike(category: str) -> set[str]:
    return {name for name, one in ARTICLES.items() if one.category == category}


def by_category(x: str, others: list[set[str]]) -> float:
    categories = [ARTICLES[z].category for (z,) in others]
    return sum(odds(x, alike(category)) for category in categories) / 3


def weight(slate: Labelled, power: int) -> float:
    """How much a slate is like this one, and how fresh."""
    shared = {*slate.articles} & {*CANDIDATES}
    either = {*slate.articles} | {*CANDIDATES}
    return float((len(shared) / len(either)) ** power * 2.0 ** (-slate.ago_s / SLATES_HALF_LIFE_S))


def neighbours(x: str, power: int) -> float:
    held = [slate for slate in LABELLED if x in slate.articles]
    got = sum(weight(s, power) for s in held if s.clicked[s.articles.index(x)])
    wanted = sum(weight(s, power) * sum(s.clicked) / len(s.clicked) for s in held)
    return log((got + 0.2) / (wanted + 0.2))


WORKED = {
    "wins_mean": each(lambda x, others: sum(odds(x, z) for z in others) / 3),
    "wins_root": each(lambda x, others: sum(odds(x, z) for z in others) / sqrt(3)),
    "win_share": each(lambda x, others: sum(share(x, z) for z in others) / 3),
    "wins_lowest": each(lambda x, others: min(odds(x, z) for z in others)),
    "wins_surprise": each(lambda x, others: sum(surprise(x, z) for z in others) / sqrt(3)),
    "wins_category": each(by_category),
    "neighbours": each(lambda x, _: neighbours(x, 1)),
    "neighbours_close": each(lambda x, _: neighbours(x, 3)),
}

# By hand: a beat b twice, c and d lost to others; a and d never met.
assert odds("a", {"b"}) == log(2.5 / 0.5)
assert (wins("a", {"c"}), wins("d", {"c"}), wins("a", {"d"})) == (1, 1, 0)
