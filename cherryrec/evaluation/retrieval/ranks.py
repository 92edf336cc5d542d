"""Where a few articles stand among thousands: their ranks, without an order of all."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["ranks_among", "tie_keys"]

_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


def tie_keys(hashes: NDArray[np.uint64], key: int) -> NDArray[np.uint64]:
    """Return what decides ties: a hash of request and article, so that no id is ahead of another.

    Parameters
    ----------
    hashes
        Stable hashes of the articles, (n,).
    key
        Stable hash of the request, 64 bits.

    References
    ----------
    Steele, Lea and Flood (2014), Fast splittable pseudorandom number generators, OOPSLA,
    https://doi.org/10.1145/2660193.2660195: the finaliser of SplitMix64.
    """
    mixed = hashes ^ np.uint64(key)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * _FIRST
    mixed = (mixed ^ (mixed >> np.uint64(27))) * _SECOND
    return np.asarray(mixed ^ (mixed >> np.uint64(31)))


def ranks_among(
    scores: NDArray[np.float64], ties: NDArray[np.uint64], targets: NDArray[np.intp]
) -> list[int]:
    """Return the rank of each target, 1 = best: higher scores first, ties by lower key.

    Parameters
    ----------
    scores, ties
        Of all articles, (n,) each; no score is NaN.
    targets
        Places of those that are wanted, (k,); one of -1 is not among them, its rank is 0.

    Examples
    --------
    >>> keys = np.array([7, 1, 2, 3], np.uint64)
    >>> ranks_among(np.array([0.5, 0.9, 0.5, 0.1]), keys, np.array([1, 0, 2, -1]))
    [1, 3, 2, 0]
    """
    ranks = []
    for target in targets.tolist():
        if target < 0:
            ranks.append(0)
            continue
        score, tie = scores[target], ties[target]
        n_ahead = np.count_nonzero(scores > score)
        n_ahead += np.count_nonzero((scores == score) & (ties < tie))
        ranks.append(1 + int(n_ahead))
    return ranks
