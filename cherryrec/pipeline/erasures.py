"""Who was erased, for as long as an event from before it may still be read.

A tombstone and a click come on two topics: a click that arrived before its user's erasure can be
read after it, out of a backlog, or again after a crash, and would bring the user back. So a marker
stays: a hash of the user's id, and when the tombstone arrived at the broker. What arrived no later
is the erased user's and changes nothing of a user; what arrived later begins a new one.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Iterator
from hashlib import blake2b

from cherryrec.pipeline.effects import Store
from cherryrec.stored_requests import erasure_key, is_erasure_key

__all__ = ["KEEP_S", "MAX_ERASURES", "Erasures"]

KEEP_S = 8 * 86_400.0
"""How long a marker stays, in seconds of event time: longer than any user topic keeps an event."""

MAX_ERASURES = 100_000
"""Markers of one partition; past it the oldest leaves."""

_TIME = struct.Struct("<d")


class Erasures:
    """The erased users of the partitions of one worker.

    Parameters
    ----------
    store
        Where markers outlive a crash, under keys that hold no user's id.

    Examples
    --------
    >>> from cherryrec.pipeline.effects import MemoryStore
    >>> erasures = Erasures(MemoryStore())
    >>> erasures.note(0, "u1", 100.0)
    >>> [erasures.covers(0, "u1", arrived_s) for arrived_s in (99.0, 100.0, 100.001)]
    [True, True, False]
    >>> erasures.expire(0, 100.0 + KEEP_S + 1.0)
    >>> erasures.covers(0, "u1", 99.0)
    False
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._erased_s: dict[int, dict[bytes, float]] = {}

    def note(self, partition: int, user_id: str, erased_s: float) -> None:
        """Note an erasure in memory; `seal` stores it."""
        if not math.isfinite(erased_s):  # a replay, where all arrives at its own time
            return
        markers = self._erased_s.setdefault(partition, {})
        digest = _digest(user_id)
        markers.pop(digest, None)
        markers[digest] = erased_s
        if len(markers) > MAX_ERASURES:
            self._drop(partition, next(iter(markers)))

    def covers(self, partition: int, user_id: str, arrived_s: float) -> bool:
        """Whether an event that arrived then is of a user who was erased afterwards."""
        markers = self._erased_s.get(partition, {})
        return bool(markers) and arrived_s <= markers.get(_digest(user_id), -math.inf)

    def seal(self, partition: int, user_id: str) -> None:
        """Store a marker, now that what it stands for is deleted for good.

        One that outlived a crash which the deletion did not would have the tombstone, read again,
        believe that there is nothing left to do.
        """
        digest = _digest(user_id)
        erased_s = self._erased_s.get(partition, {}).get(digest)
        if erased_s is not None:
            self._store.put(partition, erasure_key(digest), _TIME.pack(erased_s))

    def restore(
        self, partition: int, items: Iterable[tuple[str, bytes]]
    ) -> Iterator[tuple[str, bytes]]:
        """Take over a partition's markers, out of all that its store holds; yield the others."""
        found = []
        for key, raw in items:
            if not is_erasure_key(key):
                yield key, raw
            elif len(raw) == _TIME.size:
                found.append((_TIME.unpack(raw)[0], bytes.fromhex(key[2:])))
        self._erased_s[partition] = {digest: erased_s for erased_s, digest in sorted(found)}

    def expire(self, partition: int, now_s: float) -> None:
        """Forget the markers that no event can be from before any more."""
        markers = self._erased_s.get(partition, {})
        while markers and next(iter(markers.values())) + KEEP_S < now_s:
            self._drop(partition, next(iter(markers)))

    def _drop(self, partition: int, digest: bytes) -> None:
        del self._erased_s[partition][digest]
        self._store.put(partition, erasure_key(digest), None)


def _digest(user_id: str) -> bytes:
    """Return 16 bytes that stand for a user and cannot be turned back."""
    return blake2b(user_id.encode(errors="surrogatepass"), digest_size=16).digest()
