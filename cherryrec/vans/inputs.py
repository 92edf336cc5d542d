"""What the members see of a slate: centred values, and beside them ranks or uncentred values.

Only the linear members see gated features: see `Feature`. The others have F' of the F columns.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from cherryrec.vans.features import Feature, ungated
from cherryrec.vans.kernels import slate_inputs
from cherryrec.vans.scaler import RunningMoments

__all__ = ["ALL", "CENTRED", "RANKS", "RAW", "features_seen", "inputs_of"]

Floats = NDArray[np.float64]

ALL, CENTRED, RANKS, RAW = "all", "centred", "ranks", "raw"
"""Z, standardised within the slate, with all features, (n, F); Z without the gated ones, (n, F');
[Z, 0.3 R] with R the ranks, and [Z, U], (n, 2F').

U are the values against all slates so far: how recent, how popular, not only which more so.
"""


def features_seen(view: str, features: tuple[Feature, ...]) -> tuple[Feature, ...]:
    """Return the features that are in a view, in order."""
    return features if view == ALL else ungated(features)


def inputs_of(
    moments: RunningMoments, X: Floats, *, clip: float, used: Floats, wanted: Collection[str]
) -> dict[str, Floats]:
    """Standardise a raw slate, (n, F), in every way that is wanted.

    Parameters
    ----------
    moments
        With the slate itself counted in.
    X
        Raw features, (n, F).
    clip
        Values are cut at plus and minus this many deviations.
    used
        1 for features in use, 0 for those held at 0, (F,).
    wanted
        Of `RANKS`, `RAW`; `ALL` and `CENTRED` are always there, what is not wanted has no rows.
    """
    centred, shared, ranked, raw = slate_inputs(
        moments.numbers,
        X,
        moments.is_context,
        moments.is_gated,
        used,
        clip,
        RANKS in wanted,
        RAW in wanted,
    )
    return {ALL: centred, CENTRED: shared, RANKS: ranked, RAW: raw}
