"""Users and articles with few interactions, left out until none is left."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["core_of_pairs"]


def core_of_pairs(
    users: NDArray[np.intp], articles: NDArray[np.intp], *, least: int
) -> NDArray[np.bool_]:
    """Return which interactions stay when all with fewer than `least` are left out, (n,).

    Users and articles are left out together, again and again until nothing changes: what stays is
    the largest set in which everyone has as many (the k-core of the graph).

    Parameters
    ----------
    users, articles
        Of each interaction, numbered from 0, (n,) each.
    least
        Interactions that a user and an article must have; at least 0.

    Examples
    --------
    User 2 has one interaction; without it article 1 has one, and without that user 1 has:

    >>> users, articles = np.array([0, 0, 0, 1, 1, 2]), np.array([0, 2, 3, 0, 1, 1])
    >>> more = np.array([3, 3, 3]), np.array([0, 2, 3])
    >>> users, articles = np.append(users, more[0]), np.append(articles, more[1])
    >>> core_of_pairs(users, articles, least=2).astype(int).tolist()
    [1, 1, 1, 0, 0, 0, 1, 1, 1]
    """
    kept = np.ones(len(users), bool)
    n_kept = -1
    while n_kept != (n_kept := int(kept.sum())):
        for column in (users, articles):
            counts = np.bincount(column[kept], minlength=int(column.max(initial=-1)) + 1)
            kept &= counts[column] >= least
    return kept
