"""Slates shown to the users of a generated world, and what they clicked.

A slate is drawn from the live articles, fresher ones more often; its order carries no information,
and nobody looks at positions. Clicks follow the softmax of the true utilities, one or two, without
replacement (Plackett-Luce), so ranking by these probabilities is the best anyone can do.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cherryrec.evaluation.generate.world import HALF_LIVES_S, World, rhythm

__all__ = ["Slate", "histories", "slates"]

INTEREST_WEIGHT = 1.3
READ_PENALTY = 3.0
SECOND_CLICK_SHARE = 0.15
COLD_SHARE = 0.1
LIVE_HALF_LIVES = 5.0
MIN_SIZE, MAX_SIZE = 8, 40
MAX_HISTORY = 30


@dataclass(frozen=True, slots=True)
class Slate:
    """One impression: user, time, articles by position in the world, probabilities, clicks."""

    user: int
    shown_at: float
    articles: NDArray[np.int64]
    probabilities: NDArray[np.float64]
    clicked: NDArray[np.bool_]


def histories(rng: np.random.Generator, world: World) -> list[NDArray[np.int64]]:
    """Draw what each user read before the log starts, oldest first; one in ten has read nothing."""
    before = np.flatnonzero(world.published_at < world.starts_at)
    found = []
    for user in range(len(world.activity)):
        n = 0 if rng.random() < COLD_SHARE else int(rng.integers(2, MAX_HISTORY + 1))
        liking = INTEREST_WEIGHT * world.interest(user, world.starts_at)[world.topic[before]]
        drawn = np.argsort(-(liking + world.quality[before] + rng.gumbel(size=before.size)))
        found.append(np.sort(before[drawn[:n]]))
    return found


def slates(
    rng: np.random.Generator, world: World, n_impressions: int, read: list[NDArray[np.int64]]
) -> Iterator[Slate]:
    """Yield the impressions in time order.

    Parameters
    ----------
    rng
        Decides everything.
    world
        Articles, stories and users.
    n_impressions
        How many to draw.
    read
        What each user has read before, by position in the world.
    """
    times = np.floor(rhythm(rng, n_impressions, world.starts_at, world.ends_at))
    users = rng.choice(len(world.activity), size=n_impressions, p=world.activity)
    clicked_before = [set(articles.tolist()) for articles in read]
    for user, now in zip(users.tolist(), times.tolist(), strict=True):
        articles = _shown(rng, world, now)
        utility = INTEREST_WEIGHT * world.interest(user, now)[world.topic[articles]]
        utility += world.appeal(articles, now)
        utility -= READ_PENALTY * np.array([a in clicked_before[user] for a in articles.tolist()])
        odds = np.exp(utility - utility.max())
        clicked = _clicks(rng, utility)
        clicked_before[user].update(articles[clicked].tolist())
        yield Slate(user, now, articles, odds / odds.sum(), clicked)


def _shown(rng: np.random.Generator, world: World, now: float) -> NDArray[np.int64]:
    """Draw a slate from the live articles, fresher ones more often, in no order."""
    published = int(np.searchsorted(world.published_at, now, side="right"))
    half_lives = (now - world.published_at[:published]) / HALF_LIVES_S[world.topic[:published]]
    live = np.flatnonzero(half_lives < LIVE_HALF_LIVES)
    if live.size < MIN_SIZE:
        live = np.arange(max(0, published - MIN_SIZE), published)
    size = min(int(rng.integers(MIN_SIZE, MAX_SIZE + 1)), live.size)
    liking = -0.3 * half_lives[live] + rng.gumbel(size=live.size)
    return rng.permutation(live[np.argsort(-liking)[:size]])


def _clicks(rng: np.random.Generator, utility: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Draw one click, or now and then two; the Gumbel-max trick is Plackett-Luce."""
    n = 2 if rng.random() < SECOND_CLICK_SHARE else 1
    clicked = np.zeros(utility.size, dtype=bool)
    clicked[np.argsort(-(utility + rng.gumbel(size=utility.size)))[:n]] = True
    return clicked
