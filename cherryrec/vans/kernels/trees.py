"""Rows down trees, and growing a tree."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cherryrec.compiled import compiled, inner

__all__ = ["grow_tree", "keep_slate", "leaves", "residuals", "walk"]

Floats = NDArray[np.float64]
Codes = NDArray[np.uint8]
Ints = NDArray[np.int64]

_NO_SPLIT = 255
"""The threshold no code is above."""


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
def keep_slate(slates: Ints, n_slates: int, start: int, end: int) -> int:
    """Keep the slate of rows from `start` to `end`, behind those that share no row with it.

    `slates` are first and last + 1 row of each, (m, 2), the oldest first, of which `n_slates` are
    in use. Returns how many are in use then.
    """
    kept = 0
    for k in range(n_slates):
        if slates[k, 0] >= end or slates[k, 1] <= start:
            slates[kept, 0], slates[kept, 1] = slates[k, 0], slates[k, 1]
            kept += 1
    slates[kept, 0], slates[kept, 1] = start, end
    return kept + 1


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

    `slopes` and `curvatures` are those of the loss at each of `rows`, and splits are by `columns`.
    With minus weight times target and with weight for the two, and a rate of 1, it is a regression
    tree.

    Every node gets the value it would have as a leaf, -rate·G/(H + l2), but a node without a split
    hands its own on.
    """
    n_inner = len(feature)
    n, n_columns = len(rows), len(columns)
    places = columns.astype(np.uint32)  # without a sign there is no counting from the end
    chosen = np.empty((n, n_columns), np.uint8)
    for i in range(n):
        row = codes[rows[i]]
        for c in range(n_columns):
            chosen[i, c] = row[places[c]]
    node = np.zeros(n, np.int64)
    n_rows = np.zeros(2 * n_inner + 1, np.int64)  # of each node
    n_rows[0] = n
    sums = np.zeros((1, n_columns, 64, 2))
    first = 0
    while first < n_inner:
        sums = _histograms(chosen, node, n_rows, slopes, curvatures, sums, first)
        for k in range(first + 1):
            at = first + k
            if at == 0:
                value[0] = -rate * sums[0, 0, :, 0].sum() / (sums[0, 0, :, 1].sum() + leaf_l2)
            column, step, left, right = _best_split(sums[k], leaf_l2, min_curvature)
            value[2 * at + 1] = value[at] if step == _NO_SPLIT else -rate * left
            value[2 * at + 2] = value[at] if step == _NO_SPLIT else -rate * right
            feature[at], threshold[at] = columns[column], step
        for i in range(n):
            at = node[i]
            child = 2 * at + 1
            if codes[rows[i], feature[at]] > threshold[at]:
                child += 1
            node[i] = child
            n_rows[child] += 1
        first = 2 * first + 1


@inner
def _histograms(
    chosen: Codes,
    node: Ints,
    n_rows: Ints,
    slopes: Floats,
    curvatures: Floats,
    before: Floats,
    first: int,
) -> Floats:
    """Add slopes and curvatures up by node of a level, column and code, (nodes, C, 64, 2).

    `before` are those of the level above: of two children the one of fewer rows is added up, the
    other is what the parent has left.
    """
    n, n_columns = chosen.shape
    sums = np.zeros((first + 1, n_columns, 64, 2))
    for i in range(n):
        if _is_added_up(node[i], n_rows):
            k = node[i] - first
            slope, curvature = slopes[i], curvatures[i]
            for c in range(n_columns):
                code = chosen[i, c]
                sums[k, c, code, 0] += slope
                sums[k, c, code, 1] += curvature
    for k in range(first + 1):
        if not _is_added_up(first + k, n_rows):
            beside = k + 1 if k % 2 == 0 else k - 1
            for c in range(n_columns):
                for step in range(64):
                    sums[k, c, step, 0] = before[k // 2, c, step, 0] - sums[beside, c, step, 0]
                    sums[k, c, step, 1] = before[k // 2, c, step, 1] - sums[beside, c, step, 1]
    return sums


@inner
def _is_added_up(node: int, n_rows: Ints) -> bool:
    """Say whether a node is the root, or of two children the one of fewer rows."""
    if node == 0:
        return True
    is_left = node % 2 == 1
    own, other = n_rows[node], n_rows[node + 1 if is_left else node - 1]
    is_fewer: bool = own < other or (is_left and own == other)
    return is_fewer


@inner
def _best_split(
    sums: Floats, leaf_l2: float, min_curvature: float
) -> tuple[int, int, float, float]:
    """Return place of the column, code, and G/(H + l2) of both sides of a node's best split."""
    all_pull, all_mass = sums[0, :, 0].sum(), sums[0, :, 1].sum()
    parent = all_pull * all_pull / (all_mass + leaf_l2)
    best, best_column, best_step, best_left, best_right = 1e-9, 0, _NO_SPLIT, 0.0, 0.0
    for c in range(len(sums)):
        left_pull, left_mass = 0.0, 0.0
        for step in range(63):
            left_pull += sums[c, step, 0]
            left_mass += sums[c, step, 1]
            right_pull, right_mass = all_pull - left_pull, all_mass - left_mass
            if left_mass < min_curvature:
                continue
            if right_mass < min_curvature:
                break
            left = left_pull / (left_mass + leaf_l2)
            right = right_pull / (right_mass + leaf_l2)
            gain = left * left_pull + right * right_pull - parent
            if gain > best:
                best, best_column, best_step = gain, c, step
                best_left, best_right = left, right
    return best_column, best_step, best_left, best_right
