"""A log that says a thing a few times and then how often: clients without a broker never tire."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from time import monotonic

__all__ = ["Repeats"]

_NUMBERS = re.compile(r"0x[0-9a-f]+|\d+")


class Repeats(logging.Filter):
    """Lets a kind of line through a few times in a window, and counts the others.

    Lines are of one kind when logger, level and text agree, numbers aside. The first line of the
    next window says how many were left out.

    Parameters
    ----------
    most
        Lines of a kind in a window.
    window_s
        Its length, in seconds.
    max_kinds
        Kinds remembered; past it the one begun longest ago is forgotten.
    clock
        Monotonic seconds.

    Examples
    --------
    >>> now = [0.0]
    >>> repeats = Repeats(most=2, window_s=30.0, clock=lambda: now[0])
    >>> def said(number: int) -> str | None:
    ...     line = logging.LogRecord("a", 30, "", 0, "no broker, try %d", (number,), None)
    ...     return line.getMessage() if repeats.filter(line) else None
    >>> said(1), said(2), said(3), said(4)
    ('no broker, try 1', 'no broker, try 2', None, None)
    >>> now[0] = 31.0
    >>> said(5)
    'no broker, try 5 (and 2 more like this in 30 s)'
    """

    def __init__(
        self,
        *,
        most: int = 5,
        window_s: float = 30.0,
        max_kinds: int = 256,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        super().__init__()
        self.most = most
        self.window_s = window_s
        self.max_kinds = max_kinds
        self._clock = clock
        self._kinds: dict[tuple[str, int, str], tuple[float, int]] = {}  # since when, how many

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a line is written; adds to it how many like it were not."""
        text = _NUMBERS.sub("#", str(record.msg))
        kind = (record.name, record.levelno, text[:200])
        now_s = self._clock()
        since_s, n = self._kinds.get(kind, (now_s, 0))
        if now_s - since_s >= self.window_s:
            left_out = n - self.most
            since_s, n = now_s, 0
            self._kinds.pop(kind, None)
            if left_out > 0:
                record.msg = (
                    f"{record.getMessage()} (and {left_out} more like this in {self.window_s:g} s)"
                )
                record.args = ()
        self._kinds[kind] = (since_s, n + 1)
        if len(self._kinds) > self.max_kinds:
            del self._kinds[next(iter(self._kinds))]
        return n < self.most
