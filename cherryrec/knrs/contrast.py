"""What else a reader could have clicked: articles drawn to learn against, reproducibly.

Each request draws by its own id, so that one read again after a crash draws the same.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cherryrec.catalogue import Catalogue
from cherryrec.distinct import distinct
from cherryrec.events import Contrast
from cherryrec.text import stable_hash

__all__ = ["POOL", "contrast_of", "draw", "generator", "is_taught"]

Rows = NDArray[np.intp]
Floats = NDArray[np.float64]

POOL = 2_000
"""Live articles among which a request with given candidates looks for rivals."""


def generator(request_id: str) -> np.random.Generator:
    """Return the random numbers of a request."""
    return np.random.Generator(np.random.PCG64(stable_hash(request_id)))


def is_taught(request_id: str, share: float) -> bool:
    """Say whether a request is among a share of all, by its id.

    Examples
    --------
    >>> is_taught("r1", 0.0), is_taught("r1", 1.0)
    (False, True)
    """
    return stable_hash(f"taught:{request_id}") < share * 2.0**64


def draw(rng: np.random.Generator, n_all: int, n: int) -> Rows:
    """Return up to n distinct positions below `n_all`, rising."""
    if n_all <= n:
        return np.arange(n_all)
    if n_all <= POOL:
        return np.sort(rng.permutation(n_all)[:n])
    return distinct(rng.integers(0, n_all, n))


def contrast_of(
    catalogue: Catalogue, rows: Rows, signals: Floats, *, n_all: int, scores: Floats | None = None
) -> Contrast:
    """Put drawn articles into the form that examples carry, in single precision."""
    return Contrast(
        articles=tuple(catalogue.ids[row] for row in rows.tolist()),
        signals=signals.astype("<f4").tobytes(),
        n_all=n_all,
        scores=b"" if scores is None else scores.astype("<f4").tobytes(),
    )
