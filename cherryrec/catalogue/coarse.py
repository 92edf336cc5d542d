"""Embeddings in eight bits: a quarter of the memory, and whole numbers that multiply faster.

What a product of them is off by at most is known, so that who looks for the best of many by them
and computes exactly what may be among these finds what the embeddings themselves would say.

References
----------
Weber, Schek and Blott (1998), A Quantitative Analysis and Performance Study for Similarity-Search
Methods in High-Dimensional Spaces, VLDB, https://www.vldb.org/conf/1998/p194.pdf, section 4: the
VA-file, approximations of vectors with bounds on their distances.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["N_CODES", "Coarse", "coarse"]

N_CODES = 127
"""The largest code: what the largest component of a vector becomes."""


class Coarse(NamedTuple):
    """A vector as whole numbers: `scale` times `codes`, (D,), which is `error` away from it."""

    codes: NDArray[np.int8]
    scale: float
    error: float


def coarse(vector: NDArray[np.float32]) -> Coarse:
    """Round a vector to multiples of its largest component's 127th part.

    Parameters
    ----------
    vector
        The vector, (D,); finite.

    Examples
    --------
    The largest component is 127 steps of 1/127; of 0.2, 25.4 steps, 0.4 of one are lost:

    >>> codes, scale, error = coarse(np.array([1.0, 0.2, 0.0], np.float32))
    >>> codes.tolist(), round(1.0 / scale, 3), round(error / scale, 3)
    ([127, 25, 0], 127.0, 0.4)
    """
    largest = float(np.abs(vector).max(initial=0.0))
    if largest == 0.0:
        return Coarse(np.zeros(len(vector), np.int8), 0.0, 0.0)
    scale = largest / N_CODES
    steps = np.rint(vector / np.float64(scale))
    away = vector - steps * scale
    return Coarse(steps.astype(np.int8), scale, float(np.sqrt(away @ away)))
