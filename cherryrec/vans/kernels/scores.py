"""Scores of a slate from its members: split by feature, added up, compared in pairs.

F features, n articles. Columns are the outer loop where a row is summed: the rows' sums then don't
wait for one another.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cherryrec.compiled import compiled

__all__ = [
    "add_contributions",
    "centred",
    "factor_scores",
    "factor_slopes",
    "hinge_slopes",
    "scaled_scores",
    "split_products",
]

Floats = NDArray[np.float64]


@compiled
def centred(contributions: Floats, n_features: int) -> Floats:
    """Add up what is of one feature, (n, F) or (n, 2F) → (n, F), and take the slate's mean off.

    Examples
    --------
    >>> centred(np.array([[1.0, 5.0, 0.5, 0.0], [2.0, 5.0, 0.5, 4.0]]), 2).tolist()
    [[-0.5, -2.0], [0.5, 2.0]]
    """
    n, n_inputs = contributions.shape
    out = np.empty((n, n_features))
    middle = np.zeros(n_features)
    for i in range(n):
        for f in range(n_features):
            value = contributions[i, f]
            if n_inputs > n_features:
                value += contributions[i, n_features + f]
            out[i, f] = value
            middle[f] += value
    for f in range(n_features):
        middle[f] /= n
    for i in range(n):
        for f in range(n_features):
            out[i, f] -= middle[f]
    return out


@compiled
def split_products(Z: Floats, slopes: Floats, base: Floats, n_features: int) -> Floats:
    """Split scores by the gradient times the input: `centred` of Z·(slopes + base), (n, F)."""
    n, n_inputs = Z.shape
    products = np.empty((n, n_inputs))
    for i in range(n):
        for f in range(n_inputs):
            products[i, f] = Z[i, f] * (slopes[i, f] + base[f])
    return centred(products, n_features)


@compiled
def scaled_scores(scores: Floats, squares: Floats, share: float) -> tuple[Floats, Floats, Floats]:
    """Count scores, (n, M), into each member's mean square, (M,), and divide by its root.

    A share of this slate's mean square goes into the new one. Returns the new mean squares, their
    inverse roots, 1 where a member has said nothing yet, and the scores times those.
    """
    n, n_members = scores.shape
    counted, scale = np.empty(n_members), np.ones(n_members)
    scaled = np.empty((n, n_members))
    for m in range(n_members):
        total = 0.0
        for i in range(n):
            total += scores[i, m] * scores[i, m]
        counted[m] = squares[m] + share * (total / n - squares[m])
        if counted[m] > 0.0:
            scale[m] = 1.0 / np.sqrt(counted[m])
        for i in range(n):
            scaled[i, m] = scores[i, m] * scale[m]
    return counted, scale, scaled


@compiled
def add_contributions(
    split: Floats,
    factor: float,
    shared: NDArray[np.int64],
    total: Floats,
    members: Floats,
    place: int,
) -> None:
    """Add one member's contributions, times its factor, to all, (n, F), and their sums, (n, M).

    One of fewer columns than F has those of `shared`.
    """
    n, width = split.shape
    sees_all = width == total.shape[1]
    for c in range(width):
        column = c if sees_all else shared[c]
        for i in range(n):
            value = factor * split[i, c]
            total[i, column] += value
            members[i, place] += value


@compiled
def factor_scores(Z: Floats, sums: Floats, weights: Floats, own: Floats) -> Floats:
    """Return z·w + ½ (Σ_k s_k² - Σ_f z_f²·own_f) of each row, s = z·v, (n, K)."""
    n, n_features = Z.shape
    scores = np.zeros(n)
    for k in range(sums.shape[1]):
        for i in range(n):
            scores[i] += 0.5 * sums[i, k] * sums[i, k]
    for f in range(n_features):
        for i in range(n):
            scores[i] += Z[i, f] * (weights[f] - 0.5 * Z[i, f] * own[f])
    return scores


@compiled
def factor_slopes(
    Z: Floats, sums: Floats, slopes: Floats, factors: Floats
) -> tuple[Floats, Floats]:
    """Differentiate by weights, (F,), and factors, (F, K), what has slopes by `factor_scores`."""
    n, n_features = Z.shape
    n_factors = sums.shape[1]
    by_weight, by_factor = np.zeros(n_features), np.zeros((n_features, n_factors))
    squares = np.zeros(n_features)
    for i in range(n):
        for f in range(n_features):
            pushed = slopes[i] * Z[i, f]
            by_weight[f] += pushed
            squares[f] += pushed * Z[i, f]
            for k in range(n_factors):
                by_factor[f, k] += pushed * sums[i, k]
    for f in range(n_features):
        for k in range(n_factors):
            by_factor[f, k] -= squares[f] * factors[f, k]
    return by_weight, by_factor


@compiled
def hinge_slopes(scores: Floats, clicked: NDArray[np.bool_]) -> Floats:
    """Differentiate the mean hinge over pairs (clicked, unclicked) by the scores, (n,).

    Examples
    --------
    >>> hinge_slopes(np.array([0.5, 0.0, -2.0]), np.array([True, False, False])).tolist()
    [-0.5, 0.5, 0.0]
    """
    n = len(scores)
    slopes = np.zeros(n)
    n_pairs = 0
    for i in range(n):
        if clicked[i]:
            for j in range(n):
                if not clicked[j]:
                    n_pairs += 1
                    if scores[i] - scores[j] < 1.0:
                        slopes[i] -= 1.0
                        slopes[j] += 1.0
    for i in range(n):
        slopes[i] /= n_pairs
    return slopes
