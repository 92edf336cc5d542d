"""When slates are labelled and windows end: event time by partition, and whose turn is next."""

from __future__ import annotations

import heapq
from collections.abc import Iterator

__all__ = ["Windows"]


class Windows:
    """Open windows of one partition, in the order in which they end.

    A window has ended when both impressions and clicks have passed it in event time: as long as
    one of the two lags, a click inside the window may still be on its way.

    Bounded by the open requests: an entry leaves when its time has come.

    Examples
    --------
    >>> windows = Windows()
    >>> windows.open("u1", ends_s=10.0)
    >>> windows.reach("impressions", 11.0)
    >>> list(windows.ended())
    []
    >>> windows.reach("clicks", 12.0)
    >>> list(windows.ended())
    ['u1']
    >>> windows.times
    (11.0, 12.0)
    """

    def __init__(self) -> None:
        self._times = {"impressions": 0.0, "clicks": 0.0}
        self._heap: list[tuple[float, str]] = []

    @property
    def times(self) -> tuple[float, float]:
        """Event time that impressions have reached, and that clicks have."""
        return self._times["impressions"], self._times["clicks"]

    @property
    def reached_s(self) -> float:
        """Event time that impressions and clicks have both reached."""
        return min(self._times.values())

    @property
    def newest_s(self) -> float:
        """Event time that either has reached."""
        return max(self._times.values())

    def open(self, user_id: str, *, ends_s: float) -> None:
        """Note that a user has a window ending at an event time."""
        heapq.heappush(self._heap, (ends_s, user_id))

    def reach(self, topic: str, time_s: float) -> None:
        """Note that a topic has got to an event time; earlier times change nothing."""
        self._times[topic] = max(self._times[topic], time_s)

    def ended(self) -> Iterator[str]:
        """Users whose window has ended, each taken out as it is yielded."""
        while self._heap and self._heap[0][0] < self.reached_s:
            yield heapq.heappop(self._heap)[1]
