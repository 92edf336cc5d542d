"""Seeded events of a busy news site: articles, readers with histories, impressions, clicks."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np

from cherryrec.events import (
    ArticlePublished,
    Click,
    Impression,
    ProfileUpdate,
    RecommendationRequest,
    instant,
)

__all__ = ["Traffic"]

CATEGORIES = ("politics", "sport", "culture", "health", "technology", "travel", "money", "food")
WORDS = ("storm", "tax", "goal", "film", "market", "court", "coast", "star", "plan", "train")


class Traffic:
    """Draws events; the same seed draws the same ones but for the hour they start at.

    Parameters
    ----------
    n_users, n_articles
        Readers and live articles.
    n_candidates
        Articles of an impression; 37 is MIND's mean.
    seed
        Of all that is drawn.
    """

    def __init__(
        self,
        *,
        n_users: int = 1_000,
        n_articles: int = 2_000,
        n_candidates: int = 37,
        seed: int = 0,
    ) -> None:
        self.n_users = n_users
        self.n_articles = n_articles
        self.n_candidates = n_candidates
        self.start_s = time.time() - 3_600.0
        self._rng = np.random.default_rng(seed)

    def articles(self) -> Iterator[ArticlePublished]:
        """Yield every article, published over the day before."""
        for number in range(self.n_articles):
            title = " ".join(self._rng.choice(WORDS, 6))
            yield ArticlePublished(
                article_id=f"N{number}",
                title=f"{title} {number}",
                category=CATEGORIES[number % len(CATEGORIES)],
                published_at=instant(self.start_s - self._rng.uniform(0.0, 86_400.0)),
            )

    def profiles(self, n_history: int = 30) -> Iterator[ProfileUpdate]:
        """Yield every reader's imported history."""
        for number in range(self.n_users):
            yield ProfileUpdate(
                user_id=f"U{number}",
                updated_at=instant(self.start_s - 60.0),
                history=tuple(f"N{a}" for a in self._some(n_history)),
            )

    def impression(self, number: int) -> Impression:
        """Draw one slate that a reader was shown."""
        return Impression(
            impression_id=f"i{number}",
            user_id=self._user(),
            articles=tuple(f"N{a}" for a in self._some(self.n_candidates)),
            shown_at=instant(self.start_s + 0.01 * number),
        )

    def click(self, number: int) -> Click:
        """Draw one click of a reader."""
        return Click(
            event_id=f"c{number}",
            user_id=self._user(),
            article_id=f"N{self._rng.integers(self.n_articles)}",
            clicked_at=instant(self.start_s + 0.01 * number),
        )

    def request(self, number: int, *, n_candidates: int | None) -> RecommendationRequest:
        """Draw one request, over given candidates or over the whole catalogue."""
        some = None if n_candidates is None else self._some(n_candidates)
        return RecommendationRequest(
            request_id=f"r{number}",
            user_id=self._user(),
            requested_at=instant(self.start_s + 0.01 * number),
            slate_size=10,
            candidates=None if some is None else tuple(f"N{a}" for a in some),
        )

    def _user(self) -> str:
        return f"U{self._rng.integers(self.n_users)}"

    def _some(self, n: int) -> list[int]:
        return [int(a) for a in self._rng.choice(self.n_articles, n, replace=False)]
