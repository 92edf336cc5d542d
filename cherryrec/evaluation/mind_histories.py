"""Histories that rows share: a reader comes again and again with the same one."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

__all__ = ["MOST_SHARED", "SharedHistories"]

MOST_SHARED = 2**19
"""Articles in all the histories that are kept, a reader counting as one more: about 40 MB."""

K = TypeVar("K", bound=Hashable)


class SharedHistories(Generic[K]):
    """The histories met lately by what they are known by; when full, sharing begins anew.

    Parameters
    ----------
    most
        Articles in all that are kept, each history counting one more than it has; a single one may
        be longer.

    Examples
    --------
    >>> histories = SharedHistories[int](most=5)
    >>> first = histories.keep(1, ("a", "b"))
    >>> histories.get(1) is first
    True
    >>> histories.keep(2, ("c", "d"))
    ('c', 'd')
    >>> histories.get(1) is None
    True
    """

    def __init__(self, most: int = MOST_SHARED) -> None:
        self._most = most
        self._found: dict[K, tuple[str, ...]] = {}
        self._n_articles = 0

    def get(self, key: K) -> tuple[str, ...] | None:
        """Return a history that is kept; None where there is none."""
        return self._found.get(key)

    def keep(self, key: K, history: tuple[str, ...]) -> tuple[str, ...]:
        """Keep a history that was not there, and return it."""
        n_articles = len(history) + 1
        if self._n_articles + n_articles > self._most:
            self._found.clear()
            self._n_articles = 0
        self._found[key] = history
        self._n_articles += n_articles
        return history
