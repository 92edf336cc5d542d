"""How each candidate's title goes with those the user read, by a sentence model's vectors.

Only where `catalogue.sentence_model` names one: without it a matrix has none of these columns, and
models are of the others alone. They stand last, so that either kind is the beginning of the other.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cherryrec.features.blocks.reading import LIKENESS, fill_likeness, likeness_columns
from cherryrec.features.column import COSINE, Block, Column, Inputs, about, places
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

COLUMNS = (
    *(
        Column(f"sentence_{name}", formula, COSINE, (CATALOGUE, PROFILE))
        for name, formula in zip(LIKENESS, _FORMULAS, strict=True)
    ),
    Column(
        "sentence_fit",
        "c·(2u + uW + b): c the title's vector as above, u the sum of those of the last 50 reads "
        "over the root of their number, W and b as learned from clicks so far",
        about(-5.0, 5.0),
        (CATALOGUE, PROFILE),
        cold=None,
    ),
    Column(
        "sentence_student",
        "c·(uW + b), W and b as learned so far from what CnLE said of other slates: 0 before that",
        about(-5.0, 5.0),
        (CATALOGUE, PROFILE),
        cold=None,
        is_gated=True,
    ),
)

_SENTENCE = likeness_columns(COLUMNS, "sentence")
_FITS = list(places(COLUMNS, "sentence_fit", "sentence_student"))
_RECENT = 30  # reads that candidates are compared with one by one


def fill(inputs: Inputs, out: Floats) -> None:
    """Compare each candidate with what the user read, and ask what was learned of both."""
    reader = inputs.reader
    fits = [fit.direction(reader.title_vector) for fit in inputs.fits]
    along = np.vstack((reader.titles[-_RECENT:], *fits))  # (h + 2, D)
    products = inputs.catalogue.sentences.products(inputs.selection.rows, along)
    n_read = len(along) - len(fits)
    if n_read:
        fill_likeness(np.ascontiguousarray(products[:, :n_read]), out, _SENTENCE)
    out[:, _FITS] = products[:, n_read:]


BLOCK = Block("sentences", COLUMNS, fill)
