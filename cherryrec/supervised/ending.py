"""A stop that ends: a worker told to stop has a bound for it, also when its loop is blocked."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable
from time import monotonic
from typing import Any

__all__ = ["UNFINISHED", "Ending"]

logger = logging.getLogger(__name__)

UNFINISHED = 75
"""EX_TEMPFAIL: stopped before everything was acknowledged. It is read again by the successor."""

_LOOK_S = 0.5
_SAYING_S = 2.0
_SIGNALS = frozenset({signal.SIGTERM, signal.SIGINT})


class Ending:
    """Counts the time since a worker was told to stop, and ends the process when it is over.

    Python runs a signal's handler in the main thread only, when it is free; so the number of the
    signal is read from the descriptor that the interpreter writes it to, by a thread, and handed on
    to the event loop that had it before.

    Parameters
    ----------
    within_s
        Time for a stop, in seconds.
    is_stopping
        Whether the worker stops for a reason of its own.
    clock
        Monotonic seconds.
    end
        Ends the process with an exit code.
    """

    def __init__(
        self,
        within_s: float,
        *,
        is_stopping: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = monotonic,
        end: Callable[[int], Any] = os._exit,
    ) -> None:
        self.within_s = within_s
        self._is_stopping = is_stopping
        self._clock = clock
        self._end = end
        self._since_s: float | None = None
        self._ended = threading.Event()
        self._pair: tuple[socket.socket, socket.socket] | None = None
        self._before = -1

    def start(self) -> None:
        """Begin to listen; in the main thread, once its loop has its own signal handlers."""
        pair = self._pair = socket.socketpair()
        for end in pair:
            end.setblocking(False)
        self._before = signal.set_wakeup_fd(pair[1].fileno(), warn_on_full_buffer=False)
        pair[0].settimeout(_LOOK_S)
        threading.Thread(target=self._listen, name="ending", daemon=True).start()

    def stop(self) -> None:
        """Listen no more; in the main thread."""
        self._ended.set()
        if self._pair is not None:
            with contextlib.suppress(ValueError, OSError):
                now = signal.set_wakeup_fd(-1)
                if now != self._pair[1].fileno():  # somebody else has it by now
                    signal.set_wakeup_fd(now)

    def begin(self) -> None:
        """Begin to count, unless that has begun."""
        if self._since_s is None:
            self._since_s = self._clock()

    def observe(self) -> None:
        """Look once; end the process when the time is over."""
        if self._is_stopping():
            self.begin()
        if self._since_s is not None and self._clock() - self._since_s >= self.within_s:
            saying = threading.Thread(target=self._say, daemon=True)
            saying.start()
            saying.join(_SAYING_S)
            self._end(UNFINISHED)

    def _say(self) -> None:
        logger.critical(
            "not everything was acknowledged %.0f s after the stop began (does Kafka answer?): "
            "ending; what was not is read again at the next start",
            self.within_s,
        )

    def _listen(self) -> None:
        assert self._pair is not None, "start makes it"
        while not self._ended.is_set():
            numbers = b""
            with contextlib.suppress(TimeoutError):
                numbers = self._pair[0].recv(64)
            if numbers and self._before >= 0:
                with contextlib.suppress(OSError):
                    os.write(self._before, numbers)
            if _SIGNALS & set(numbers):
                self.begin()
            self.observe()
