"""Acknowledged writes on their way into the local store, also when the store does not take them.

A disk can be full and be freed again. A write that fails stays in the overlay with all that follows
it in its partition, and is tried again until it is stored: so the copy never names an offset whose
changes it lacks. Meanwhile the worker serves from memory, not ready, up to a bound.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from time import monotonic

from cherryrec.errors import ServiceError
from streams.engine.health import Gates
from streams.engine.metrics import Metrics
from streams.engine.overlay import Acknowledged, Overlay
from streams.engine.stores import Partitions

__all__ = ["MAX_UNSTORED_BYTES", "STORE_DELAY_S", "StoreHealth", "Storing"]

logger = logging.getLogger(__name__)

STORE_DELAY_S = 0.02
"""How long acknowledged writes gather before they are stored in one RocksDB batch."""

RETRY_S = 0.5
"""Pause before what could not be stored is tried again."""

MAX_UNSTORED_BYTES = 256 << 20
"""Acknowledged writes that a table holds in memory when its store does not take them."""


class StoreHealth:
    """Tells of a table whose store fails: a gate, a counter, one line a streak.

    Parameters
    ----------
    table
        Its name.
    gates
        Its gate `table-NAME` is closed while something cannot be stored.
    metrics
        Where failures and what waits are counted.
    max_bytes
        What may wait in memory before the worker ends.
    """

    def __init__(self, table: str, *, gates: Gates, metrics: Metrics, max_bytes: int) -> None:
        self.table = table
        self.max_bytes = max_bytes
        self._gates = gates
        self._metrics = metrics
        self._has_failed = False

    def failed(self, partition: int, error: Exception, *, n_bytes: int) -> None:
        """Note a write that the store did not take.

        Raises
        ------
        ServiceError
            More waits in memory than may.
        """
        self._metrics.store_failures.labels(self.table).inc()
        self._metrics.unstored_bytes.labels(self.table).set(n_bytes)
        self._gates.close(
            f"table-{self.table}", f"{n_bytes:,} bytes of its writes cannot be stored: {error}"
        )
        if not self._has_failed:
            logger.error(
                "table %r cannot store in partition %d: %s. If the disk is full, free space: the "
                "worker goes on from memory, not ready, until %s MB wait, and then ends",
                self.table,
                partition,
                error,
                f"{self.max_bytes / 1e6:,.0f}",
            )
        self._has_failed = True
        if n_bytes > self.max_bytes:
            msg = (
                f"table {self.table!r} must keep at most {self.max_bytes:,} bytes in memory that "
                f"its store does not take (stream.max_unstored_bytes), got {n_bytes:,}: {error}. "
                "Free space, or raise the bound; what is not stored is read from the changelog"
            )
            raise ServiceError(msg) from error

    def recovered(self) -> None:
        """Note that everything is stored."""
        if self._has_failed:
            self._has_failed = False
            self._metrics.unstored_bytes.labels(self.table).set(0)
            self._gates.open(f"table-{self.table}")
            logger.warning("table %r has nothing left that waits to be stored", self.table)


class Storing:
    """Stores what the changelog has acknowledged, in batches, and again what failed.

    Parameters
    ----------
    overlay
        Holds the writes until they are stored.
    store
        Returns where they go.
    health
        Told of failures.
    give_up
        Ends the worker with a reason.
    clock
        Monotonic seconds.
    """

    def __init__(
        self,
        overlay: Overlay,
        store: Callable[[], Partitions],
        *,
        health: StoreHealth,
        give_up: Callable[[ServiceError], None],
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._overlay = overlay
        self._store = store
        self._health = health
        self._give_up = give_up
        self._clock = clock
        self._soon: asyncio.TimerHandle | None = None
        self._retry: asyncio.TimerHandle | None = None
        self._again_s: dict[int, float] = {}  # failed partition → when it is tried again

    def soon(self, is_ours: Callable[[int], bool]) -> None:
        """Store in a moment, together with what is acknowledged until then."""
        if self._soon is None:
            loop = asyncio.get_running_loop()
            self._soon = loop.call_later(STORE_DELAY_S, self.now, is_ours)

    def now(self, is_ours: Callable[[int], bool], *, is_last: bool = False) -> None:
        """Store what is acknowledged of the partitions that are still here.

        A partition that failed a moment ago is left for later, unless this is the last time.
        """
        for timer in (self._soon, self._retry):
            if timer is not None:
                timer.cancel()
        self._soon = self._retry = None
        now_s = self._clock()
        for partition, acknowledged in self._overlay.acknowledged().items():
            if not is_ours(partition):
                self.drop(partition)
            elif is_last or self._again_s.get(partition, now_s) <= now_s:
                self._store_one(partition, acknowledged, now_s)
        if not self._again_s:
            self._health.recovered()
        elif not is_last:
            wait_s = max(0.0, min(self._again_s.values()) - now_s)
            self._retry = asyncio.get_running_loop().call_later(wait_s, self.now, is_ours)

    def _store_one(self, partition: int, acknowledged: Acknowledged, now_s: float) -> None:
        try:
            self._store().write(partition, acknowledged.changes, acknowledged.offset)
        except Exception as error:  # whatever a store raises, the write is still to be done
            self._again_s[partition] = now_s + RETRY_S
            waiting = self._overlay.acknowledged()
            n_bytes = sum(waiting[failed].n_bytes for failed in self._again_s)
            self.refused(partition, error, n_bytes=n_bytes)
        else:
            self._overlay.settle(partition)
            self._again_s.pop(partition, None)

    def refused(self, partition: int, error: Exception, *, n_bytes: int) -> None:
        """Tell of a write that failed; end the worker when too much waits."""
        try:
            self._health.failed(partition, error, n_bytes=n_bytes)
        except ServiceError as reason:
            self._give_up(reason)

    def drop(self, partition: int) -> None:
        """Forget a partition that is no longer ours: its next owner has the changelog."""
        self._overlay.drop(partition)
        self._again_s.pop(partition, None)
