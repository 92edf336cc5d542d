"""Readers of a news site for as long as it takes: what they ask, what they see, what they click.

The number of live articles stays the same: each new one retracts the oldest. Few readers come
often, many seldom.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Iterator, Sequence

from cherryrec.events import (
    ArticlePublished,
    Click,
    Event,
    Impression,
    ProfileUpdate,
    RecommendationRequest,
    instant,
)

__all__ = ["Message", "Readers"]

Message = tuple[str, str, Event | None]
"""Topic, key, event; None is a tombstone."""

CATEGORIES = ("politics", "sport", "culture", "health", "technology", "travel", "money", "food")
WORDS = ("storm", "tax", "goal", "film", "market", "court", "coast", "star", "plan", "train")
AGE_S = 7_200.0
N_GIVEN = 37
N_SHOWN = 8
CLICKED_SHARE = 0.25
SEEN_AFTER_S, CLICKED_AFTER_S = 0.5, 2.5
MAX_DUE = 10_000
"""What readers do next is kept up to here; a plan of fewer events than its slates need drops it."""


class Readers:
    """Draws messages; the same seed draws the same ones but for their times and the slates.

    Parameters
    ----------
    n_readers, n_articles
        Readers, and live articles.
    seed
        Of all that is drawn.
    """

    def __init__(self, *, n_readers: int = 5_000, n_articles: int = 2_000, seed: int = 0) -> None:
        self.n_readers = n_readers
        self.n_articles = n_articles
        self.rng = random.Random(seed)
        self._oldest = 0
        self._newest = 0
        self._numbers = itertools.count()
        self._due: list[tuple[float, int, Message]] = []

    def first(self, now_s: float) -> Iterator[Message]:
        """Yield the articles that are there at the beginning, published over two hours."""
        for number in range(self.n_articles):
            yield self._published(now_s - AGE_S * (1.0 - number / self.n_articles))

    def request(self, number: int, now_s: float) -> RecommendationRequest:
        """Draw a request; every second one is over the whole catalogue."""
        return RecommendationRequest(
            request_id=f"r{number}",
            user_id=self._reader(),
            requested_at=instant(now_s),
            candidates=tuple(self._some(N_GIVEN)) if number % 2 else None,
        )

    def see(self, user_id: str, request_id: str, slate: Sequence[str], now_s: float) -> None:
        """Let a reader see a slate of ours, and perhaps click it, in the seconds to come."""
        if slate:
            self._show(user_id, tuple(slate), now_s + SEEN_AFTER_S, request_id=request_id)

    def event(self, now_s: float) -> Iterator[Message]:
        """Yield what is due, or what happens on the site apart from our slates."""
        if self._due and self._due[0][0] <= now_s:
            yield heapq.heappop(self._due)[2]
            return
        drawn = self.rng.random()
        if drawn < 0.5:
            self._show(self._reader(), tuple(self._some(N_SHOWN)), now_s)
            yield heapq.heappop(self._due)[2]
        elif drawn < 0.95:
            yield "clicks", *self._click(self._reader(), self._some(1)[0], now_s)
        elif drawn < 0.98:
            user_id = self._reader()
            update = ProfileUpdate(user_id=user_id, updated_at=instant(now_s), role="Reader")
            yield "profile-updates", user_id, update
        else:
            yield self._published(now_s)
            yield "articles", f"N{self._oldest}", None
            self._oldest += 1

    def _show(
        self, user_id: str, articles: tuple[str, ...], at_s: float, request_id: str | None = None
    ) -> None:
        """Put an impression among what is due, and its click."""
        if len(self._due) >= MAX_DUE:
            return
        name = self._name("i")
        shown = Impression(
            impression_id=name,
            user_id=user_id,
            articles=articles,
            shown_at=instant(at_s),
            request_id=request_id,
        )
        self._later(at_s, ("impressions", user_id, shown))
        if self.rng.random() < CLICKED_SHARE:
            article_id = articles[min(int(self.rng.expovariate(0.5)), len(articles) - 1)]
            clicked_s = at_s + CLICKED_AFTER_S
            self._later(clicked_s, ("clicks", *self._click(user_id, article_id, clicked_s, name)))

    def _later(self, at_s: float, message: Message) -> None:
        heapq.heappush(self._due, (at_s, next(self._numbers), message))

    def _click(
        self, user_id: str, article_id: str, at_s: float, impression_id: str | None = None
    ) -> tuple[str, Click]:
        return user_id, Click(
            event_id=self._name("c"),
            user_id=user_id,
            article_id=article_id,
            clicked_at=instant(at_s),
            impression_id=impression_id,
        )

    def _published(self, at_s: float) -> Message:
        number, self._newest = self._newest, self._newest + 1
        article = ArticlePublished(
            article_id=f"N{number}",
            title=f"{' '.join(self.rng.choices(WORDS, k=6))} {number}",
            category=CATEGORIES[number % len(CATEGORIES)],
            published_at=instant(at_s),
        )
        return "articles", article.article_id, article

    def _reader(self) -> str:
        return f"u{int(self.n_readers * self.rng.random() ** 2)}"

    def _some(self, n: int) -> list[str]:
        return [f"N{k}" for k in self.rng.sample(range(self._oldest, self._newest), n)]

    def _name(self, kind: str) -> str:
        return f"{kind}{next(self._numbers)}"
