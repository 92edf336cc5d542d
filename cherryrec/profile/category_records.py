"""All that a user has ever read, counted by category and by subcategory: packed and bounded."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from cherryrec.compiled import compiled

__all__ = ["MAX_CATEGORIES", "counts_of", "with_reads"]

MAX_CATEGORIES = 64
"""Names counted of one user; past it those read least make room."""

CATEGORY_RECORD = np.dtype([("key", "<u4"), ("reads", "<f4")])
Keys: TypeAlias = NDArray[np.uint32]
Records: TypeAlias = NDArray[np.void]


def with_reads(packed: bytes, keys: Keys) -> bytes:
    """Count reads of names, given by the low 32 bits of their stable hashes; 0 is no name.

    Examples
    --------
    >>> packed = with_reads(b"", np.array([7, 9, 7, 0], np.uint32))
    >>> [values.tolist() for values in counts_of(packed)]
    [[7, 9], [2.0, 1.0]]
    """
    known = np.frombuffer(packed, CATEGORY_RECORD)
    counted = np.zeros(len(known) + len(keys), CATEGORY_RECORD)
    counted[: len(known)] = known
    n = _count(counted, len(known), keys)
    return counted[:n].tobytes()


def counts_of(packed: bytes) -> tuple[Keys, NDArray[np.float64]]:
    """Return the names' keys, rising, and how often each was read, (k,) both."""
    records = np.frombuffer(packed, CATEGORY_RECORD)
    return records["key"].copy(), records["reads"].astype(np.float64)


@compiled
def _count(counted: Records, n: int, keys: Keys) -> int:
    """Count reads into the first n records, by rising key; return how many there are then.

    `counted` has room for all. Past `MAX_CATEGORIES` the one read least leaves, of several the
    last.
    """
    for i in range(len(keys)):
        if keys[i] == 0:
            continue
        at = n
        while at > 0 and counted[at - 1].key >= keys[i]:
            at -= 1
        if at == n or counted[at].key != keys[i]:
            for k in range(n, at, -1):
                counted[k] = counted[k - 1]
            counted[at].key = keys[i]
            counted[at].reads = 0.0
            n += 1
        counted[at].reads += 1.0
    while n > MAX_CATEGORIES:
        least = 0
        for k in range(n):
            if counted[k].reads <= counted[least].reads:
                least = k
        n -= 1
        for k in range(least, n):
            counted[k] = counted[k + 1]
    return n
