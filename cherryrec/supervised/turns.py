"""The look at a worker's loop, from a thread: a loop that stands still cannot look at itself.

A write that blocks in a library, a lock that is never given back: nothing in the loop runs then,
its watchdog neither, while threads that only say that the process lives go on saying so.
"""

from __future__ import annotations

import asyncio
import faulthandler
import logging
import os
import threading
from collections.abc import Callable
from time import monotonic
from typing import Any

__all__ = ["TurnWatch"]

logger = logging.getLogger(__name__)

EXIT_CODE = 70
"""EX_SOFTWARE: the supervisor starts the worker anew."""

_LOOKS = 20
_SAYING_S = 2.0


class TurnWatch:
    """Ends the process when its loop has not turned for too long, and says where it stands.

    Parameters
    ----------
    stall_s
        The longest time between two turns, in seconds. Longer than the longest batch.
    clock
        Monotonic seconds.
    end
        Ends the process with an exit code; nothing is cleaned up, as the loop is what is stuck.
    dump
        Writes what every thread is doing.

    Examples
    --------
    >>> now, codes = [0.0], []
    >>> watch = TurnWatch(10.0, clock=lambda: now[0], end=codes.append, dump=lambda: None)
    >>> watch.turned()
    >>> now[0] = 9.0
    >>> watch.observe()
    >>> now[0] = 10.0
    >>> watch.observe()
    >>> codes
    [70]
    """

    def __init__(
        self,
        stall_s: float,
        *,
        clock: Callable[[], float] = monotonic,
        end: Callable[[int], Any] = os._exit,
        dump: Callable[[], Any] = faulthandler.dump_traceback,
    ) -> None:
        self.stall_s = stall_s
        self._clock = clock
        self._end = end
        self._dump = dump
        self._ask: Callable[[], Any] = lambda: None
        self._turned_s: float | None = None
        self._stopped = threading.Event()

    def turned(self, at_s: float | None = None) -> None:
        """Note a turn of the loop, now or when it was; before the first nothing is expected."""
        self._turned_s = self._clock() if at_s is None else at_s

    def idle_s(self) -> float:
        """Return how long ago the last turn was, in seconds; 0 before the first."""
        turned_s = self._turned_s
        return 0.0 if turned_s is None else self._clock() - turned_s

    def is_turning(self) -> bool:
        """Whether there was a turn within a quarter of what is allowed."""
        return self.idle_s() < self.stall_s / 4

    def follow(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to look at an event loop: it is asked for a turn each time."""
        self.start(lambda: loop.call_soon_threadsafe(self.turned))

    def start(self, ask: Callable[[], Any]) -> None:
        """Begin to look; `ask` is called each time, and has `turned` called when there is one."""
        self._ask = ask
        threading.Thread(target=self._look_regularly, name="turns", daemon=True).start()

    def stop(self) -> None:
        """Look no more."""
        self._stopped.set()

    def observe(self) -> None:
        """Look once; end the process when the last turn was too long ago."""
        try:
            self._ask()
        except RuntimeError:  # the loop is closed
            return
        if self.idle_s() >= self.stall_s:
            self._give_up()

    def _give_up(self) -> None:
        """Say where every thread stands, and end; saying may be what is stuck."""
        why = (
            f"the loop has not turned for {self.idle_s():.0f} s: it is blocked where the stack of "
            "the main thread in this log says, or where that of its model's thread does; ending "
            "the process"
        )
        saying = threading.Thread(target=self._say, args=(why,), daemon=True)
        saying.start()
        saying.join(_SAYING_S)
        self._end(EXIT_CODE)

    def _say(self, why: str) -> None:
        logger.critical(why)
        self._dump()

    def _look_regularly(self) -> None:
        while not self._stopped.wait(min(1.0, self.stall_s / _LOOKS)):
            self.observe()
