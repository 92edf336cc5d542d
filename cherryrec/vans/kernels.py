"""Loops of VaNS, compiled: ranks within a slate, rows down trees, growing a tree."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cherryrec.compiled import compiled

__all__ = ["grow_tree", "leaves", "residuals", "slate_ranks", "walk"]

Floats = NDArray[np.float64]
Codes = NDArray[np.uint8]
Ints = NDArray[np.int64]


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
    sums: Floats,
) -> None:
    """Add each row's change of value at every split of all trees to the column it splits on."""
    n_inner = feature.shape[1]
    for i in range(len(codes)):
        for t in range(len(feature)):
            node = 0
            while node < n_inner:
                column = feature[t, node]
                child = 2 * node + 1
                if codes[i, column] > threshold[t, node]:
                    child += 1
                sums[i, column] += value[t, child] - value[t, node]
                node = child


@compiled
def leaves(
    codes: Codes, feature: NDArray[np.int16], threshold: Codes, value: Floats, sums: Floats
) -> None:
    """Add the leaf values of all trees to each row's sum, (n,)."""
    n_inner = feature.shape[1]
    for i in range(len(codes)):
        for t in range(len(feature)):
            node = 0
            while node < n_inner:
                if codes[i, feature[t, node]] > threshold[t, node]:
                    node = 2 * node + 2
                else:
                    node = 2 * node + 1
            sums[i] += value[t, node]


@compiled
def residuals(
    slates: Ints, scores: Floats, clicked: NDArray[np.bool_]
) -> tuple[Ints, Floats, Floats]:
    """Return the rows of some slates, and slope and curvature of the listwise loss at each.

    `slates` are first and last + 1 row of each, (m, 2).
    """
    n = 0
    for k in range(len(slates)):
        n += slates[k, 1] - slates[k, 0]
    rows = np.empty(n, np.int64)
    slopes, curvatures = np.empty(n), np.empty(n)
    at = 0
    for k in range(len(slates)):
        start, end = slates[k, 0], slates[k, 1]
        highest, total, n_clicks = -1e300, 0.0, 0
        for row in range(start, end):
            highest = max(highest, scores[row])
            n_clicks += clicked[row]
        for row in range(start, end):
            total += np.exp(scores[row] - highest)
        for row in range(start, end):
            chance = np.exp(scores[row] - highest) / total
            rows[at] = row
            slopes[at] = chance - (1.0 / n_clicks if clicked[row] else 0.0)
            curvatures[at] = chance * (1.0 - chance)
            at += 1
    return rows, slopes, curvatures


@compiled
def grow_tree(
    codes: Codes,
    rows: Ints,
    slopes: Floats,
    curvatures: Floats,
    columns: Ints,
    leaf_l2: float,
    min_curvature: float,
    rate: float,
    feature: NDArray[np.int16],
    threshold: Codes,
    value: Floats,
) -> None:
    """Fill one complete tree by the best splits of histograms; a node without one sends all left.

    Every node gets the value it would have as a leaf, -rate·G/(H + l2), but a node without a split
    hands its own on.
    """
    n_inner = len(feature)
    n, n_columns = len(rows), len(columns)
    node = np.zeros(n, np.int64)
    first = 0
    while first < n_inner:
        n_nodes = first + 1
        mass = np.zeros((n_nodes, n_columns, 64))
        pull = np.zeros((n_nodes, n_columns, 64))
        for i in range(n):
            row, k = rows[i], node[i] - first
            for c in range(n_columns):
                code = codes[row, columns[c]]
                pull[k, c, code] += slopes[i]
                mass[k, c, code] += curvatures[i]
        for k in range(n_nodes):
            at = first + k
            all_pull, all_mass = pull[k, 0].sum(), mass[k, 0].sum()
            if at == 0:
                value[0] = -rate * all_pull / (all_mass + leaf_l2)
            parent = all_pull * all_pull / (all_mass + leaf_l2)
            best, best_column, best_step = 1e-9, 0, 255
            left_value, right_value = value[at], value[at]
            for c in range(n_columns):
                left_pull, left_mass = 0.0, 0.0
                for step in range(63):
                    left_pull += pull[k, c, step]
                    left_mass += mass[k, c, step]
                    right_pull, right_mass = all_pull - left_pull, all_mass - left_mass
                    if left_mass < min_curvature:
                        continue
                    if right_mass < min_curvature:
                        break
                    left = left_pull / (left_mass + leaf_l2)
                    right = right_pull / (right_mass + leaf_l2)
                    gain = left * left_pull + right * right_pull - parent
                    if gain > best:
                        best, best_column, best_step = gain, columns[c], step
                        left_value, right_value = -rate * left, -rate * right
            feature[at], threshold[at] = best_column, best_step
            value[2 * at + 1], value[2 * at + 2] = left_value, right_value
        for i in range(n):
            at = node[i]
            if codes[rows[i], feature[at]] > threshold[at]:
                node[i] = 2 * at + 2
            else:
                node[i] = 2 * at + 1
        first = 2 * first + 1
