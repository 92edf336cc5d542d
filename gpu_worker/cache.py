"""Scores that were computed before, by model version and prompt text."""

from __future__ import annotations

import struct
import sys
from collections import OrderedDict

import numpy as np

from gpu_worker.backends.protocol import LetterScores

__all__ = ["ENTRY_BYTES", "ScoreCache"]

_N_TOKENS = struct.Struct("<q")

ENTRY_BYTES = 328
"""Charged for an entry besides its logits: key, length, and its place in a table that is between
half and fully used (250 to 335 bytes, measured with tracemalloc on CPython 3.11)."""


class ScoreCache:
    """Least recently used scores leave first; bounded in bytes, as the process has them.

    Scores are kept as bytes: an array that was handed in is often a view of a larger one, which it
    would keep alive.

    Parameters
    ----------
    max_bytes
        The bound; 0 remembers nothing.

    Examples
    --------
    >>> import numpy as np
    >>> cache = ScoreCache(max_bytes=2 * (ENTRY_BYTES + 8))
    >>> for name in (b"a", b"b", b"c"):
    ...     cache.put(("m", name), LetterScores(logits=np.zeros(1), n_tokens=9))
    >>> cache.get(("m", b"a")) is None, cache.get(("m", b"c")) is None, len(cache)
    (True, False, 2)
    """

    def __init__(self, *, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._entries: OrderedDict[tuple[str, bytes], bytes] = OrderedDict()
        self.n_bytes = 0
        self.n_hits = 0
        self.n_misses = 0

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: tuple[str, bytes]) -> LetterScores | None:
        """Return the scores of (model version, prompt digest); None if they are not known."""
        packed = self._entries.get(key)
        if packed is None:
            self.n_misses += 1
            return None
        self._entries.move_to_end(key)
        self.n_hits += 1
        (n_tokens,) = _N_TOKENS.unpack_from(packed)
        return LetterScores(
            logits=np.frombuffer(packed, dtype=np.float64, offset=_N_TOKENS.size),
            n_tokens=n_tokens,
        )

    def put(self, key: tuple[str, bytes], scores: LetterScores) -> None:
        """Remember scores; an entry larger than the bound is not kept."""
        version, digest = key
        # A version is long and the same for all entries, but often a string of its own.
        own = (sys.intern(version), digest)
        packed = _N_TOKENS.pack(scores.n_tokens) + scores.logits.astype(np.float64).tobytes()
        if own in self._entries:
            self.n_bytes -= _size(self._entries.pop(own))
        self._entries[own] = packed
        self.n_bytes += _size(packed)
        while self.n_bytes > self._max_bytes:
            _, oldest = self._entries.popitem(last=False)
            self.n_bytes -= _size(oldest)


def _size(packed: bytes) -> int:
    """Bytes charged for an entry."""
    return ENTRY_BYTES + len(packed) - _N_TOKENS.size
