"""Sequences as rows of one length: the last articles, padded in front."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

__all__ = ["batches_of", "trimmed", "windows_of"]


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


def trimmed(windows: torch.Tensor, *, padding: int) -> torch.Tensor:
    """Return rows without the places that are padding in all of them; windows (B, L).

    Examples
    --------
    >>> trimmed(torch.tensor([[9, 9, 1], [9, 2, 3]]), padding=9).tolist()
    [[9, 1], [2, 3]]
    """
    is_used = (windows != padding).any(dim=0)  # (L,)
    return windows[:, int(is_used.to(torch.int8).argmax()) :]


def batches_of(lengths: torch.Tensor, size: int) -> list[torch.Tensor]:
    """Return the rows in batches, in a new order, rows of like length together.

    Of sixteen batches' rows, drawn by chance, those of like length share a batch: its padding is
    then short. Batches are in an order by chance.

    Parameters
    ----------
    lengths
        Articles of each row, (n,).
    size
        Rows of a batch; the last may have fewer.

    Examples
    --------
    >>> _ = torch.manual_seed(0)
    >>> batches = batches_of(torch.tensor([1, 7, 1, 7, 7, 1]), 3)
    >>> sorted(sorted(batch.tolist()) for batch in batches)
    [[0, 2, 5], [1, 3, 4]]
    """
    batches: list[torch.Tensor] = []
    for some in torch.split(torch.randperm(len(lengths)), 16 * size):
        batches += torch.split(some[lengths[some].argsort()], size)
    return [batches[place] for place in torch.randperm(len(batches)).tolist()]
