"""A slate's scores with all that explains them, put together from the frozen members."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cherryrec.vans.kernels import add_contributions

__all__ = ["Scored", "combine"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Scored:
    """A slate's CherryRec Scores, and why.

    Parameters
    ----------
    scores
        One per article, (n,), of mean 0 over the slate.
    contributions
        What each feature adds, (n, F); summed over features they are the scores.
    members
        What each member of the ensemble adds, weight included, (n, M); summed over members they
        are the scores.
    """

    scores: Floats
    contributions: Floats
    members: Floats


def combine(
    contributions: Sequence[Floats],
    factors: Sequence[float],
    *,
    shared: NDArray[np.int64],
    n_features: int,
) -> Scored:
    """Add the members' contributions, each (n, F), times their factors.

    Those of members that don't see the gated features have columns of the others only, `shared`.
    """
    n = len(contributions[0])
    total, members = np.zeros((n, n_features)), np.zeros((n, len(factors)))  # (n, F), (n, M)
    for place, (split, factor) in enumerate(zip(contributions, factors, strict=True)):
        add_contributions(split, factor, shared, total, members, place)
    return Scored(scores=total.sum(axis=1), contributions=total, members=members)
