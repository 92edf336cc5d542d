"""Recent ids with the offset they came at: an id at another offset is a duplicate."""

from __future__ import annotations

from typing import Literal

import numpy as np

__all__ = ["RecentIds", "Sighting"]

Sighting = Literal["new", "same", "duplicate"]


class RecentIds:
    """The last `capacity` ids by 64-bit hash, each with the offset of its first sight.

    Examples
    --------
    >>> recent = RecentIds(capacity=2)
    >>> recent.sight(11, offset=5), recent.sight(11, offset=5), recent.sight(11, offset=6)
    ('new', 'same', 'duplicate')
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._offsets: dict[int, int] = {}

    def sight(self, id_hash: int, offset: int) -> Sighting:
        """Note an id at an offset, and say whether it is new, read again, or sent again."""
        first = self._offsets.get(id_hash)
        if first is not None:
            return "same" if first == offset else "duplicate"
        self._offsets[id_hash] = offset
        if len(self._offsets) > self.capacity:
            del self._offsets[next(iter(self._offsets))]
        return "new"

    def is_duplicate(self, id_hash: int, offset: int) -> bool:
        """Whether an id came at another offset before; nothing is noted."""
        return self._offsets.get(id_hash, offset) != offset

    def to_bytes(self) -> bytes:
        """Return hash and offset pairs, oldest first, as little-endian uint64."""
        pairs = [value for pair in self._offsets.items() for value in pair]
        return np.array(pairs, "<u8").tobytes()

    @classmethod
    def from_bytes(cls, capacity: int, raw: bytes) -> RecentIds:
        """Return the inverse of `to_bytes`."""
        recent = cls(capacity)
        pairs = np.frombuffer(raw, "<u8").reshape(-1, 2)
        recent._offsets = {int(id_hash): int(offset) for id_hash, offset in pairs[-capacity:]}
        return recent
