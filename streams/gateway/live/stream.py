"""Server-sent events: a view's snapshot at most twice a second, one encoding for all who look.

However many events come, a browser gets a whole picture now and then and folds nothing itself. A
comment goes out while nothing changes, so that proxies keep the stream open and a page that hears
nothing knows that it is cut off.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Protocol

import msgspec

from streams.gateway.live.groups import Groups
from streams.gateway.live.view import LiveView, View

__all__ = ["KEEP_ALIVE", "LiveStream", "Watch"]

EVERY_S = 0.5
REFRESH_S = 2.0
TURNS: Mapping[View, int] = {"now": 1, "stories": 2, "ranking": 4}
"""How many times `EVERY_S` lie between two snapshots: lists that jump are hard to press on."""
KEEP_ALIVE_S = 10.0
KEEP_ALIVE = b": still here\n\n"


class Watch(Protocol):
    """What knows how the groups stand; see `GroupWatch`."""

    groups: Groups

    async def run(self, is_wanted: Callable[[], bool]) -> None:
        """Keep them new while that is wanted."""


class LiveStream:
    """Sends the snapshots of a view to everyone who looks at it.

    Nothing is asked of Kafka's groups, and nothing encoded, while nobody looks.

    Parameters
    ----------
    view
        What there is to send.
    watch
        Says how the groups stand, while someone looks.
    closed
        What the gateway waits for, and why: the page says so.
    is_stopping
        Whether the process is to end: streams end by themselves then.
    clock
        Wall-clock time in epoch seconds.
    every_s
        Least time between two snapshots of what changes fastest, in seconds; see `TURNS`.
    """

    def __init__(
        self,
        view: LiveView,
        watch: Watch,
        *,
        closed: Callable[[], Mapping[str, str]] = dict,
        is_stopping: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.time,
        every_s: float = EVERY_S,
    ) -> None:
        self.view = view
        self._watch = watch
        self._closed = closed
        self._is_stopping = is_stopping
        self._clock = clock
        self._every_s = every_s
        self._encoded: dict[View, tuple[int, float, bytes]] = {}
        self._watching: asyncio.Task[None] | None = None
        self._n_looking = 0

    async def events(self, view: View) -> AsyncGenerator[bytes]:
        """Yield one view's events until the browser leaves or the process ends."""
        self._n_looking += 1
        sent: bytes | None = None
        quiet_s = 0.0
        try:
            while not self._is_stopping():
                # An earlier watch may still have been ending when this browser came.
                if self._watching is None or self._watching.done():
                    self._watching = asyncio.create_task(self._watch.run(self._is_looked_at))
                encoded = self._of(view)
                if encoded is not sent:
                    sent, quiet_s = encoded, 0.0
                    yield encoded
                elif quiet_s >= KEEP_ALIVE_S:
                    quiet_s = 0.0
                    yield KEEP_ALIVE
                await asyncio.sleep(self._every_s)
                quiet_s += self._every_s
        finally:
            self._n_looking -= 1

    def _is_looked_at(self) -> bool:
        return self._n_looking > 0

    def _of(self, view: View) -> bytes:
        """Return the newest encoding: a new one where something was read, or two seconds passed."""
        now_s = self._clock()
        known = self._encoded.get(view)
        if known is not None:
            n_read, at_s, encoded = known
            is_changed = n_read != self.view.n_read
            if now_s - at_s < (self._every_s * TURNS[view] if is_changed else REFRESH_S):
                return encoded
        snapshot = self.view.snapshot(view, now_s=now_s, groups=self._watch.groups)
        snapshot["waiting_for"] = dict(self._closed())
        encoded = b"event: snapshot\ndata: " + msgspec.json.encode(snapshot) + b"\n\n"
        self._encoded[view] = (self.view.n_read, now_s, encoded)
        return encoded
