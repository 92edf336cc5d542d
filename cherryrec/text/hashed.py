"""Text as hashed words and parts of words: any language, no vocabulary, nothing to train."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from cherryrec.errors import ConfigError
from cherryrec.text.kernels import add_text
from cherryrec.text.scripts import scripts
from cherryrec.text.spelling import caseless

__all__ = ["MAX_CHARACTERS", "HashedText", "stable_hash"]

MAX_CHARACTERS = 512
"""Characters read of a title, and of an abstract."""

_ABSTRACT = 0.5  # what an abstract's word counts beside the title's


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

    A word of n letters counts (min(n, 8) / 8)², as short words are mostly grammar, and its
    4-grams together as much again. Scripts that part no words by spaces (Chinese, Japanese, Thai),
    and Korean, whose words end in particles, count by their 2-grams and 4-grams. The abstract
    counts half a title, and what is repeated counts once.

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
    >>> text = HashedText()
    >>> storm, storms, tax = (text.embed(t) for t in ("Storm hits coast", "Storms hit", "Tax plan"))
    >>> bool(storm @ storms > storm @ tax)
    True
    >>> round(float(storm @ storm), 3)
    1.0

    A word of three letters is one feature, of weight 1; two such words share the length:

    >>> [round(abs(float(x)), 2) for x in text.embed("tax") if x]
    [1.0]
    >>> [round(abs(float(x)), 2) for x in text.embed("tax war") if x]
    [0.71, 0.71]
    """

    n_dimensions: int = 256

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
            The headline; its first 512 characters are read.
        abstract
            The lead, which counts half; its first 512 characters are read.

        Returns
        -------
        float32 (n_dimensions,)
        """
        vector = np.zeros(self.n_dimensions, np.float32)  # (D,)
        add_text(vector, _code_points(title), _code_points(abstract), scripts(), _ABSTRACT)
        return vector


def _code_points(text: str) -> NDArray[np.uint32]:
    """Return the text in one spelling, without case."""
    plain = caseless(text[:MAX_CHARACTERS])
    return np.frombuffer(plain.encode("utf-32-le", "surrogatepass"), np.uint32)
