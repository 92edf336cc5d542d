"""Ends a worker that slept past its session: the group has given its partitions to another.

A process can stand still and go on (a suspended machine, SIGSTOP, a frozen container). What it
then writes from memory would land on top of what its successor has written since.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from typing import Any

from mode import Service

__all__ = ["Lease", "clock_s"]

logger = logging.getLogger(__name__)

EXIT_CODE = 70
"""EX_SOFTWARE, as the watchdog's: the supervisor starts the worker anew."""

_LOOKS = 20


def clock_s() -> float:
    """Seconds that pass while the machine is suspended too, where the system counts them."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


class Lease(Service):
    """Renewed by a thread of its own, so that a busy loop does not end it; asked before each send.

    Parameters
    ----------
    session_timeout_s
        Silence after which the group takes the worker for dead. The lease is half of it: the last
        heartbeat may have been a third of it ago when the process stopped.
    clock
        Seconds, see `clock_s`.
    end
        Ends the process with an exit code, at once: nothing may be sent any more.

    Examples
    --------
    >>> now, codes = [0.0], []
    >>> lease = Lease(10.0, clock=lambda: now[0], end=codes.append)
    >>> lease.renew()
    >>> now[0] = 5.0
    >>> lease.check()
    >>> now[0] = 5.1
    >>> lease.check()
    >>> codes
    [70]
    """

    def __init__(
        self,
        session_timeout_s: float,
        *,
        clock: Callable[[], float] = clock_s,
        end: Callable[[int], Any] = os._exit,
    ) -> None:
        super().__init__()
        self.length_s = session_timeout_s / 2
        self._clock = clock
        self._end = end
        self._renewed_s: float | None = None
        self._ended = threading.Event()

    def renew(self) -> None:
        """Go on for another length, unless the last one has run out."""
        self.check()
        self._renewed_s = self._clock()

    def check(self) -> None:
        """End the process when the lease has run out; one never taken does not."""
        if self._renewed_s is None:
            return
        slept_s = self._clock() - self._renewed_s
        if slept_s > self.length_s:
            logger.critical(
                "the process stood still for %.1f s, its partitions may be another's; ending it",
                slept_s,
            )
            self._end(EXIT_CODE)

    async def on_start(self) -> None:
        """Start renewing."""
        self.renew()
        threading.Thread(target=self._renew_regularly, name="lease", daemon=True).start()

    async def on_stop(self) -> None:
        """Stop renewing; what is still sent needs no lease."""
        self._ended.set()
        self._renewed_s = None

    def _renew_regularly(self) -> None:
        while not self._ended.wait(self.length_s / _LOOKS):
            self.renew()
