"""What CnLE says of each candidate, and how much the user has read: 0 until it is known.

A language model that reads titles helps where little is known of the user, and misleads where much
is. So the calibrated log-odds of an evaluation stand in one column for all users and once more in
that of their history's length: a linear model learns one trust for each, from 0, and lends what
it has learned of all to a length it has seldom met.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cherryrec.cnle.calibration import log_odds
from cherryrec.features.column import COSINE, EITHER, Block, Column, Inputs, about, places
from cherryrec.features.sources import CNLE, PROFILE

__all__ = ["BLOCK", "GATING", "HISTORY_LENGTHS", "fill_evaluations"]

Floats = NDArray[np.float64]

_LOGITS = about(-15, 15)

COLUMNS = (
    Column(
        "evaluation",
        "the language model's evaluation minus the mean of those of this slate",
        COSINE,
        (CNLE,),
        cold_because="none came",
    ),
    Column("has_evaluation", "whether there is one", EITHER, (CNLE,)),
    Column(
        "evaluation_logit",
        "its log-odds over the temperature of CnLE's version, log(e / (1 − e)) / T, minus the mean "
        "of those of this slate",
        _LOGITS,
        (CNLE,),
        cold_because="none came",
        is_gated=True,
    ),
    Column(
        "evaluation_if_0",
        "the same where the user has read nothing, else 0",
        _LOGITS,
        (CNLE, PROFILE),
        is_gated=True,
    ),
    Column(
        "evaluation_if_1_5",
        "the same where the user has read 1 to 5 articles, imported ones included, else 0",
        _LOGITS,
        (CNLE, PROFILE),
        is_gated=True,
    ),
    Column(
        "evaluation_if_6_20",
        "the same where it is 6 to 20",
        _LOGITS,
        (CNLE, PROFILE),
        is_gated=True,
    ),
    Column(
        "evaluation_if_over_20",
        "the same where it is more",
        _LOGITS,
        (CNLE, PROFILE),
        is_gated=True,
    ),
)
HISTORY_LENGTHS = ("0", "1-5", "6-20", "over 20")
"""How many reads each column of `GATING` is for."""

GATING = (
    "evaluation_if_0",
    "evaluation_if_1_5",
    "evaluation_if_6_20",
    "evaluation_if_over_20",
)
"""The columns that are for one length of history each."""

_EVALUATION, _HAS, _LOGIT = places(COLUMNS, "evaluation", "has_evaluation", "evaluation_logit")
_GATING = places(COLUMNS, *GATING)
_BETWEEN = (0.5, 5.5, 20.5)  # the lengths


def fill_evaluations(
    values: Floats, out: NDArray[np.float32], *, temperature: float, n_reads: float
) -> None:
    """Write evaluations and their log-odds against the mean of those there are, (n, 7).

    Parameters
    ----------
    values
        Evaluations in [0, 1], NaN for none, (n,); at least one is there.
    out
        The columns, which are written whole.
    temperature
        What the log-odds are divided by; above 0.
    n_reads
        How much the user has read.
    """
    has = ~np.isnan(values)
    logits = log_odds(np.where(has, values, 0.5)) / temperature
    logit = np.where(has, logits - logits[has].mean(), 0.0)
    out[:] = 0.0
    out[:, _EVALUATION] = np.where(has, values - values[has].mean(), 0.0)
    out[:, _HAS] = has
    out[:, _LOGIT] = logit
    out[:, _GATING[int(np.searchsorted(_BETWEEN, n_reads))]] = logit


def fill(inputs: Inputs, out: Floats) -> None:
    """Leave the columns at 0: evaluations come later, by `fill_evaluations`."""


BLOCK = Block("evaluation", COLUMNS, fill)
