"""Likeness of each candidate to the user's reads by a sentence model's vectors of their titles.

Only where `catalogue.sentence_model` names one: without it a matrix has none of these columns, and
models are of the others alone. They stand last, so that either kind is the beginning of the other.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cherryrec.features.blocks.reading import LIKENESS, fill_likeness, likeness_columns
from cherryrec.features.column import COSINE, Block, Column, Inputs
from cherryrec.features.sources import CATALOGUE, PROFILE

__all__ = ["BLOCK"]

Floats = NDArray[np.float64]

_FORMULAS = (
    "as `text_recent_30`, by a sentence model's vectors of the titles, from which the mean of the "
    "catalogue's is taken: 0 where either title has none",
    "as `text_recent_5`, by the same",
    "as `text_last`, by the same",
    "as `text_nearest`, by the same",
    "as `text_top_3`, by the same",
)

COLUMNS = tuple(
    Column(f"sentence_{name}", formula, COSINE, (CATALOGUE, PROFILE))
    for name, formula in zip(LIKENESS, _FORMULAS, strict=True)
)

_SENTENCE = likeness_columns(COLUMNS, "sentence")
_RECENT = 30  # reads that candidates are compared with one by one


def fill(inputs: Inputs, out: Floats) -> None:
    """Compare each candidate with what the user read."""
    recent = inputs.reader.rows[-_RECENT:]
    if recent.size:
        likeness = inputs.catalogue.sentences.likeness(inputs.selection.rows, recent)
        fill_likeness(likeness, out, _SENTENCE)


BLOCK = Block("sentences", COLUMNS, fill)
