"""How often one may call: a token bucket for each caller, of a bounded number of callers."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

__all__ = ["CallLimits"]

MAX_CALLERS = 10_000
"""Callers whose buckets are kept; past it the one that called longest ago begins anew."""


class CallLimits:
    """A bucket of calls for each caller, filled at a constant rate.

    Parameters
    ----------
    rate_per_s
        Calls a second in the long run; 0 does not limit.
    burst
        What a full bucket holds, at least 1.
    max_callers
        Buckets kept.
    clock
        Monotonic seconds.

    Examples
    --------
    >>> now = [0.0]
    >>> limits = CallLimits(2.0, burst=1, clock=lambda: now[0])
    >>> limits.wait_s("site"), limits.wait_s("site")
    (0.0, 0.5)
    >>> now[0] = 0.5
    >>> limits.wait_s("site")
    0.0
    """

    def __init__(
        self,
        rate_per_s: float,
        *,
        burst: int,
        max_callers: int = MAX_CALLERS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rate_per_s = rate_per_s
        self._burst = burst
        self._max_callers = max_callers
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # tokens, as of

    def wait_s(self, caller: str) -> float:
        """Take one call; return 0, or how long to wait until there is one, in seconds."""
        if not self._rate_per_s:
            return 0.0
        now_s = self._clock()
        tokens, as_of_s = self._buckets.pop(caller, (float(self._burst), now_s))
        tokens = min(float(self._burst), tokens + (now_s - as_of_s) * self._rate_per_s)
        lacking = max(0.0, 1.0 - tokens)
        self._buckets[caller] = (tokens if lacking else tokens - 1.0, now_s)
        if len(self._buckets) > self._max_callers:
            self._buckets.popitem(last=False)
        return lacking / self._rate_per_s
