"""A site that starts from nothing, with known truth: readers, requests, and what they would click.

A reader opens at most one article of a slate: article i with chance exp(u_i) / (Σ exp(u) + C),
u the true utility of the generated world, C what else there is to do. C is three times the mean
Σ exp(u) of random slates, so a random slate is clicked about one time in four.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from cherryrec.evaluation.generate.slates import INTEREST_WEIGHT, READ_PENALTY
from cherryrec.evaluation.generate.world import DAY_S, World, build_world

__all__ = ["SLATE_SIZE", "Site", "System", "expected_clicks"]

Rows = NDArray[np.int64]
Floats = NDArray[np.float64]

STARTS_AT = 1_767_600_000.0
SLATE_SIZE = 10
N_USERS, N_ARTICLES, DAYS = 1_500, 1_200, 1.0
FIRST_HOUR = 720
"""Requests of the first hour; `LATER` those of the other 23."""

LATER = 2_300
IDLE = 3.0


class System(Protocol):
    """What answers the requests of a site."""

    def slate(self, number: int, user: int, now: float) -> Rows:
        """Return the articles to show, by place in the world, the best first."""

    def shown(self, number: int, user: int, now: float, slate: Rows, clicked: int | None) -> None:
        """Learn what was shown and which article of it was clicked, if one was."""


@dataclass
class Site:
    """One generated world and its requests; the seed decides everything.

    Parameters
    ----------
    seed
        At least 0.
    """

    seed: int

    @cached_property
    def world(self) -> World:
        """Articles, stories and readers."""
        rng = np.random.default_rng(self.seed)
        return build_world(
            rng, n_users=N_USERS, n_articles=N_ARTICLES, starts_at=STARTS_AT, days=DAYS
        )

    @cached_property
    def requests(self) -> list[tuple[int, float]]:
        """Reader and time of each, in time order."""
        rng = np.random.default_rng([self.seed, 1])
        times = np.concatenate(
            [rng.uniform(0.0, 3_600.0, FIRST_HOUR), rng.uniform(3_600.0, DAYS * DAY_S, LATER)]
        )
        times = np.sort(np.round(STARTS_AT + times, 3))
        users = rng.choice(N_USERS, size=len(times), p=self.world.activity)
        return list(zip(users.tolist(), times.tolist(), strict=True))

    @cached_property
    def idle(self) -> float:
        """C, in units of exp(u)."""
        rng = np.random.default_rng([self.seed, 2])
        sums = []
        for user, now in self.requests[:: len(self.requests) // 200]:
            live = self.live(now)
            drawn = rng.choice(live, size=min(SLATE_SIZE, live.size), replace=False)
            sums.append(np.exp(self.utility(user, now, drawn, set())).sum())
        return IDLE * float(np.mean(sums))

    def live(self, now: float) -> Rows:
        """Return the articles that are published."""
        return np.arange(int(np.searchsorted(self.world.published_at, now, side="right")))

    def utility(self, user: int, now: float, articles: Rows, read: set[int]) -> Floats:
        """Return the true utilities, (n,)."""
        world = self.world
        utility = INTEREST_WEIGHT * world.interest(user, now)[world.topic[articles]]
        utility = utility + world.appeal(articles, now)
        utility[[article in read for article in articles.tolist()]] -= READ_PENALTY
        return np.asarray(utility)

    def run(self, system: System) -> Floats:
        """Return the expected clicks of every slate that a system shows, in order."""
        read: list[set[int]] = [set() for _ in range(N_USERS)]
        found = np.zeros(len(self.requests))
        for number, (user, now) in enumerate(self.requests):
            slate = system.slate(number, user, now)
            drawn = np.exp(self.utility(user, now, slate, read[user]))
            found[number] = expected_clicks(drawn, self.idle)
            clicked = self._click(number, slate, drawn)
            system.shown(number, user, now, slate, clicked)
            if clicked is not None:
                read[user].add(clicked)
        return found

    def _click(self, number: int, slate: Rows, drawn: Floats) -> int | None:
        """Draw a click: the same luck for every system at the same request."""
        luck = np.random.default_rng([self.seed, 3, number]).random()
        ends = np.cumsum(drawn) / (drawn.sum() + self.idle)
        place = int(np.searchsorted(ends, luck))
        return int(slate[place]) if place < len(slate) else None


def expected_clicks(drawn: Floats, idle: float) -> float:
    """Return the chance that a slate is clicked.

    Examples
    --------
    >>> import numpy as np
    >>> expected_clicks(np.array([1.0, 2.0]), 9.0)
    0.25
    """
    total = float(drawn.sum())
    return total / (total + idle)
