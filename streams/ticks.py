"""A push for event time, so that windows close on partitions where nothing comes in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from mode import Service

__all__ = ["Ticks"]


class Ticks(Service):
    """Calls a function regularly; with an interval of 0 never.

    Parameters
    ----------
    tick
        Sends the ticks.
    every_s
        Between ticks, in seconds.
    """

    def __init__(self, tick: Callable[[], Awaitable[None]], *, every_s: float) -> None:
        super().__init__()
        self._tick = tick
        self._every_s = every_s

    @Service.task
    async def _tick_regularly(self) -> None:
        while self._every_s > 0 and not self.should_stop:
            await self.sleep(self._every_s)
            if not self.should_stop:
                await self._tick()
