"""What earlier slates say: how each candidate did beside the ones it stands beside now."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cherryrec.features.column import SHARE, Block, Column, Inputs, about
from cherryrec.features.sources import SLATES

__all__ = ["BLOCK"]

_BY = (SLATES,)

COLUMNS = (
    Column("wins_mean", "mean log-odds over the other candidates", about(-5, 5), _BY),
    Column(
        "wins_root",
        "their sum over √(n − 1): many weak signs together are a strong one",
        about(-30, 30),
        _BY,
    ),
    Column("win_share", "mean of (w_xz + ½) / (w_xz + w_zx + 1)", SHARE, _BY, cold=0.5),
    Column(
        "wins_lowest",
        "the lowest of the log-odds: against its strongest rival",
        about(-7, 7),
        _BY,
    ),
    Column(
        "wins_surprise",
        "Σ (w_xz − w_zx) / √(w_xz + w_zx + 1), over √(n − 1): in deviations of a fair coin",
        about(-50, 50),
        _BY,
    ),
    Column(
        "wins_category",
        "mean over the others of x's log-odds over any article of their category",
        about(-7, 7),
        _BY,
    ),
    Column(
        "neighbours",
        "log((Σ w·y + 0.2) / (Σ w·p + 0.2)) over the slates that held it: w = J·2^(−age / 24 h), J "
        "the articles shared with this one over those in either, y whether it was clicked, p that "
        "slate's clicks per article",
        about(-5, 5),
        _BY,
    ),
    Column(
        "neighbours_close",
        "the same with J³: only slates nearly like this one",
        about(-5, 5),
        _BY,
    ),
)


def fill(inputs: Inputs, out: NDArray[np.float64]) -> None:
    """Compare each candidate with the others by the labelled slates of before."""
    catalogue, rows = inputs.catalogue, inputs.selection.rows
    out[:] = inputs.slates.evidence(
        [catalogue.ids[row] for row in rows.tolist()],
        categories=catalogue.categories.names(catalogue.category[rows]),
        now=inputs.now,
    )


BLOCK = Block("slate", COLUMNS, fill)
