"""Articles that came before they may be shown, kept aside until their time."""

from __future__ import annotations

from math import inf

import msgspec

from cherryrec.events import ArticlePublished

__all__ = ["Embargo"]


class Embargo:
    """What waits for its publication; no row, no word and no story of it is in the catalogue.

    Parameters
    ----------
    capacity
        Articles kept, above 0; past it the one due last leaves.

    Examples
    --------
    >>> embargo = Embargo(capacity=10)
    >>> embargo.hold(ArticlePublished(article_id="a", title="Budget", category="news"), 60.0)
    >>> "a" in embargo, embargo.due(59.0)
    (True, [])
    >>> [(until_s, article.article_id) for until_s, article in embargo.due(60.0)], len(embargo)
    ([(60.0, 'a')], 0)
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._held: dict[str, tuple[float, ArticlePublished]] = {}
        self._next_s = inf  # none is due before this

    def __len__(self) -> int:
        """How many wait."""
        return len(self._held)

    def __contains__(self, article_id: object) -> bool:
        """Whether an article waits."""
        return article_id in self._held

    def until_s(self, article_id: str) -> float | None:
        """Return when an article that waits is due; None for one that does not wait."""
        held = self._held.get(article_id)
        return None if held is None else held[0]

    @property
    def ids(self) -> list[str]:
        """Return the articles that wait, in the order they came."""
        return list(self._held)

    def hold(self, article: ArticlePublished, until_s: float) -> None:
        """Keep an article until an event time, in place of what was kept of it."""
        self._held.pop(article.article_id, None)
        self._held[article.article_id] = (until_s, msgspec.structs.replace(article, body=""))
        if len(self._held) > self.capacity:
            del self._held[max(self._held, key=lambda article_id: self._held[article_id][0])]
        self._next_s = min(self._next_s, until_s)

    def drop(self, article_id: str) -> None:
        """Keep an article no longer; nothing happens where it is not kept."""
        self._held.pop(article_id, None)

    def due(self, now: float) -> list[tuple[float, ArticlePublished]]:
        """Take out what has reached its time, by time."""
        if now < self._next_s:
            return []
        found = [held for held in self._held.values() if held[0] <= now]
        for _, article in found:
            del self._held[article.article_id]
        self._next_s = min((until_s for until_s, _ in self._held.values()), default=inf)
        return sorted(found, key=lambda held: (held[0], held[1].article_id))
