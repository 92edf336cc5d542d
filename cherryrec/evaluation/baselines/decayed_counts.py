"""Counts that halve with event time, one per article."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["DecayedCounts"]

_MAX_HALVINGS = 200.0


class DecayedCounts:
    """Sums of w · 2^(-(now - t) / half-life) over all events, exact in any order of arrival.

    Events are stored as 2^((t - origin) / half-life), so an event costs one addition and reading
    one multiplication; the origin moves before the numbers overflow. Entries that have shrunk to
    nothing leave with it: the map holds the articles of the last 200 half-lives.

    Parameters
    ----------
    half_life_s
        Seconds for a count to halve; above 0.

    Examples
    --------
    >>> counts = DecayedCounts(half_life_s=60.0)
    >>> counts.add("a", now=0.0)
    >>> counts.add("a", now=60.0)
    >>> counts.read(["a", "b"], now=120.0)  # 1/4 + 1/2
    [0.75, 0.0]
    """

    def __init__(self, half_life_s: float) -> None:
        self._half_life_s = half_life_s
        self._origin_s: float | None = None
        self._stored: dict[str, float] = {}

    def add(self, article_id: str, *, now: float, weight: float = 1.0) -> None:
        """Count one event at event time `now`."""
        if self._origin_s is None:
            self._origin_s = now
        halvings = (now - self._origin_s) / self._half_life_s
        if halvings > _MAX_HALVINGS:
            self._move_origin(now)
            halvings = 0.0
        self._stored[article_id] = self._stored.get(article_id, 0.0) + weight * 2.0**halvings

    def read(self, article_ids: Iterable[str], *, now: float) -> list[float]:
        """Return the counts as of `now`; an article never counted has 0."""
        if self._origin_s is None:
            return [0.0 for _ in article_ids]
        scale = 2.0 ** max((self._origin_s - now) / self._half_life_s, -1000.0)
        return [self._stored.get(article_id, 0.0) * scale for article_id in article_ids]

    def _move_origin(self, now: float) -> None:
        """Let the stored numbers count from `now`, and drop those that have become nothing."""
        assert self._origin_s is not None, "only add moves the origin, after it is set"
        scale = 2.0 ** max((self._origin_s - now) / self._half_life_s, -1000.0)
        moved = {article_id: value * scale for article_id, value in self._stored.items()}
        self._stored = {article_id: value for article_id, value in moved.items() if value > 1e-9}
        self._origin_s = now
