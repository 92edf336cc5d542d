"""How many requests draw rivals to learn against: all, until there are more than need be."""

from __future__ import annotations

import math

__all__ = ["Lessons"]

_HALF_LIFE_S = 30.0


class Lessons:
    """The share of the requests for which rivals are drawn, by how many come in event time.

    What is drawn costs a request as much again as its slate, and teaches the same whichever
    requests it is drawn for: a busy site's are sampled, by their ids, so that none weighs more.

    Parameters
    ----------
    per_s
        Requests a second, counted over half a minute, up to which each draws; above 0.

    Examples
    --------
    >>> lessons = Lessons(per_s=10.0)
    >>> [lessons.share(number / 5.0) for number in range(2)]  # five a second
    [1.0, 1.0]

    After minutes of twenty a second it is half of them:

    >>> shares = [lessons.share(number / 20.0) for number in range(10_000)]
    >>> round(shares[-1], 2)
    0.5
    """

    def __init__(self, per_s: float) -> None:
        self.latest = 1.0
        """The share as of the last request."""
        self._per_s = per_s
        self._n = 0.0
        self._at_s = -math.inf

    def share(self, at_s: float) -> float:
        """Count a request at a time, epoch seconds; return the share of those that draw, (0, 1]."""
        passed_s = max(0.0, at_s - self._at_s)
        self._n = self._n * 0.5 ** (passed_s / _HALF_LIFE_S) + 1.0
        self._at_s = max(self._at_s, at_s)
        rate = self._n * math.log(2.0) / _HALF_LIFE_S
        self.latest = min(1.0, self._per_s / rate)
        return self.latest
