"""Scores that were computed before, by model version and prompt text."""

from __future__ import annotations

from collections import OrderedDict

from gpu_worker.backends.protocol import LetterScores

__all__ = ["ENTRY_BYTES", "ScoreCache"]

ENTRY_BYTES = 400
"""Charged for an entry besides its logits: key, array header, list links (measured, rounded up)."""


class ScoreCache:
    """Least recently used scores leave first; bounded in bytes.

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
        self._entries: OrderedDict[tuple[str, bytes], LetterScores] = OrderedDict()
        self.n_bytes = 0
        self.n_hits = 0
        self.n_misses = 0

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: tuple[str, bytes]) -> LetterScores | None:
        """Return the scores of (model version, prompt digest); None if they are not known."""
        scores = self._entries.get(key)
        if scores is None:
            self.n_misses += 1
            return None
        self._entries.move_to_end(key)
        self.n_hits += 1
        return scores

    def put(self, key: tuple[str, bytes], scores: LetterScores) -> None:
        """Remember scores; an entry larger than the bound is not kept."""
        if key in self._entries:
            self.n_bytes -= _size(self._entries.pop(key))
        self._entries[key] = scores
        self.n_bytes += _size(scores)
        while self.n_bytes > self._max_bytes:
            _, oldest = self._entries.popitem(last=False)
            self.n_bytes -= _size(oldest)


def _size(scores: LetterScores) -> int:
    """Bytes charged for an entry."""
    return ENTRY_BYTES + scores.logits.nbytes
