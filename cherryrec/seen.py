"""Which events of one reader were applied lately: packed, bounded in number and in age, exact.

An id at another offset than before is a duplicate. Ids leave by the time of their event, the oldest
first, and for lack of room those before others that did not count for everyone. An event older than
what has left cannot be told from a duplicate, so it is too late. Nothing is ever counted twice, and
within the bounds nothing is refused.
"""

from __future__ import annotations

from struct import Struct
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
_ONE = Struct("<IHHIII")
_SUBJECT = 16  # where it lies in a record
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

    def __len__(self) -> int:
        return len(self.packed) // RECORD.itemsize

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
    place = _find(seen.packed, _id_bytes(id_hash), at=0)
    if place is None:
        return ("late" if time_s < seen.floor_s else "new"), None
    _, _, weight, _, first, _ = _ONE.unpack_from(seen.packed, place)
    if first == offset & _LOW:
        return "again", _WEIGHTS[min(weight, len(_WEIGHTS) - 1)]
    return "duplicate", None


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
    second = int(min(max(time_s, 0.0), _LOW))
    one = _ONE.pack(
        id_hash & _LOW,
        (id_hash >> 32) & _HIGH,
        _WEIGHTS.index(weight),
        second,
        offset & _LOW,
        subject & _LOW,
    )
    packed, size, floor_s = seen.packed, _ONE.size, seen.floor_s
    place = len(packed)
    while place and _second(packed, place - size) > second:
        place -= size
    packed = packed[:place] + one + packed[place:]
    oldest_s = _second(packed, len(packed) - size) - keep_s
    first = 0
    while len(packed) - first > _LEAST * size and _second(packed, first) < oldest_s:
        first += size
    packed = packed[first:]
    while len(packed) > most * size:
        weights = np.frombuffer(packed, RECORD)["weight"]
        leaving = int(np.argmax(weights != _COUNTED)) * size  # the oldest, where all counted
        floor_s = max(floor_s, _second(packed, leaving) + 1.0)
        packed = packed[:leaving] + packed[leaving + size :]
    return Seen(packed, floor_s)


def n_counted(seen: Seen, *, since_s: float) -> int:
    """Count the events after a time that counted for everyone."""
    records = seen.records()
    return int(np.count_nonzero((records["second"] > since_s) & (records["weight"] == _COUNTED)))


def is_repeat(seen: Seen, subject: int) -> bool:
    """Whether an event about this counted for everyone."""
    wanted, begin = (subject & _LOW).to_bytes(4, "little"), 0
    while (place := _find(seen.packed, wanted, at=_SUBJECT, begin=begin)) is not None:
        if _ONE.unpack_from(seen.packed, place)[2] == _COUNTED:
            return True
        begin = place + _ONE.size
    return False


def _find(packed: bytes, wanted: bytes, *, at: int, begin: int = 0) -> int | None:
    """Return where the next record begins that holds some bytes at a place of its own."""
    found = packed.find(wanted, begin)
    while found >= 0 and found % _ONE.size != at:
        found = packed.find(wanted, found + 1)
    return found - at if found >= 0 else None


def _id_bytes(id_hash: int) -> bytes:
    return (id_hash & _LOW | ((id_hash >> 32) & _HIGH) << 32).to_bytes(6, "little")


def _second(packed: bytes, place: int) -> int:
    return int.from_bytes(packed[place + 8 : place + 12], "little")
