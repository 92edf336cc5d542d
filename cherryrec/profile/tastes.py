"""All that a user has ever read, counted by category and by subcategory: packed and bounded."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["MAX_TASTES", "counts_of", "with_reads"]

MAX_TASTES = 64
"""Names counted of one user; past it those read least make room."""

TASTE = np.dtype([("key", "<u4"), ("reads", "<f4")])
Keys: TypeAlias = NDArray[np.uint32]


def with_reads(tastes: bytes, keys: Keys) -> bytes:
    """Count reads of names, given by the low 32 bits of their stable hashes; 0 is no name.

    Examples
    --------
    >>> tastes = with_reads(b"", np.array([7, 9, 7, 0], np.uint32))
    >>> [values.tolist() for values in counts_of(tastes)]
    [[7, 9], [2.0, 1.0]]
    """
    known, reads = counts_of(tastes)
    counts = dict(zip(known.tolist(), reads.tolist(), strict=True))
    for key in keys.tolist():
        if key:
            counts[key] = counts.get(key, 0.0) + 1.0
    if len(counts) > MAX_TASTES:
        most = sorted(counts, key=lambda key: (-counts[key], key))[:MAX_TASTES]
        counts = {key: counts[key] for key in most}
    records = np.array(sorted(counts.items()), TASTE)
    return records.tobytes()


def counts_of(tastes: bytes) -> tuple[Keys, NDArray[np.float64]]:
    """Return the names' keys, rising, and how often each was read, (k,) both."""
    records = np.frombuffer(tastes, TASTE)
    return records["key"].copy(), records["reads"].astype(np.float64)
