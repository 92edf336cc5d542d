"""Which events of one reader were applied lately: packed, bounded in number and in age, exact.

An id at another offset than before is a duplicate. Ids leave by the time of their event, the oldest
first, and for lack of room those before others that did not count for everyone. An event older than
what has left cannot be told from a duplicate, so it is too late. Nothing is ever counted twice, and
within the bounds nothing is refused.
"""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

import msgspec
import numpy as np
from numpy.typing import NDArray

__all__ = ["Seen", "Sighting", "Weight", "is_repeat", "n_counted", "note", "sight"]

Sighting = Literal["new", "again", "duplicate", "late"]
"""What an id is: `again` at the offset it came at first, `late` older than what is remembered."""

Weight = Literal["counted", "repeat", "rate"]
"""Whether an event counts for everyone, or why not: one like it did, or the reader had too many."""

RECORD = np.dtype(
    [
        ("low", "<u4"),
        ("high", "<u2"),
        ("weight", "<u2"),
        ("second", "<u4"),
        ("offset", "<u4"),
        ("subject", "<u4"),
    ]
)
_LOW = (1 << 32) - 1
_HIGH = (1 << 16) - 1
_WEIGHTS: tuple[Weight, ...] = get_args(Weight)
_COUNTED = _WEIGHTS.index("counted")
_LEAST = 24  # remembered however old: a reader's events since the last commit are among them

Records: TypeAlias = NDArray[np.void]


class Seen(msgspec.Struct, frozen=True, array_like=True):
    """The events of one reader, in the order of their times.

    `packed` are records of 20 bytes: 48 bits of an id's hash, the event's weight, its second, the
    low 32 bits of its offset, and of the hash of what it was about. Before `floor_s` an event is
    too late.
    """

    packed: bytes = b""
    floor_s: float = 0.0

    def records(self) -> Records:
        """Return the events, structured (k,)."""
        return np.frombuffer(self.packed, RECORD)

    @property
    def is_whole(self) -> bool:
        """Whether these are whole records."""
        return len(self.packed) % RECORD.itemsize == 0


def sight(
    seen: Seen, id_hash: int, *, time_s: float, offset: int
) -> tuple[Sighting, Weight | None]:
    """Say what an event is, and of one that was applied, its weight.

    Examples
    --------
    >>> seen = note(Seen(), 7, time_s=60.0, offset=3, most=10, keep_s=100.0)
    >>> sight(seen, 7, time_s=60.0, offset=3), sight(seen, 7, time_s=60.0, offset=4)[0]
    (('again', 'counted'), 'duplicate')
    >>> sight(seen, 8, time_s=0.0, offset=4)[0]
    'new'
    """
    records = seen.records()
    mine = records[(records["low"] == (id_hash & _LOW)) & (records["high"] == _high(id_hash))]
    if len(mine):
        if int(mine[0]["offset"]) == offset & _LOW:
            return "again", _WEIGHTS[min(int(mine[0]["weight"]), len(_WEIGHTS) - 1)]
        return "duplicate", None
    return ("late" if time_s < seen.floor_s else "new"), None


def note(
    seen: Seen,
    id_hash: int,
    *,
    time_s: float,
    offset: int,
    most: int,
    keep_s: float,
    subject: int = 0,
    weight: Weight = "counted",
) -> Seen:
    """Remember a new event, and forget what is too old or too many.

    Parameters
    ----------
    seen
        The reader's.
    id_hash
        Stable hash of the event's id.
    time_s, offset
        When it was, and where it stood on its topic.
    most
        Events remembered; above 0.
    keep_s
        How long before the newest an event is remembered, in seconds; the last few are longer.
    subject
        Stable hash of what it was about.
    weight
        Whether it counts for everyone.

    Examples
    --------
    The older of three leaves where two are remembered, and what is as old is late from then on.

    >>> seen = Seen()
    >>> for k in range(3):
    ...     seen = note(seen, k, time_s=10.0 * k, offset=k, most=2, keep_s=100.0)
    >>> seen.records()["second"].tolist(), seen.floor_s
    ([10, 20], 1.0)
    """
    records = seen.records()
    second = int(min(max(time_s, 0.0), _LOW))
    one = np.array(
        [
            (
                id_hash & _LOW,
                _high(id_hash),
                _WEIGHTS.index(weight),
                second,
                offset & _LOW,
                subject & _LOW,
            )
        ],
        RECORD,
    )
    place = int(np.searchsorted(records["second"], second, side="right"))
    records = np.concatenate([records[:place], one, records[place:]])
    newest = int(records[-1]["second"])
    n_old = int(np.searchsorted(records["second"], max(newest - keep_s, 0.0)))
    records = records[max(min(n_old, len(records) - _LEAST), 0) :]
    floor_s = seen.floor_s
    while len(records) > most:
        leaving = int(np.argmax(records["weight"] != _COUNTED))  # the oldest, where all counted
        floor_s = max(floor_s, float(records[leaving]["second"]) + 1.0)
        records = np.delete(records, leaving)
    return Seen(records.tobytes(), floor_s)


def n_counted(seen: Seen, *, since_s: float) -> int:
    """Count the events after a time that counted for everyone."""
    records = seen.records()
    return int(np.count_nonzero((records["second"] > since_s) & (records["weight"] == _COUNTED)))


def is_repeat(seen: Seen, subject: int) -> bool:
    """Whether an event about this counted for everyone."""
    records = seen.records()
    mine = (records["subject"] == (subject & _LOW)) & (records["weight"] == _COUNTED)
    return bool(mine.any())


def _high(id_hash: int) -> int:
    return (id_hash >> 32) & _HIGH
