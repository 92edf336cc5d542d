"""The brokers' time, told by the stamps that they put on what a worker sends."""

from __future__ import annotations

from collections.abc import Callable

from streams.engine.arrivals import by_broker
from streams.engine.producer import Delivery

__all__ = ["BrokerClock"]

_KEPT_S = 60.0


class BrokerClock:
    """How late a request is goes by its broker's clock: this worker's own may be an hour off.

    An acknowledgement comes later than its stamp was made, never earlier: of the last minute the
    stamp that was furthest ahead counts. Before the first one, and on topics whose records carry
    their sender's time, the brokers are taken to have this worker's time.

    Parameters
    ----------
    clock
        Wall-clock time of this worker in epoch seconds.

    Examples
    --------
    >>> clock = BrokerClock(lambda: 5_000.0)
    >>> clock.note_stamp(1_400.0), clock.note_stamp(1_399.5), clock()
    (None, None, 1400.0)
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._ahead_s: float | None = None
        self._noted_s = 0.0

    def __call__(self) -> float:
        """Return the brokers' time now, in epoch seconds."""
        return self._clock() + (self._ahead_s or 0.0)

    def note(self, done: Delivery) -> None:
        """Read the stamp of what was acknowledged."""
        if done.cancelled() or done.exception() is not None:
            return
        sent = done.result()
        stamp_s = by_broker((sent.timestamp or 0) / 1_000.0, sent.timestamp_type)
        if stamp_s is not None:
            self.note_stamp(stamp_s)

    def note_stamp(self, stamp_s: float) -> None:
        """Compare a broker's time with this worker's."""
        now_s = self._clock()
        ahead_s = stamp_s - now_s
        is_old = not 0.0 <= now_s - self._noted_s < _KEPT_S
        if self._ahead_s is None or is_old or ahead_s >= self._ahead_s:
            self._ahead_s, self._noted_s = ahead_s, now_s
