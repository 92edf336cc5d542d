"""Loops of VaNS, compiled: ranks within a slate, and the way of rows down trees."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cherryrec.compiled import compiled

__all__ = ["slate_ranks", "walk"]

Floats = NDArray[np.float64]
Codes = NDArray[np.uint8]


@compiled
def slate_ranks(X: Floats) -> Floats:
    """Rank each column within the slate, (n, F) → (n, F): from -√3, lowest, to √3, highest.

    Equal values share their mean rank; a column that doesn't differ is 0. Ranks spread evenly
    have a deviation of about 1, as the standardised values beside them.

    Examples
    --------
    >>> slate_ranks(np.array([[5.0], [900.0], [7.0], [7.0]]))[:, 0].round(2).tolist()
    [-1.73, 1.73, 0.0, 0.0]
    """
    n, n_features = X.shape
    out = np.zeros((n, n_features))
    if n < 2:
        return out
    scale = np.sqrt(3.0) / (n - 1)
    column = np.empty(n)
    for f in range(n_features):
        for i in range(n):
            column[i] = X[i, f]
        lowest, highest = column.min(), column.max()
        if lowest == highest:
            continue
        order = np.argsort(column)
        start = 0
        while start < n:
            end = start
            while end + 1 < n and column[order[end + 1]] == column[order[start]]:
                end += 1
            rank = (start + end - (n - 1)) * scale
            for k in range(start, end + 1):
                out[order[k], f] = rank
            start = end + 1
    return out


@compiled
def walk(
    codes: Codes,
    feature: NDArray[np.int16],
    threshold: Codes,
    value: Floats,
    n_grown: int,
    sums: Floats,
) -> None:
    """Add each row's mean change of value at every split to the column it splits on."""
    n_inner = feature.shape[1]
    for i in range(len(codes)):
        for t in range(n_grown):
            node = 0
            while node < n_inner:
                column = feature[t, node]
                child = 2 * node + 1
                if codes[i, column] > threshold[t, node]:
                    child += 1
                sums[i, column] += (value[t, child] - value[t, node]) / n_grown
                node = child
