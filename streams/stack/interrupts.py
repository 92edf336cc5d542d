"""Ctrl-C during a replay, also where a client's own event loop has swallowed it."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any, Self

__all__ = ["Interrupts"]


class Interrupts:
    """Remembers that Ctrl-C was pressed; a context manager of the main thread.

    Python raises `KeyboardInterrupt` wherever the main thread is. Inside a client that keeps what
    its tasks raise, for whoever asks for their results, nobody may ever ask: the signal is lost and
    the replay goes on. So it is noted as well, and raised again at the next `check`.

    Examples
    --------
    >>> before = signal.signal(signal.SIGINT, signal.default_int_handler)  # `nohup` ignores it
    >>> with Interrupts() as interrupts:
    ...     try:
    ...         signal.raise_signal(signal.SIGINT)
    ...     except KeyboardInterrupt:
    ...         pass  # what a client does
    ...     try:
    ...         interrupts.check()
    ...     except KeyboardInterrupt:
    ...         print("not lost")
    not lost
    >>> _ = signal.signal(signal.SIGINT, before)
    """

    def __init__(self) -> None:
        self._is_pressed = False
        self._before: Any = None
        self._is_main = False

    def __enter__(self) -> Self:
        """Take over the signal, where it is Python's own; in another thread nothing changes."""
        self._before = signal.getsignal(signal.SIGINT)
        self._is_main = (
            threading.current_thread() is threading.main_thread()
            and self._before is signal.default_int_handler
        )
        if self._is_main:
            signal.signal(signal.SIGINT, self._press)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the signal back."""
        if self._is_main:
            signal.signal(signal.SIGINT, self._before)

    def check(self) -> None:
        """Raise `KeyboardInterrupt` if Ctrl-C was pressed."""
        if self._is_pressed:
            raise KeyboardInterrupt

    def _press(self, _number: int, _frame: FrameType | None) -> None:
        self._is_pressed = True
        raise KeyboardInterrupt
