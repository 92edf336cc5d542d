"""Why an article stands where it does: the contributions that weigh most, by name."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cherryrec.compiled import compiled
from cherryrec.events import OTHERS
from cherryrec.features import ALL_FEATURES
from cherryrec.knrs import SIGNALS, CatalogueOrder
from cherryrec.vans import Scored

__all__ = ["EVERY", "EXPLAINED", "explain", "in_catalogue"]

EXPLAINED = 12
"""Contributions named of each article of a slate, the largest."""

_NAMES = np.array(
    (*ALL_FEATURES, *(f"catalogue_{signal.name}" for signal in SIGNALS)), dtype=object
)  # the second only where the whole catalogue was asked

EVERY = len(_NAMES)
"""As many contributions as there can be."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def in_catalogue(scored: Scored, signals: Floats, order: CatalogueOrder) -> Scored:
    """Add to VaNS's scores what the signals say of articles of the whole catalogue.

    Parameters
    ----------
    scored
        VaNS's, of n articles.
    signals
        What KnRS retrieved them by, (n, S).
    order
        What both are worth.

    Returns
    -------
    Scores whose contributions are those of all features, 0 of those that VaNS was not given, then
    those of the signals, `catalogue_…`, (n, S).
    """
    parts = order.contributions(scored.scores, signals)[:, :-1]  # (n, S)
    weight = order.score_weight
    own = weight * scored.contributions  # (n, F)
    absent = np.zeros((len(own), len(ALL_FEATURES) - own.shape[1]))
    contributions = np.hstack((own, absent, parts))
    members = np.column_stack((weight * scored.members, parts.sum(axis=1)))
    return Scored(weight * scored.scores + parts.sum(axis=1), contributions, members)


def explain(
    scored: Scored, places: Sequence[int], *, n_most: int = EXPLAINED
) -> list[dict[str, float]]:
    """Name the contributions that weigh most of each article, and the sum of all others.

    Parameters
    ----------
    scored
        A slate, (n, F).
    places
        Which of its articles to explain, in this order.
    n_most
        How many contributions of each are named; `EVERY` leaves nothing to the others.
    """
    rows = np.array(places, np.int64)
    columns, values = _largest(np.ascontiguousarray(scored.contributions), rows, n_most)
    rest = scored.scores[rows] - values.sum(axis=1)
    explained = []
    for names, row, other in zip(
        _NAMES[columns].tolist(), values.tolist(), rest.tolist(), strict=True
    ):
        named = {name: value for name, value in zip(names, row, strict=True) if value}
        if named:
            named[OTHERS] = other
        explained.append(named)
    return explained


@compiled
def _largest(contributions: Floats, rows: Ints, n_most: int) -> tuple[Ints, Floats]:
    """Return columns and values of the largest of some rows by magnitude, (k, m) both.

    The first one stands first; so does the lower column of equal ones.
    """
    n_columns = contributions.shape[1]
    n_kept = min(n_most, n_columns)
    columns = np.empty((len(rows), n_kept), np.int64)
    values = np.empty((len(rows), n_kept))
    for i in range(len(rows)):
        for column in range(n_columns):
            value = contributions[rows[i], column]
            at = min(column, n_kept)
            while at > 0 and abs(values[i, at - 1]) < abs(value):
                at -= 1
            if at == n_kept:
                continue
            for k in range(min(column, n_kept - 1), at, -1):
                columns[i, k], values[i, k] = columns[i, k - 1], values[i, k - 1]
            columns[i, at], values[i, at] = column, value
    return columns, values
