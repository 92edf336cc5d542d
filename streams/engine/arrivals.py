"""When a record arrived: by the broker's clock, or by this worker's where the record is silent."""

from __future__ import annotations

import logging
from collections.abc import Callable

from streams.engine.metrics import Metrics

__all__ = ["Arrivals", "by_broker"]

logger = logging.getLogger(__name__)

_BY_BROKER = 1  # Kafka's timestamp type LogAppendTime


class Arrivals:
    """Tells when records arrived; a time that only their sender vouches for is not believed.

    A topic with `message.timestamp.type=LogAppendTime` stamps its records itself. A record of any
    other topic carries its sender's clock: it is taken to have arrived when it is read, and
    counted; the first one of a topic is logged.

    Parameters
    ----------
    clock
        Wall-clock time of this worker in epoch seconds.
    metrics
        Where records with their sender's time are counted.

    Examples
    --------
    >>> arrivals = Arrivals(lambda: 500.0, Metrics())
    >>> arrivals.of("clicks", 100.0, 1)
    100.0
    >>> arrivals.of("clicks", 9_000_000.0, 0)
    500.0
    """

    def __init__(self, clock: Callable[[], float], metrics: Metrics) -> None:
        self._clock = clock
        self._metrics = metrics
        self._warned: set[str] = set()

    def of(self, topic: str, stamped_s: float | None, timestamp_type: int | None) -> float:
        """Return when a record arrived, in epoch seconds.

        Parameters
        ----------
        topic
            Name without prefix.
        stamped_s, timestamp_type
            The record's time in seconds, and Kafka's number of whose clock it is.
        """
        broker_s = by_broker(stamped_s, timestamp_type)
        if broker_s is not None:
            return broker_s
        self._metrics.sender_times.labels(topic).inc()
        if topic not in self._warned:
            self._warned.add(topic)
            logger.warning(
                "records of %r carry their sender's time, not the broker's: they count as arrived "
                "when they are read here; set message.timestamp.type=LogAppendTime, which "
                "`cherryrec topics repair` does",
                topic,
            )
        return self._clock()


def by_broker(stamped_s: float | None, timestamp_type: int | None) -> float | None:
    """Return a record's time if its broker set it, else None."""
    return stamped_s if timestamp_type == _BY_BROKER else None
