"""Dead letters: how often each reason came, and the newest of them."""

from __future__ import annotations

from collections import deque

import msgspec

from cherryrec.events import DeadLetter
from streams.gateway.live.windows import WindowedCounts

__all__ = ["Letter", "Letters"]

_TEXT = 300
_WINDOW_S = 3_600.0


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """One refused message, cut to what a page shows."""

    at_s: float
    topic: str
    reason: str
    place: str
    key: str


class Letters:
    """The dead letters of the last hour by reason, and the last twenty.

    Examples
    --------
    >>> from cherryrec.events import instant
    >>> letters = Letters("cherryrec.")
    >>> letters.add(
    ...     DeadLetter(
    ...         reason="limit must be at most 5, got 9",
    ...         source_topic="cherryrec.clicks",
    ...         source_partition=0,
    ...         source_offset=7,
    ...         received_at=instant(0.0),
    ...     ),
    ...     now_s=1.0,
    ... )
    >>> letters.reasons(now_s=2.0)
    [('clicks: limit must be at most 5', 1)]
    """

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._counts: WindowedCounts[str] = WindowedCounts(
            window_s=_WINDOW_S, bucket_s=60.0, max_keys=200
        )
        self._all: WindowedCounts[None] = WindowedCounts(window_s=_WINDOW_S, bucket_s=60.0)
        self.newest: deque[Letter] = deque(maxlen=20)

    def add(self, letter: DeadLetter, *, now_s: float) -> None:
        """Count one; what was wanted names its reason, what came differs from one to the next."""
        topic = letter.source_topic.removeprefix(self._prefix)
        wanted = letter.reason.partition(", got")[0][:_TEXT]
        self._counts.add(f"{topic}: {wanted}", now_s=now_s)
        self._all.add(None, now_s=now_s)
        self.newest.append(
            Letter(
                at_s=now_s,
                topic=topic,
                reason=letter.reason[:_TEXT],
                place=f"{letter.source_partition}:{letter.source_offset}",
                key=(letter.key or b"").decode(errors="replace")[:64],
            )
        )

    def reasons(self, *, now_s: float) -> list[tuple[str, int]]:
        """Return the ten most frequent reasons of the last hour."""
        return self._counts.totals(now_s=now_s).most_common(10)

    def n(self, *, now_s: float) -> int:
        """Return how many there were in the last hour, of more reasons than are kept as well."""
        return self._all.totals(now_s=now_s).total()
