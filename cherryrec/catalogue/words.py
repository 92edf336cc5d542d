"""The words of titles and how rare they are: matching what was read word by word."""

from __future__ import annotations

import re
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from cherryrec.compiled import compiled
from cherryrec.text import caseless

__all__ = ["MAX_WORDS", "TitleWords"]

MAX_WORDS = 16
"""Words kept of a title."""

_WORD = re.compile(r"\w\w+")
_N_BUCKETS = 1 << 16
_FADING = 0.9

Rows = NDArray[np.intp]
Floats = NDArray[np.float64]
Words = NDArray[np.uint16]


class TitleWords:
    """Titles as hashed words, and in how many of the articles known each word stands.

    Two bytes a word, 16 words a title at most; words fall into 65,536 buckets, of which a few are
    shared by two words.

    Parameters
    ----------
    capacity
        Rows to start with.

    Examples
    --------
    >>> titles = TitleWords(4)
    >>> for row, title in enumerate(["Storm over coast", "Storm hits", "Tax plan"]):
    ...     titles.put(row, title)
    >>> rows = np.arange(3)

    Against a read of the first: of one's own words all match, of the second's two one.

    >>> match = titles.match(rows, np.array([0]))
    >>> bool(match[0] > match[1] > match[2] == 0.0)
    True
    """

    def __init__(self, capacity: int) -> None:
        self._words = np.zeros((capacity, MAX_WORDS), np.uint16)
        self._n_words = np.zeros(capacity, np.int64)
        self._n_titles_with = np.zeros(_N_BUCKETS, np.int64)
        self._read = np.zeros(_N_BUCKETS)  # scratch, all 0 between calls
        self.n_titles = 0

    def grow(self, capacity: int) -> None:
        """Make room for `capacity` rows."""
        missing = capacity - len(self._words)
        self._words = np.concatenate([self._words, np.zeros((missing, MAX_WORDS), np.uint16)])
        self._n_words = np.concatenate([self._n_words, np.zeros(missing, np.int64)])

    def put(self, row: int, title: str) -> None:
        """Store a row's title, in place of the one it had."""
        self.forget(row)
        found = [crc32(word.encode()) % _N_BUCKETS for word in _WORD.findall(caseless(title))]
        words = list(dict.fromkeys(found))[:MAX_WORDS]
        if words:
            self._words[row, : len(words)] = words
            self._n_words[row] = len(words)
            self._n_titles_with[words] += 1
            self.n_titles += 1

    def forget(self, row: int) -> None:
        """Take a row's title out."""
        n_words = self._n_words[row]
        if n_words:
            self._n_titles_with[self._words[row, :n_words]] -= 1
            self._n_words[row] = 0
            self.n_titles -= 1

    def match(self, rows: Rows, reads: Rows) -> Floats:
        """Compare titles with those read, (n,): Σ idf²·0.9^age over common words / ‖idf‖.

        Parameters
        ----------
        rows
            The titles, (n,).
        reads
            The rows read, oldest first, (h,); the newest counts fully, each before it 0.9 of that.
        """
        out = np.zeros(len(rows))
        match_words(
            rows,
            reads,
            self._words,
            self._n_words,
            self._n_titles_with,
            float(self.n_titles),
            self._read,
            out,
        )
        return out


@compiled
def match_words(  # noqa: PLR0917 - compiled loops take arrays by position
    rows: Rows,
    reads: Rows,
    words: Words,
    n_words: NDArray[np.int64],
    n_titles_with: NDArray[np.int64],
    n_titles: float,
    read: Floats,
    out: Floats,
) -> None:
    """Fill `out`, (n,); idf = log((1 + titles) / (1 + those with the word))."""
    weight = 1.0
    for k in range(len(reads) - 1, -1, -1):
        for j in range(n_words[reads[k]]):
            word = words[reads[k], j]
            read[word] += weight * np.log((1.0 + n_titles) / (1.0 + n_titles_with[word]))
        weight *= _FADING
    for i in range(len(rows)):
        dot, square = 0.0, 1e-9
        for j in range(n_words[rows[i]]):
            word = words[rows[i], j]
            idf = np.log((1.0 + n_titles) / (1.0 + n_titles_with[word]))
            dot += read[word] * idf
            square += idf * idf
        out[i] = dot / np.sqrt(square)
    for k in range(len(reads)):
        for j in range(n_words[reads[k]]):
            read[words[reads[k], j]] = 0.0
