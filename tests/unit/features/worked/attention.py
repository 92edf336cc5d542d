"""What everyone did with each candidate, from the list of events."""

from __future__ import annotations

from collections.abc import Callable
from math import inf, log, log1p

from tests.unit.features.worked.world import ARTICLES, CANDIDATES, EVENTS, HISTORIES

LIVES_S = {"10m": 600.0, "1h": 3_600.0, "6h": 21_600.0, "24h": 86_400.0}


def views(names: set[str], life_s: float = inf) -> float:
    """Views of some articles, decayed."""
    return sum(
        float(2.0 ** (-event.ago_s / life_s)) * len(names & {*event.articles})
        for event in EVENTS
        if not event.is_click
    )


def clicks(names: set[str], life_s: float = inf) -> float:
    """Clicks on some articles, decayed."""
    return sum(
        float(2.0 ** (-event.ago_s / life_s))
        for event in EVENTS
        if event.is_click and event.articles[0] in names
    )


BASE = (4 + 1) / (12 + 10)
"""Everyone's clicks per view: 4 clicks in 12 views."""

assert (clicks({*ARTICLES}), views({*ARTICLES})) == (4, 12)


def rate(names: set[str], life_s: float = inf, *, prior: float = 10.0) -> float:
    """A click rate against everyone's, its log."""
    smoothed = clicks(names, life_s) + prior * BASE
    return log(smoothed / ((views(names, life_s) + prior) * BASE))


def category(name: str) -> set[str]:
    """The articles of an article's category."""
    return {other for other, one in ARTICLES.items() if one.category == ARTICLES[name].category}


def each(value: Callable[[str], float]) -> tuple[float, ...]:
    """One value a candidate."""
    return tuple(value(name) for name in CANDIDATES)


def decayed(prefix: str, value: Callable[[set[str], float], float]) -> dict[str, tuple[float, ...]]:
    """The columns of a value at each half-life."""
    return {
        f"{prefix}_{life}": tuple(value({name}, life_s) for name in CANDIDATES)
        for life, life_s in LIVES_S.items()
    }


WORKED = {
    **decayed("ctr", rate),
    "ctr_all": each(lambda a: rate({a})),
    **decayed("views", lambda names, life_s: log1p(views(names, life_s))),
    **decayed("clicks", lambda names, life_s: log1p(clicks(names, life_s))),
    "click_velocity": each(
        lambda a: log((clicks({a}, 600.0) + 0.2) / (clicks({a}, 21_600.0) + 0.2))
    ),
    "view_velocity": each(lambda a: log((views({a}, 600.0) + 1) / (views({a}, 21_600.0) + 1))),
    "ctr_velocity": each(lambda a: rate({a}, 600.0) - rate({a}, 86_400.0)),
    "readers": each(lambda a: log1p(sum(a in history for history in HISTORIES))),
    "category_ctr_1h": each(lambda a: rate(category(a), 3_600.0, prior=50.0)),
    "category_ctr_24h": each(lambda a: rate(category(a), 86_400.0, prior=50.0)),
    "category_clicks_24h": each(lambda a: log1p(clicks(category(a), 86_400.0))),
}
