"""The candidate itself: how old it is, and whether anyone was shown it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cherryrec.features.column import EITHER, UP, Block, Column, Inputs, places
from cherryrec.features.sources import ATTENTION, CATALOGUE

__all__ = ["BLOCK"]

COLUMNS = (
    Column(
        "age",
        "log(1 + minutes since publication, else since the first exposure)",
        UP,
        (CATALOGUE, ATTENTION),
    ),
    Column(
        "is_first_shown", "whether no impression has shown it yet", EITHER, (ATTENTION,), cold=1.0
    ),
)
_AGE, _IS_FIRST_SHOWN = places(COLUMNS, "age", "is_first_shown")


def fill(inputs: Inputs, out: NDArray[np.float64]) -> None:
    """Describe each candidate."""
    catalogue, rows = inputs.catalogue, inputs.selection.rows
    out[:, _AGE] = np.log1p(catalogue.age(rows, inputs.now) / 60.0)
    out[:, _IS_FIRST_SHOWN] = np.isnan(catalogue.totals.first_shown[rows])


BLOCK = Block("article", COLUMNS, fill)
