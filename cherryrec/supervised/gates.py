"""What a worker waits for, and why."""

from __future__ import annotations

import threading

__all__ = ["Gates"]


class Gates:
    """What a worker waits for before it is ready; each gate names why it is closed.

    Opened, closed and read from any thread.

    Examples
    --------
    >>> gates = Gates(catalogue="has not caught up with articles")
    >>> gates.closed()
    {'catalogue': 'has not caught up with articles'}
    >>> gates.open("catalogue")
    >>> gates.is_ready
    True
    >>> gates.close("catalogue", "is 1,200 articles behind")
    >>> gates.is_ready
    False
    """

    def __init__(self, **closed: str) -> None:
        self._closed = dict(closed)
        self._lock = threading.Lock()

    def open(self, gate: str) -> None:
        """Open a gate; opening an open one does nothing."""
        with self._lock:
            self._closed.pop(gate, None)

    def close(self, gate: str, reason: str) -> None:
        """Close a gate, saying why."""
        with self._lock:
            self._closed[gate] = reason

    def closed(self) -> dict[str, str]:
        """Return the closed gates and why, in alphabetical order."""
        with self._lock:
            return dict(sorted(self._closed.items()))

    @property
    def is_ready(self) -> bool:
        """Whether every gate is open."""
        return not self._closed
