"""The feature matrix of one request's candidates, frozen at scoring time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cherryrec.catalogue import Catalogue
from cherryrec.features.blocks import BLOCKS
from cherryrec.features.column import Inputs
from cherryrec.knrs import Selection
from cherryrec.reader import Reader
from cherryrec.slates import SlateMemory

__all__ = ["feature_matrix"]

F32 = NDArray[np.float32]


def feature_matrix(
    catalogue: Catalogue, reader: Reader, slates: SlateMemory, selection: Selection, now: float
) -> F32:
    """Compute all features but the evaluations, which are 0 until they come.

    Parameters
    ----------
    catalogue, reader
        The articles, and the user as `Reader.of` resolved them.
    slates
        The labelled slates of before.
    selection
        The candidates with their metrics and news values.
    now
        Event time of the request, epoch seconds.

    Returns
    -------
    float32 (n, features) in the order of `FEATURES`: single precision is what is stored, scored
    and learned from alike, so that scoring again from what was stored gives the same bits.
    """
    inputs = Inputs(catalogue, reader, slates, selection, now)
    n = len(selection.rows)
    filled = []
    for block in BLOCKS:
        out = np.zeros((n, len(block.columns)))
        block.fill(inputs, out)
        filled.append(out)
    return np.concatenate(filled, axis=1, dtype=np.float32, casting="same_kind")
