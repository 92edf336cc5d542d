"""What the user reads: cosines read off the vectors, names counted over 32 reads and the last 5."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from math import hypot, log, log1p, sqrt

from tests.unit.features.worked.attention import clicks
from tests.unit.features.worked.world import (
    ARTICLES,
    CANDIDATES,
    EVER_CATEGORIES,
    EVER_SUBCATEGORIES,
    HISTORIES,
    INTEREST,
    LABELLED_CATEGORIES,
    NAMED,
    READS,
)

RECENT, FEW = READS[-30:], READS[-5:]

assert Counter(RECENT) == {"x": 22, "y": 6, "a": 1, "b": 1}

Names = Callable[[str], tuple[str, ...]]


def category(name: str) -> tuple[str, ...]:
    return (ARTICLES[name].category,)


def subcategories(name: str) -> tuple[str, ...]:
    return ARTICLES[name].subcategories


def each(value: Callable[[str], float]) -> tuple[float, ...]:
    return tuple(value(name) for name in CANDIDATES)


def cosine(one: tuple[float, float], other: tuple[float, float]) -> float:
    return (one[0] * other[0] + one[1] * other[1]) / hypot(*one) / hypot(*other)


def text(name: str, read: str) -> float:
    return cosine(ARTICLES[name].vector, ARTICLES[read].vector)


def token(name: str, read: str) -> float:
    return cosine(ARTICLES[name].token, ARTICLES[read].token)


def likeness(prefix: str, alike: Callable[[str, str], float]) -> dict[str, tuple[float, ...]]:
    """The five columns of a likeness to the reads."""
    columns: dict[str, Callable[[str], float]] = {
        "recent_30": lambda name: sum(alike(name, read) for read in RECENT) / 30,
        "recent_5": lambda name: sum(alike(name, read) for read in FEW) / 5,
        "last": lambda name: alike(name, "a"),
        "nearest": lambda name: max(alike(name, read) for read in RECENT),
        "top_3": lambda name: sum(sorted(alike(name, read) for read in RECENT)[-3:]) / 3,
    }
    return {f"{prefix}_{name}": each(value) for name, value in columns.items()}


def everyone(names: Names, prior: float) -> dict[str, float]:
    """Everyone's share of each name among clicks and histories, smoothed."""
    known = {name for one in ARTICLES for name in names(one)}
    counts = dict.fromkeys(known, prior / len(known))
    for one in ARTICLES:
        for name in names(one):
            counts[name] += clicks({one}) + sum(one in history for history in HISTORIES)
    total = sum(counts.values())
    return {name: count / total for name, count in counts.items()}


def lift(own: float, total: float, share: float) -> float:
    return log((own + 5 * share) / ((total + 5) * share))


def named(
    prefix: str, names: Names, prior: float, ever: dict[str, int]
) -> dict[str, tuple[float, ...]]:
    """The columns of a kind of names: means over those a candidate has."""
    shares = everyone(names, prior)

    def counted(reads: Iterable[str]) -> Counter[str]:
        return Counter(name for read in reads for name in names(read))

    def lifted(counts: Counter[str], name: str) -> float:
        return lift(counts[name], counts.total(), shares[name])

    def mean(value: Callable[[str], float]) -> tuple[float, ...]:
        return each(lambda one: sum(map(value, names(one))) / max(len(names(one)), 1))

    found = {
        "lift": mean(lambda name: lifted(counted(READS), name)),
        "lift_5": mean(lambda name: lifted(counted(FEW), name)),
        "share": mean(lambda name: counted(READS)[name] / 32),
        "share_5": mean(lambda name: counted(FEW)[name] / 5),
        "lift_ever": mean(lambda name: lifted(Counter(ever), name)),
        "lift_most": each(
            lambda one: max((lifted(counted(READS), name) for name in names(one)), default=0.0)
        ),
    }
    return {f"{prefix}_{name}": values for name, values in found.items()}


def words(name: str) -> list[str]:
    return ARTICLES[name].title.lower().split()


def rarity(word: str) -> float:
    return log((1 + 7) / (1 + sum(word in words(name) for name in ARTICLES)))


def matched(name: str) -> float:
    """Title against titles read, the newest counting fully, each before it 0.9 of that."""
    wanted = {
        word: sum(
            0.9**k * rarity(word) for k, read in enumerate(reversed(RECENT)) if word in words(read)
        )
        for word in words(name)
    }
    square = sum(rarity(word) ** 2 for word in words(name))
    return sum(wanted[word] * rarity(word) for word in words(name)) / sqrt(square)


def entities(name: str) -> float:
    known = {entity for read in RECENT for entity in ARTICLES[read].entities}
    return log1p(len(known & {*ARTICLES[name].entities}))


def preference(name: str) -> float:
    """Clicks on the category against what chance would have brought: one in four."""
    mine = [clicked for one, clicked in LABELLED_CATEGORIES if one == ARTICLES[name].category]
    return log((sum(mine) + 1) / (len(mine) / 4 + 1))


CATEGORY = named("category", category, 50.0, EVER_CATEGORIES)
SUBCATEGORY = named("subcategory", subcategories, 100.0, EVER_SUBCATEGORIES)
del CATEGORY["category_lift_most"]  # of one name it is the lift

WORKED = {
    "text_interest": each(lambda name: cosine(ARTICLES[name].vector, INTEREST)),
    **likeness("text", text),
    **likeness("token", token),
    **CATEGORY,
    **SUBCATEGORY,
    "category_last": (1.0, 1.0, 0.0, 0.0),  # the last read is a, of sport
    "entity_overlap": each(entities),
    "is_named": each(lambda name: float(bool({*NAMED} & {*category(name), *subcategories(name)}))),
    "times_read": (log(2), log(2), 0.0, 0.0),
    "text_words": each(matched),
    "category_preference": each(preference),
}

# By hand: sport was read 3 + 4 times of 4 + 8, and 50 reads are spread over three categories.
assert everyone(category, 50.0)["sport"] == (3 + 4 + 50 / 3) / (4 + 8 + 50)
assert WORKED["category_share"] == (24 / 32, 24 / 32, 6 / 32, 2 / 32)
