"""The feature matrix of one request's candidates, frozen at scoring time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cherryrec.catalogue import Catalogue
from cherryrec.features.blocks import article, attention, context, exposure, reading
from cherryrec.features.names import CONTEXT, EVALUATION, FEATURES
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
    rows = selection.rows
    blocks = (
        selection.values[:, None],
        selection.metrics,
        reading(catalogue, reader, rows),
        exposure(catalogue, reader, rows, now),
        attention(catalogue, rows, now),
        slates.evidence(
            [catalogue.ids[row] for row in rows.tolist()],
            categories=catalogue.categories.names(catalogue.category[rows]),
            now=now,
        ),
        article(catalogue, rows, now),
    )
    matrix = np.zeros((len(rows), len(FEATURES)), np.float32)
    at = 0
    for block in blocks:
        start, at = at, at + block.shape[1]
        matrix[:, start:at] = block
    at += len(EVALUATION)
    assert at + len(CONTEXT) == len(FEATURES), "a block's width differs from its list of names"
    matrix[:, at:] = context(reader, len(rows), now)
    return matrix
