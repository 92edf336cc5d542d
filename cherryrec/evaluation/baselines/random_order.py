"""The floor: an order that knows nothing."""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

from cherryrec.evaluation.mind_rows import MindImpression

__all__ = ["RandomOrder"]


class RandomOrder:
    """Scores drawn at random, the same for an impression however often and when it is asked for.

    Parameters
    ----------
    seed
        At least 0; another seed gives another order.
    """

    name = "random"

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed

    def score(self, impression: MindImpression) -> NDArray[np.float64]:
        """Return one draw from [0, 1) per candidate, (n,)."""
        key = zlib.crc32(impression.impression_id.encode())
        return np.random.default_rng([self._seed, key]).random(len(impression.candidates))

    def learn(self, impression: MindImpression) -> None:
        """Chance has no memory."""
