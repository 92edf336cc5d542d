"""The feature matrix of one request's candidates, frozen at scoring time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cherryrec.catalogue import Catalogue
from cherryrec.features.blocks import BLOCKS
from cherryrec.features.column import Inputs
from cherryrec.features.names import ALL_FEATURES, FEATURES
from cherryrec.knrs import Selection
from cherryrec.reader import Reader
from cherryrec.slates import SlateMemory
from cherryrec.title_fit import TitleFits

__all__ = ["feature_matrix", "of_width", "width_with"]

F32 = NDArray[np.float32]


def feature_matrix(
    catalogue: Catalogue,
    reader: Reader,
    slates: SlateMemory,
    selection: Selection,
    now: float,
    *,
    fits: TitleFits,
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
    fits
        What was learned so far of sentence vectors.

    Returns
    -------
    float32 (n, features) in the order of `FEATURES`, or of `ALL_FEATURES` with a sentence model:
    single precision is what is stored, scored
    and learned from alike, so that scoring again from what was stored gives the same bits.
    """
    inputs = Inputs(catalogue, reader, slates, selection, now, fits)
    n = len(selection.rows)
    filled = []
    for block in BLOCKS if catalogue.sentences else BLOCKS[:-1]:
        out = np.zeros((n, len(block.columns)))
        block.fill(inputs, out)
        filled.append(out)
    return np.concatenate(filled, axis=1, dtype=np.float32, casting="same_kind")


def width_with(catalogue: Catalogue) -> int:
    """Return how many columns a matrix has where the catalogue is set so."""
    return len(ALL_FEATURES if catalogue.sentences else FEATURES)


def of_width(matrix: F32, n_columns: int) -> F32:
    """Return a matrix with as many columns as a model knows, of one that was frozen by another.

    A request may be open while its worker is set up with a sentence model, or without: what it has
    not is 0.

    Examples
    --------
    >>> of_width(np.ones((1, 2), np.float32), 3).tolist()
    [[1.0, 1.0, 0.0]]
    """
    n = matrix.shape[1]
    if n == n_columns or not matrix.size:
        return matrix
    if n > n_columns:
        return np.ascontiguousarray(matrix[:, :n_columns])
    return np.pad(matrix, ((0, 0), (0, n_columns - n)))
