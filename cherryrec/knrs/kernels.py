"""The five metrics, compiled: one pass over the articles, however many they are.

n articles, N rows of the catalogue, k last reads, H half-lives, C categories, S sources. Codes are
names as the catalogue interns them, 0 for none.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cherryrec.compiled import compiled, inner

__all__ = ["credibilities", "fill_metrics"]

Rows = NDArray[np.intp]
Codes = NDArray[np.int32]
F32 = NDArray[np.float32]
Floats = NDArray[np.float64]

_PRIOR_VIEWS = 20.0


@compiled
def fill_metrics(
    rows: Rows,
    likeness: F32,
    ages: Floats,
    categories: Codes,
    subcategories: Codes,
    sources: Codes,
    stories: Floats,
    sums: Floats,
    category_lift: Floats,
    subcategory_lift: Floats,
    credibility: Floats,
    lives: Floats,
    decay: Floats,
    base: float,
    out: Floats,
) -> None:
    """Write f1 to f5 of each article, (n, 5), but for what the user named.

    Parameters
    ----------
    rows
        Which articles, (n,).
    likeness
        Cosine of each to the interest vector and to the last reads, (n, 1 + k).
    ages
        Of each in seconds, (n,).
    categories, subcategories, sources
        By row, (N,), (N, 4) and (N,).
    stories
        Likeness to the nearest earlier article by row, (N,).
    sums
        Of `DecayedCounters` by row, (N, 2H + 4).
    category_lift, subcategory_lift
        The user's by code.
    credibility, lives
        f2 of each source, (S,), and the half-life of each category in seconds, (C,).
    decay, base
        What decaying sums are worth now, (H,), and everyone's clicks per view.
    """
    for i in range(len(rows)):
        row = rows[i]
        by_category = category_lift[categories[row]]
        by_subcategory = _mean_of_names(subcategory_lift, subcategories[row])
        out[i, 0] = _relevance(likeness[i, 0], by_category, by_subcategory)
        out[i, 1] = credibility[sources[row]]
        out[i, 2] = np.exp2(-ages[i] / lives[categories[row]])
        out[i, 3] = _attention(sums[row], decay, base)
        out[i, 4] = _novelty(likeness[i], stories[row])


@inner
def _mean_of_names(values: Floats, codes: Codes) -> float:
    """Average values by code over the names an article has; 0 without."""
    total, n_names = 0.0, 0
    for code in codes:
        if code:
            total += values[code]
            n_names += 1
    return total / max(n_names, 1)


@inner
def _logistic(value: float) -> float:
    return float(1.0 / (1.0 + np.exp(-value)))


@inner
def _relevance(cosine: np.float32, by_category: float, by_subcategory: float) -> float:
    """f1: the mean of three logistic functions."""
    by_text = 5.0 * float(cosine)
    return (_logistic(by_text) + _logistic(by_category) + _logistic(by_subcategory)) / 3.0


@inner
def _attention(sums: Floats, decay: Floats, base: float) -> float:
    """f4: click rate against everyone's, r / (1 + r), averaged over the half-lives."""
    n_lives = len(decay)
    total = 0.0
    for h in range(n_lives):
        views, clicks = sums[h] * decay[h], sums[n_lives + h] * decay[h]
        ratio = (clicks + _PRIOR_VIEWS * base) / ((views + _PRIOR_VIEWS) * base)
        total += ratio / (1.0 + ratio)
    return total / n_lives


@inner
def _novelty(likeness: F32, story: float) -> float:
    """f5: 1 - likeness to the nearest earlier story, or to the last reads if greater."""
    nearest = max(story, 0.0)
    for k in range(1, len(likeness)):
        nearest = max(nearest, float(likeness[k]))
    return 1.0 - min(nearest, 1.0)


@compiled
def credibilities(prior: Floats, counts: Floats, strength: float) -> Floats:
    """Return f2 of each source: the editors' prior, (S,), moved by views and clicks, (S, 3)."""
    all_views, all_clicks = 0.0, 0.0
    for s in range(len(prior)):
        all_views += max(counts[s, 0], 0.0)
        all_clicks += max(counts[s, 1], 0.0)
    base = (all_clicks + 1.0) / (all_views + 10.0)
    half = strength / 2.0
    found = np.full(len(prior), 0.5)
    for s in range(1, len(prior)):
        hits = prior[s] * (half + max(counts[s, 1], 0.0))
        misses = (1.0 - prior[s]) * (half + max(counts[s, 0], 0.0) * base)
        found[s] = hits / (hits + misses)
    return found
