"""Pending requests by deadline: when one passes, a message says so, and an agent answers."""

from __future__ import annotations

import heapq
from collections.abc import Awaitable, Callable, Iterable

from mode import Service

from cherryrec.pipeline import Pending

__all__ = ["DeadlineTimer"]


class DeadlineTimer(Service):
    """Sends a `deadlines` message for each pending request whose time is up.

    State is written by agents alone, so the timer sends and an agent of the same partition ranks.
    A request answered in time is still announced; its agent finds nothing pending. Bounded by the
    requests of one deadline's length.

    Parameters
    ----------
    announce
        Sends the message.
    clock
        Wall-clock time in epoch seconds.
    every_s
        Between looks at the clock, in seconds.
    """

    def __init__(
        self,
        announce: Callable[[Pending], Awaitable[None]],
        *,
        clock: Callable[[], float],
        every_s: float,
    ) -> None:
        super().__init__()
        self._announce = announce
        self._clock = clock
        self._every_s = every_s
        self._heap: list[Pending] = []

    def watch(self, pending: Pending) -> None:
        """Announce a request when its deadline passes."""
        heapq.heappush(self._heap, pending)

    def keep(self, partitions: Iterable[int], restored: Iterable[Pending]) -> None:
        """Start again from what is stored: the pending requests of this worker's partitions."""
        wanted = set(partitions)
        kept = {pending for pending in self._heap if pending.partition in wanted}
        self._heap = sorted(kept | set(restored))

    async def announce_due(self) -> None:
        """Announce every request whose deadline has passed."""
        now = self._clock()
        while self._heap and self._heap[0].expires_at <= now:
            await self._announce(heapq.heappop(self._heap))

    @Service.task
    async def _look_regularly(self) -> None:
        while not self.should_stop:
            await self.sleep(self._every_s)
            await self.announce_due()
