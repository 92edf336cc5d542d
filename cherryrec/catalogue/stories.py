"""Whether a story has been told before: the newest arrivals' embeddings in a ring."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cherryrec.compiled import compiled

__all__ = ["StoryMemory"]


class StoryMemory:
    """The last `capacity` articles that arrived, to find the nearest earlier one of a new one.

    Parameters
    ----------
    n_dimensions
        Length of an embedding.
    capacity
        Articles remembered, above 0: capacity · n_dimensions · 4 bytes.
    window_s
        Arrivals longer ago than this do not count, in seconds.

    Examples
    --------
    >>> stories = StoryMemory(2, capacity=8, window_s=60.0)
    >>> storm, tax = np.array([1, 0], np.float32), np.array([0.6, 0.8], np.float32)
    >>> stories.add("a", storm, now=0.0)
    0.0
    >>> round(stories.add("b", tax, now=10.0), 2)
    0.6
    >>> stories.add("b", tax, now=100.0)  # an update of itself, and "a" is long ago
    0.0
    """

    def __init__(self, n_dimensions: int, *, capacity: int, window_s: float) -> None:
        self.window_s = window_s
        self._embeddings = np.zeros((capacity, n_dimensions), np.float32)  # (K, D)
        self._arrived = np.full(capacity, -np.inf)
        self._place_of: dict[str, int] = {}
        self._ids: list[str | None] = [None] * capacity
        self._next = 0

    def add(self, article_id: str, embedding: NDArray[np.float32], *, now: float) -> float:
        """Return the likeness, in [0, 1], to the nearest article that came before; remember it."""
        place = self._place_of.get(article_id)
        n_filled = len(self._place_of)  # they fill the ring from its start
        likeness = self._embeddings[:n_filled] @ embedding  # (k,)
        own = -1 if place is None else place
        nearest = _nearest(likeness, self._arrived, now - self.window_s, own)
        if place is None:
            place = self._next
            self._next = (self._next + 1) % len(self._ids)
            evicted = self._ids[place]
            if evicted is not None:
                del self._place_of[evicted]
            self._ids[place], self._place_of[article_id] = article_id, place
            self._arrived[place] = now
        self._embeddings[place] = embedding
        return nearest


@compiled
def _nearest(
    likeness: NDArray[np.float32], arrived: NDArray[np.float64], since_s: float, own: int
) -> float:
    """Return the largest likeness, (k,), in [0, 1], of what arrived since then but for its own."""
    nearest = 0.0
    for place in range(len(likeness)):
        if arrived[place] >= since_s and place != own:
            nearest = max(nearest, float(likeness[place]))
    return min(nearest, 1.0)
