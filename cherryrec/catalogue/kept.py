"""Sums over the whole catalogue, taken again only when what they count has grown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

__all__ = ["KeptSums", "put_back"]

Floats = NDArray[np.float64]

_GROWTH = 1.01


class KeptSums:
    """Keeps sums by code until a hundredth has been added to what is counted, or a code has come.

    A restarted worker sums at once, so two workers differ by that hundredth at most.

    Examples
    --------
    >>> kept = KeptSums()
    >>> first = kept.get(100.0, n_codes=2, take=lambda: np.array([0.0, 100.0]))
    >>> kept.get(100.5, n_codes=2, take=lambda: np.array([0.0, 100.5])).tolist()
    [0.0, 100.0]
    >>> kept.get(102.0, n_codes=2, take=lambda: np.array([0.0, 102.0])).tolist()
    [0.0, 102.0]
    """

    def __init__(self) -> None:
        self._sums: Floats = np.zeros(0)
        self._counted = 0.0

    def get(self, counted: float, *, n_codes: int, take: Callable[[], Floats]) -> Floats:
        """Return the sums, (n_codes, …), taking them anew where it is time."""
        if counted > _GROWTH * self._counted or n_codes != len(self._sums):
            self._sums, self._counted = take(), counted
        return self._sums


@contextmanager
def put_back(*kept: KeptSums) -> Iterator[None]:
    """Let sums be taken anew meanwhile, and put back on leaving what was kept before.

    When they are taken is state: what comes later is computed from them.

    Examples
    --------
    >>> kept = KeptSums()
    >>> with put_back(kept):
    ...     _ = kept.get(100.0, n_codes=1, take=lambda: np.array([100.0]))
    >>> kept.get(100.5, n_codes=1, take=lambda: np.array([100.5])).tolist()
    [100.5]
    """
    before = [(one._sums, one._counted) for one in kept]
    try:
        yield
    finally:
        for one, (sums, counted) in zip(kept, before, strict=True):
            one._sums, one._counted = sums, counted
