"""CnLE's evaluations as features, apart by how much the user has read.

A language model that reads titles helps where little is known of the user, and misleads where much
is. So the calibrated log-odds of an evaluation stand in one column for all users and once more in
that of their history's length: a linear model learns one trust for each, from 0, and lends what
it has learned of all to a length it has seldom met.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from cherryrec.cnle.calibration import log_odds
from cherryrec.features.names import GATING, column

__all__ = ["HISTORY_LENGTHS", "evaluated", "probes", "with_evaluations"]

F32 = NDArray[np.float32]
Floats = NDArray[np.float64]

HISTORY_LENGTHS = ("0", "1-5", "6-20", "over 20")
"""How many reads each column of `GATING` is for."""

_LAST = (0.5, 5.5, 20.5)  # between the lengths
_TYPICAL = (0.0, 3.0, 12.0, 50.0)

_EVALUATION, _HAS = column("evaluation"), column("has_evaluation")
_LOGIT, _HISTORY = column("evaluation_logit"), column("context_history")
_FIRST = column(GATING[0])


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
    has = ~np.isnan(values)
    if not has.any():
        return _without(matrix)
    logits = log_odds(np.where(has, values, 0.5)) / temperature
    logit = np.where(has, logits - logits[has].mean(), 0.0)
    filled = matrix.copy()
    filled[:, _EVALUATION] = np.where(has, values - values[has].mean(), 0.0)
    filled[:, _HAS] = has
    filled[:, _LOGIT] = logit
    filled[:, _FIRST : _FIRST + len(GATING)] = 0.0
    n_reads = float(np.expm1(matrix[0, _HISTORY]))
    filled[:, _FIRST + int(np.searchsorted(_LAST, n_reads))] = logit
    return filled


def _without(matrix: F32) -> F32:
    """Return the matrix with evaluations blank, as `feature_matrix` made it.

    One that was ranked with them, before a crash that lost it, may be ranked again without.
    """
    if not matrix.size or not matrix[:, _HAS].any():
        return matrix
    blank = matrix.copy()
    blank[:, [_EVALUATION, _HAS, _LOGIT, *range(_FIRST, _FIRST + len(GATING))]] = 0.0
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
