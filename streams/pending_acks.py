"""Events whose effect is only in memory yet: acknowledged once their counters are flushed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from faust.types import EventT
from mode import Service

__all__ = ["PendingAcks"]


class PendingAcks(Service):
    """Flushes counters every so often, then acknowledges the events that were in them.

    An offset is committed only when the absolute counters that include its event are acknowledged,
    so a killed worker's successor reads the event again or finds it counted, never neither.
    Bounded by the events of one interval.

    Parameters
    ----------
    flush
        Sends the counters as they stand and returns when they are acknowledged.
    every_s
        Between flushes, in seconds.
    """

    def __init__(self, flush: Callable[[], Awaitable[None]], *, every_s: float) -> None:
        super().__init__()
        self._flush = flush
        self._every_s = every_s
        self._held: list[EventT[Any]] = []

    def hold(self, events: Sequence[EventT[Any]]) -> None:
        """Keep events that have been applied until the next flush."""
        self._held.extend(events)

    async def release(self) -> None:
        """Flush, then acknowledge what was held when the flush began."""
        held, self._held = self._held, []
        await self._flush()
        for event in held:
            event.ack()

    @Service.task
    async def _release_regularly(self) -> None:
        while not self.should_stop:
            await self.sleep(self._every_s)
            if self._held:
                await self.release()
