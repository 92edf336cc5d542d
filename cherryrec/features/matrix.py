"""The feature matrix of one request's candidates, frozen at scoring time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from cherryrec.catalogue import Catalogue
from cherryrec.features.blocks import article, attention, context, exposure, reading
from cherryrec.features.names import FEATURES, column
from cherryrec.knrs import Selection
from cherryrec.reader import Reader
from cherryrec.slates import SlateMemory

__all__ = ["feature_matrix", "with_evaluations"]

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
    n = len(rows)
    parts = (
        selection.values[:, None],
        selection.metrics,
        reading(catalogue, reader, rows),
        exposure(catalogue, reader, rows, now),
        attention(catalogue, rows, now),
        slates.evidence(
            [catalogue.ids[row] for row in rows],
            categories=catalogue.categories.names(catalogue.category[rows]),
            now=now,
        ),
        article(catalogue, rows, now),
        np.zeros((n, 2)),
        np.tile(context(reader, n, now), (n, 1)),
    )
    matrix = np.concatenate(parts, axis=1).astype(np.float32)
    assert matrix.shape[1] == len(FEATURES), "a block's width differs from its list of names"
    return matrix


def with_evaluations(matrix: F32, articles: Sequence[str], evaluations: Mapping[str, float]) -> F32:
    """Return the matrix with CnLE's evaluations filled in where there are some.

    The column holds the evaluation against the mean of those there are, so that a candidate
    without one stands at the mean: 0.
    """
    if not evaluations:
        return matrix
    values = np.array([evaluations.get(article_id, np.nan) for article_id in articles])
    has = ~np.isnan(values)
    if not has.any():
        return matrix
    filled = matrix.copy()
    filled[:, column("evaluation")] = np.where(has, values - values[has].mean(), 0.0)
    filled[:, column("has_evaluation")] = has
    return filled
