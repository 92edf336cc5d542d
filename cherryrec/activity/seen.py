"""Recent ids with the offset they came at: an id at another offset is a duplicate."""

from __future__ import annotations

from typing import Literal

import numpy as np

__all__ = ["RecentIds", "Sighting"]

Sighting = Literal["new", "same", "duplicate"]

_PAIR = 16


class RecentIds:
    """The last `capacity` ids by 64-bit hash, each with the offset of its first sight.

    What was stored is read when it is first asked: a worker keeps what others have seen, and needs
    it when it takes over from them.

    Examples
    --------
    >>> recent = RecentIds(capacity=2)
    >>> recent.sight(11, offset=5), recent.sight(11, offset=5), recent.sight(11, offset=6)
    ('new', 'same', 'duplicate')
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._read: dict[int, int] = {}
        self._unread = b""

    @property
    def _offsets(self) -> dict[int, int]:
        if self._unread:
            pairs = np.frombuffer(self._unread, "<u8").reshape(-1, 2)
            self._read = dict(zip(pairs[:, 0].tolist(), pairs[:, 1].tolist(), strict=True))
            self._unread = b""
        return self._read

    def sight(self, id_hash: int, offset: int) -> Sighting:
        """Note an id at an offset, and say whether it is new, read again, or sent again."""
        offsets = self._offsets
        first = offsets.get(id_hash)
        if first is not None:
            return "same" if first == offset else "duplicate"
        offsets[id_hash] = offset
        if len(offsets) > self.capacity:
            del offsets[next(iter(offsets))]
        return "new"

    def is_duplicate(self, id_hash: int, offset: int) -> bool:
        """Whether an id came at another offset before; nothing is noted."""
        return self._offsets.get(id_hash, offset) != offset

    def to_bytes(self) -> bytes:
        """Return hash and offset pairs, oldest first, as little-endian uint64."""
        if self._unread:
            return self._unread
        pairs = [value for pair in self._offsets.items() for value in pair]
        return np.array(pairs, "<u8").tobytes()

    @classmethod
    def from_bytes(cls, capacity: int, raw: bytes) -> RecentIds:
        """Return the inverse of `to_bytes`, of the last `capacity` pairs.

        Raises
        ------
        ValueError
            They are no pairs.
        """
        if len(raw) % _PAIR:
            msg = f"ids must be pairs of {_PAIR} bytes, got {len(raw)} bytes"
            raise ValueError(msg)
        recent = cls(capacity)
        recent._unread = raw[-_PAIR * capacity :] if capacity else b""
        return recent
