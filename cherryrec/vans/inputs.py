"""What the members see of a slate: centred values, and beside them ranks or uncentred values."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from cherryrec.vans.kernels import slate_ranks
from cherryrec.vans.scaler import Spread

__all__ = ["CENTRED", "RANKS", "RAW", "inputs_of"]

Floats = NDArray[np.float64]

CENTRED, RANKS, RAW = "centred", "ranks", "raw"
"""Z, standardised within the slate, (n, F); [Z, 0.3 R] with R the ranks; [Z, U], (n, 2F).

U are the values against all slates so far: how recent, how popular, not only which more so.
"""

_RANKS_SHARE = 0.3


def inputs_of(
    spread: Spread, X: Floats, *, clip: float, used: Floats, wanted: Collection[str]
) -> dict[str, Floats]:
    """Standardise a raw slate, (n, F), in every way that is wanted.

    Parameters
    ----------
    spread
        With the slate itself counted in.
    X
        Raw features, (n, F).
    clip
        Values are cut at plus and minus this many deviations.
    used
        1 for features in use, 0 for those held at 0, (F,).
    wanted
        Of `CENTRED`, `RANKS`, `RAW`.
    """
    Z = spread.standardise(X, clip) * used
    inputs = {CENTRED: Z}
    if RANKS in wanted:
        inputs[RANKS] = np.concatenate([Z, slate_ranks(X) * (_RANKS_SHARE * used)], axis=1)
    if RAW in wanted:
        inputs[RAW] = np.concatenate([Z, spread.uncentred(X, clip) * used], axis=1)
    return inputs
