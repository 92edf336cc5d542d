"""What each code point is to a reader of words: a table by which the kernel splits texts."""

from __future__ import annotations

import unicodedata
from functools import cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["DENSE", "HIRAGANA", "LETTER", "N_CODE_POINTS", "SEPARATOR", "scripts"]

SEPARATOR, LETTER, DENSE, HIRAGANA = range(4)
"""Parts words; part of a word; a script without spaces; the one of those that writes grammar."""

N_CODE_POINTS = 0x20000
"""Length of the table. Beyond it lie rare Han, which are dense, and signs that are not words."""

_DENSE_BLOCKS = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x3005, 0x3007),  # signs that stand for Han
    (0x30A0, 0x30FF),  # Katakana
    (0x3400, 0x4DBF),  # Han
    (0x4E00, 0x9FFF),  # Han
    (0xAC00, 0xD7AF),  # Hangul
    (0xF900, 0xFAFF),  # Han
)
_HIRAGANA_BLOCK = (0x3040, 0x309F)
_VARIATION_SELECTORS = range(0xFE00, 0xFE10)  # marks, but of pictures too


@cache
def scripts() -> NDArray[np.uint8]:
    r"""Return the class of each code point below `N_CODE_POINTS`; read-only, made once.

    A letter is what `\w` matches in Python, and marks too: without them a word of Hindi, or one of
    Arabic with its vowels, would fall to pieces.

    Examples
    --------
    >>> table = scripts()
    >>> [int(table[ord(c)]) for c in "a4_é, 政ひ"]
    [1, 1, 1, 1, 0, 0, 2, 3]
    """
    table = np.zeros(N_CODE_POINTS, np.uint8)
    for code in range(N_CODE_POINTS):
        character = chr(code)
        if character.isalnum() or character == "_" or unicodedata.category(character)[0] == "M":
            table[code] = LETTER
    table[_VARIATION_SELECTORS] = SEPARATOR
    for (first, last), script in (
        *((block, DENSE) for block in _DENSE_BLOCKS),
        (_HIRAGANA_BLOCK, HIRAGANA),
    ):
        block = table[first : last + 1]
        block[block == LETTER] = script
    table.setflags(write=False)
    return table
