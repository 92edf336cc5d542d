"""CnLE's evaluations in a matrix that was frozen before they came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from cherryrec.features.blocks.evaluation import HISTORY_LENGTHS, fill_evaluations
from cherryrec.features.names import column, columns_of

__all__ = ["evaluated", "probes", "with_evaluations"]

F32 = NDArray[np.float32]
Floats = NDArray[np.float64]

_TYPICAL = (0.0, 3.0, 12.0, 50.0)  # reads of each length

_EVALUATION = columns_of("evaluation")
_HAS, _LOGIT = column("has_evaluation"), column("evaluation_logit")
_HISTORY = column("context_history")


def with_evaluations(
    matrix: F32,
    articles: Sequence[str],
    evaluations: Mapping[str, float],
    *,
    temperature: float = 1.0,
) -> F32:
    """Return the matrix with CnLE's evaluations filled in where there are some.

    The columns hold evaluations and log-odds against the mean of those there are, so that a
    candidate without one stands at the mean: 0.

    Parameters
    ----------
    matrix
        As `feature_matrix` made it, (n, features); its context says how much the user has read.
    articles
        Ids of its rows.
    evaluations
        Article id to evaluation in [0, 1]; of other articles they are passed over.
    temperature
        What the log-odds are divided by: that of the evaluator's version; above 0.
    """
    if not evaluations:
        return _without(matrix)
    values = np.array([evaluations.get(article_id, np.nan) for article_id in articles])
    if np.isnan(values).all():
        return _without(matrix)
    filled = matrix.copy()
    n_reads = float(np.expm1(matrix[0, _HISTORY]))
    fill_evaluations(values, filled[:, _EVALUATION], temperature=temperature, n_reads=n_reads)
    return filled


def _without(matrix: F32) -> F32:
    """Return the matrix with evaluations blank, as `feature_matrix` made it.

    One that was ranked with them, before a crash that lost it, may be ranked again without.
    """
    if not matrix.size or not matrix[:, _HAS].any():
        return matrix
    blank = matrix.copy()
    blank[:, _EVALUATION] = 0.0
    return blank


def evaluated(features: Floats, temperature: float) -> tuple[NDArray[np.bool_], Floats]:
    """Return which rows of a matrix have an evaluation, and their log-shares at T = 1.

    Parameters
    ----------
    features
        What `with_evaluations` returned, (n, features).
    temperature
        The one it was given.

    Returns
    -------
    A mask, (n,), and the log-shares, but for a constant, of the m rows in it, (m,).
    """
    has = features[:, _HAS] > 0.0
    return has, features[has, _LOGIT] * temperature


def probes(typical: Floats, temperature: float) -> dict[str, F32]:
    """Return two candidates alike but for CnLE, one unit of log-odds above and below, per length.

    What a model makes of the difference is its trust in CnLE for users with such a history.

    Parameters
    ----------
    typical
        A row of features as they are on average, (features,).
    temperature
        As in `with_evaluations`.

    Examples
    --------
    >>> from cherryrec.features import FEATURES
    >>> found = probes(np.zeros(len(FEATURES)), 2.0)
    >>> found["1-5"][:, [column("evaluation_logit"), column("evaluation_if_1_5")]].tolist()
    [[1.0, 1.0], [-1.0, -1.0]]
    """
    odds = {"above": float(np.exp(temperature)), "below": float(np.exp(-temperature))}
    evaluations = {name: one / (1.0 + one) for name, one in odds.items()}
    found = {}
    for length, n_reads in zip(HISTORY_LENGTHS, _TYPICAL, strict=True):
        pair = np.repeat(typical[np.newaxis], 2, axis=0).astype(np.float32)
        pair[:, _HISTORY] = np.log1p(n_reads)
        found[length] = with_evaluations(pair, tuple(odds), evaluations, temperature=temperature)
    return found
