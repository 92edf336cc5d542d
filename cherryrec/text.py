"""Text as vectors in any language: hashed words and character n-grams, no vocabulary to keep.

Two articles are similar when they share rare-looking words or parts of words. Hashing needs no
training data and no state, so every worker computes the same vector from the same title.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import blake2b
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from cherryrec.errors import ConfigError

__all__ = ["HashedText", "stable_hash"]

_WORD = re.compile(r"\w+")
_NGRAM = 4
_LONG_WORD = 8


def stable_hash(text: str) -> int:
    """64 bits that are the same in every process and on every machine.

    Examples
    --------
    >>> stable_hash("a") == stable_hash("a"), stable_hash("a") == stable_hash("b")
    (True, False)
    """
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")


@dataclass(frozen=True, slots=True)
class HashedText:
    """Embeds a title and an abstract into `n_dimensions` by signed feature hashing.

    A word counts by its length (short words are mostly grammar, in any language) and each of its
    4-grams a fraction of that; the abstract counts half a title.

    Parameters
    ----------
    n_dimensions
        Length of the vector; a power of two from 16 to 4096.

    References
    ----------
    Weinberger et al. (2009), Feature Hashing for Large Scale Multitask Learning, ICML,
    https://arxiv.org/abs/0902.2206

    Examples
    --------
    >>> text = HashedText(256)
    >>> storm, storms, tax = (text.embed(t) for t in ("Storm hits coast", "Storms hit", "Tax plan"))
    >>> bool(storm @ storms > storm @ tax)
    True
    >>> round(float(storm @ storm), 3)
    1.0
    """

    n_dimensions: int = 128

    def __post_init__(self) -> None:
        n = self.n_dimensions
        if not 16 <= n <= 4096 or n & (n - 1):
            msg = f"n_dimensions must be a power of two from 16 to 4096, got {n}"
            raise ConfigError(msg)

    def embed(self, title: str, abstract: str = "") -> NDArray[np.float32]:
        """Return one unit vector; a zero vector for a text without words.

        Parameters
        ----------
        title
            The headline.
        abstract
            The lead, which counts half; its first 60 words are read.

        Returns
        -------
        float32 (n_dimensions,)
        """
        weights: dict[int, float] = {}
        self._add(weights, title, 1.0)
        if abstract:
            self._add(weights, " ".join(abstract.split()[:60]), 0.5)
        vector: NDArray[np.float64] = np.zeros(self.n_dimensions)  # (D,)
        if weights:
            keys = np.fromiter(weights.keys(), dtype=np.int64, count=len(weights))
            values = np.fromiter(weights.values(), dtype=np.float64, count=len(weights))
            signs = np.where(keys & (1 << 31), 1.0, -1.0)
            buckets = keys & (self.n_dimensions - 1)
            counts = np.bincount(buckets, signs * values, minlength=self.n_dimensions)
            vector = np.asarray(counts, np.float64)
            norm = float(np.sqrt(vector @ vector))
            if norm > 0:
                vector = vector / norm
        return vector.astype(np.float32)

    def _add(self, weights: dict[int, float], text: str, scale: float) -> None:
        for word in _WORD.findall(text.lower()):
            length = len(word)
            if length < 2:
                continue
            weight = scale * (min(length, _LONG_WORD) / _LONG_WORD) ** 2
            _raise_to(weights, crc32(word.encode()), weight)
            if length > _NGRAM:
                part = weight / (length - _NGRAM + 1) ** 0.5
                for start in range(length - _NGRAM + 1):
                    gram = f"#{word[start : start + _NGRAM]}"
                    _raise_to(weights, crc32(gram.encode()), part)


def _raise_to(weights: dict[int, float], key: int, weight: float) -> None:
    """Keep the largest weight seen: a word repeated says no more than once."""
    if weight > weights.get(key, 0.0):
        weights[key] = weight
