"""Sequences as rows of one length: the last articles, padded in front."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["windows_of"]


def windows_of(
    sequences: Sequence[NDArray[np.int32]], length: int, *, padding: int
) -> NDArray[np.int64]:
    """Return the last articles of each, oldest first, (B, length).

    Parameters
    ----------
    sequences
        Codes of articles, oldest first.
    length
        Of each row; above 0.
    padding
        The code in front of a shorter sequence.

    Examples
    --------
    >>> read = [np.array([4, 5, 6], np.int32), np.array([7], np.int32)]
    >>> windows_of(read, 2, padding=9).tolist()
    [[5, 6], [9, 7]]
    """
    rows = np.full((len(sequences), length), padding, np.int64)
    for row, sequence in zip(rows, sequences, strict=True):
        last = sequence[-length:]
        row[length - len(last) :] = last
    return rows
