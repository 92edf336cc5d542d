"""The readers of a generated world, live: who comes next, and what they open of any slate.

What a generated log holds is decided when it is written. Here the slate is somebody else's, and the
reader answers by the same true utilities, so that a running system can be watched as it is read.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cherryrec.evaluation.generate.slates import INTEREST_WEIGHT, READ_PENALTY, histories
from cherryrec.evaluation.generate.world import World, build_world

__all__ = ["Readers"]

OPENS_SHARE = 0.8
"""How many slates of a hundred have something opened of them, over 100."""


class Readers:
    """Readers who come by their activity and open what draws them most, with some chance.

    Parameters
    ----------
    world
        Articles, stories and users.
    read
        What each user has read before, by position in the world.
    rng
        Decides everything.

    Examples
    --------
    >>> readers = Readers.of_log(n_users=5, n_articles=64, days=1.0, seed=0, starts_at=0.0)
    >>> ids = readers.published(0.0, 86_400.0)[:8]
    >>> opened = [readers.opened("U1", ids, now=86_400.0) for _ in range(20)]
    >>> {len(one) for one in opened} == {0, 1}, set(sum(opened, [])) <= set(ids)
    (True, True)
    """

    def __init__(
        self, world: World, read: Sequence[NDArray[np.int64]], rng: np.random.Generator
    ) -> None:
        self._world = world
        self._place = {key: number for number, key in enumerate(world.article_ids)}
        self._read = [set(articles.tolist()) for articles in read]
        self._rng = rng

    @classmethod
    def of_log(
        cls, *, n_users: int, n_articles: int, days: float, seed: int, starts_at: float
    ) -> Readers:
        """Return the readers of the log that `generate_log` writes with the same arguments."""
        rng = np.random.default_rng(seed)
        world = build_world(
            rng, n_users=n_users, n_articles=n_articles, starts_at=starts_at, days=days
        )
        return cls(world, histories(rng, world), rng)

    def next(self) -> str:
        """Draw who comes."""
        return f"U{int(self._rng.choice(len(self._read), p=self._world.activity)) + 1}"

    def published(self, since_s: float, until_s: float) -> list[str]:
        """Return the articles that appear after `since_s` and not after `until_s`, in order."""
        times = self._world.published_at
        first, end = np.searchsorted(times, [since_s, until_s], side="right").tolist()
        return list(self._world.article_ids[first:end])

    def published_at(self, article_id: str) -> float:
        """Return when an article appears, in epoch seconds."""
        return float(self._world.published_at[self._place[article_id]])

    def opened(self, user_id: str, slate: Sequence[str], *, now: float) -> list[str]:
        """Draw what a user opens of a slate: one article, or nothing."""
        known = [article for article in slate if article in self._place]
        if not known or self._rng.random() > OPENS_SHARE:
            return []
        user = int(user_id[1:]) - 1
        places = np.array([self._place[article] for article in known])
        utility = INTEREST_WEIGHT * self._world.interest(user, now)[self._world.topic[places]]
        utility += self._world.appeal(places, now)
        utility -= READ_PENALTY * np.array([place in self._read[user] for place in places.tolist()])
        best = int(np.argmax(utility + self._rng.gumbel(size=len(places))))
        self._read[user].add(int(places[best]))
        return [known[best]]
