"""What the members see of a slate: centred values, and beside them ranks or uncentred values.

Only the linear members see gated features: see `Feature`. The others have F' of the F columns.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from cherryrec.vans.kernels import slate_ranks
from cherryrec.vans.scaler import Spread

__all__ = ["ALL", "CENTRED", "RANKS", "RAW", "inputs_of"]

Floats = NDArray[np.float64]

ALL, CENTRED, RANKS, RAW = "all", "centred", "ranks", "raw"
"""Z, standardised within the slate, with all features, (n, F); Z without the gated ones, (n, F');
[Z, 0.3 R] with R the ranks, and [Z, U], (n, 2F').

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
        Of `ALL`, `CENTRED`, `RANKS`, `RAW`.
    """
    Z = spread.standardise(X, clip) * used
    inputs = {ALL: Z}
    kept = ~spread.is_gated
    Z = np.compress(kept, Z, axis=1)  # (n, F')
    inputs[CENTRED] = Z
    if RANKS in wanted:
        ranks = slate_ranks(np.compress(kept, X, axis=1)) * (_RANKS_SHARE * used[kept])
        inputs[RANKS] = np.concatenate([Z, ranks], axis=1)
    if RAW in wanted:
        uncentred = np.compress(kept, spread.uncentred(X, clip) * used, axis=1)
        inputs[RAW] = np.concatenate([Z, uncentred], axis=1)
    return inputs
