"""From a request to its slate: the two records of one id, by the broker's clock."""

from __future__ import annotations

from collections import deque

import numpy as np

__all__ = ["Latencies", "Quantiles"]

Quantiles = tuple[float, float]
"""p50 and p99 in milliseconds."""


class Latencies:
    """Joins requests with their slates, whichever is read first, and keeps the waits of a while.

    Both times are when the broker took the records, so that no sender's clock matters. Topics are
    read beside each other: a slate may be seen before its request. Holds at most `max_open` ids
    that wait for their other half, and `max_kept` waits; the oldest leave.

    Parameters
    ----------
    window_s
        How long a wait is kept, in seconds.
    max_open, max_kept
        Above 0.

    Examples
    --------
    >>> latencies = Latencies(window_s=60.0)
    >>> latencies.requested("a", 10.0)
    >>> latencies.answered("b", 10.5)
    >>> latencies.answered("a", 10.02)
    >>> latencies.requested("b", 10.46)
    >>> [round(ms) for ms in latencies.quantiles(now_s=11.0)]
    [30, 40]
    >>> latencies.quantiles(now_s=99.0) is None
    True
    """

    def __init__(self, *, window_s: float, max_open: int = 20_000, max_kept: int = 20_000) -> None:
        self.window_s = window_s
        self._max_open = max_open
        self._open: dict[str, float] = {}  # seconds of a request; of a slate, negative
        self._kept: deque[tuple[float, float]] = deque(maxlen=max_kept)  # read at, milliseconds

    def requested(self, request_id: str, at_s: float) -> None:
        """Note when a request was taken by the broker, in epoch seconds."""
        found = self._open.get(request_id)
        if found is not None and found < 0:
            del self._open[request_id]
            self._keep(at_s, -found)
        else:
            self._wait(request_id, at_s)

    def answered(self, request_id: str, at_s: float) -> None:
        """Note when a slate was taken by the broker, in epoch seconds."""
        found = self._open.get(request_id)
        if found is not None and found > 0:
            del self._open[request_id]
            self._keep(found, at_s)
        else:
            self._wait(request_id, -at_s)

    def quantiles(self, *, now_s: float) -> Quantiles | None:
        """Return p50 and p99 of the window; None where nothing was answered in it."""
        while self._kept and self._kept[0][0] < now_s - self.window_s:
            self._kept.popleft()
        if not self._kept:
            return None
        p50, p99 = np.quantile([ms for _, ms in self._kept], (0.5, 0.99))
        return float(p50), float(p99)

    def _wait(self, request_id: str, at_s: float) -> None:
        self._open[request_id] = at_s
        if len(self._open) > self._max_open:
            del self._open[next(iter(self._open))]

    def _keep(self, requested_s: float, answered_s: float) -> None:
        self._kept.append((answered_s, 1_000.0 * max(0.0, answered_s - requested_s)))
