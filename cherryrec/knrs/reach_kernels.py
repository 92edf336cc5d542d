"""How much articles can be worth, compiled: one pass in single precision, and no matrix of signals.

n articles, N rows of the catalogue, D dimensions, v vectors of the reader (the interest, then the
last reads), S signals. Codes are names as the catalogue interns them, 0 for none.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cherryrec.compiled import compiled, inner

__all__ = ["N_BOUNDS", "SHOWN_BITS", "fill_bounds"]

Rows = NDArray[np.intp]
Codes = NDArray[np.int32]
F32 = NDArray[np.float32]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

N_BOUNDS = 5
"""Least and largest value, least and largest likeness to the last reads, and age."""

SHOWN_BITS = 12
"""Low bits of a key, by which most of what was not shown is told without a search."""

_RELEVANCE, _CREDIBILITY, _TIMELINESS, _ATTENTION, _NOVELTY = 0, 1, 2, 3, 4  # as in `SIGNALS`
_VIEWS, _CLICKS, _NOW, _RATES = 5, 9, 13, 16
_AGE, _TEXT, _LIFTS, _SHOWN = 19, 21, 23, 30

_FEW = np.float32(0.1)
_PRIOR_CLICKS, _PRIOR_VIEWS = np.float32(0.5), np.float32(10.0)
_ATTENTION_VIEWS = 20.0
_STEEPEST = 5.0 / 4.0 / 3.0  # relevance by the cosine, where the logistic of five times it is 1/2


@compiled
def fill_bounds(  # noqa: PLR0917 - compiled loops take arrays by position
    rows: Rows,
    now: float,
    unknown_s: float,
    published: Floats,
    first_shown: Floats,
    categories: Codes,
    subcategories: Codes,
    sources: Codes,
    stories: Floats,
    sums: Floats,
    decay: Floats,
    base: float,
    codes: NDArray[np.int8],
    scales: F32,
    errors: F32,
    vectors: NDArray[np.int16],
    vector_scales: Floats,
    vector_error: float,
    longest: float,
    category_lift: Floats,
    subcategory_lift: Floats,
    category_named: Bools,
    subcategory_named: Bools,
    credibility: Floats,
    lives: Floats,
    hashes: NDArray[np.uint64],
    may_be_shown: Bools,
    shown: NDArray[np.uint32],
    weights: Floats,
    rounding: float,
    out: F32,
) -> None:
    """Write what each article is worth at least and at most, and by what single sources go.

    `out` is (N_BOUNDS, n): value, least and largest; likeness to the last reads, least and largest;
    age in seconds. What readers alike went on to is left out of the value.

    Parameters
    ----------
    rows, now, unknown_s
        Which articles, (n,), and as of when; how old one of unknown birth counts.
    published, first_shown, categories, subcategories, sources, stories, sums, hashes
        Columns of the catalogue by row.
    decay, base
        What decaying sums are worth now, (4,), and everyone's clicks per view.
    codes, scales, errors
        Coarse embeddings by row, (N, D), (N,) and (N,).
    vectors, vector_scales, vector_error, longest
        The reader's vectors in whole numbers, (v, D), what one is worth, (v,), how far the worst of
        them is off, and how long the longest is.
    category_lift, subcategory_lift, category_named, subcategory_named
        The user's by code, and which names they gave.
    credibility, lives
        f2 of each source, and the half-life of each category in seconds.
    may_be_shown, shown
        Whether a key of these low bits was shown, (2 ** SHOWN_BITS,), and all keys that were.
    weights, rounding
        Of the signals, (S,), and how far off their sum is at most but for the text.
    """
    nothing = _value_of_counts(sums[0] * 0.0, decay, base, weights)
    logistic = np.empty(len(category_lift), np.float32)
    for code in range(len(logistic)):
        logistic[code] = _logistic(np.float32(category_lift[code]))
    by_text = abs(weights[_RELEVANCE]) * _STEEPEST + abs(weights[_TEXT])
    by_nearest = abs(weights[_NOVELTY]) + abs(weights[_TEXT + 1])
    n_vectors, half = len(vectors), np.float32(0.5)
    for i in range(len(rows)):
        row = rows[i]
        cosine = nearest = 0.0
        for v in range(n_vectors):
            product = _product(codes[row], vectors[v])
            found = float(product) * scales[row] * vector_scales[v]
            if v == 0:
                cosine = found
            else:
                nearest = max(nearest, found)
        off = float(errors[row]) * longest + vector_error
        born = published[row]
        if np.isnan(born):
            born = first_shown[row]
        age = unknown_s if np.isnan(born) else max(now - born, 0.0)
        category = categories[row]
        lift, is_named, n_names = 0.0, category_named[category], 0
        for code in subcategories[row]:
            if code:
                lift += subcategory_lift[code]
                is_named |= subcategory_named[code]
                n_names += 1
        lift /= max(n_names, 1)
        relevance = np.float32(1.0)
        if not is_named:
            by_name = logistic[category] + (_logistic(np.float32(lift)) if n_names else half)
            relevance = (_logistic(np.float32(5.0 * cosine)) + by_name) / np.float32(3.0)
        value = weights[_RELEVANCE] * relevance + weights[_CREDIBILITY] * credibility[sources[row]]
        value += weights[_TIMELINESS] * np.exp2(np.float32(-age / lives[category]))
        value += weights[_NOVELTY] * (1.0 - min(max(stories[row], nearest), 1.0))
        value += _value_of_counts(sums[row], decay, base, weights) if _any(sums[row]) else nothing
        value += weights[_AGE] * np.log(np.float32(1.0 + age / 60.0))
        value += weights[_AGE + 1] * np.exp2(np.float32(-age / 3_600.0))
        value += weights[_TEXT] * cosine + weights[_TEXT + 1] * nearest
        value += weights[_LIFTS] * category_lift[category] + weights[_LIFTS + 1] * lift
        key = np.uint32(hashes[row])
        if may_be_shown[key & np.uint32((1 << SHOWN_BITS) - 1)] and _among(key, shown):
            value += weights[_SHOWN]
        slack = off * (by_text + (by_nearest if n_vectors > 1 else 0.0)) + rounding
        out[0, i], out[1, i] = value - slack, value + slack
        out[2, i] = max(nearest - off, 0.0)
        out[3, i] = nearest + off if n_vectors > 1 else 0.0
        out[4, i] = age


@inner
def _product(codes: NDArray[np.int8], vector: NDArray[np.int16]) -> np.int32:
    """Multiply in 32 bits: numba would take 64, for which there are no vector instructions."""
    total = np.int32(0)
    for k in range(len(codes)):
        total = np.int32(total + np.int32(codes[k]) * np.int32(vector[k]))
    return total


@inner
def _logistic(value: np.float32) -> np.float32:
    return np.float32(np.float32(1.0) / (np.float32(1.0) + np.exp(-value)))


@inner
def _any(sums: Floats) -> bool:
    """Whether an article was ever shown or clicked, as far as decaying counts go."""
    for h in range(8):  # noqa: SIM110 - numba knows no generator here
        if sums[h] != 0.0:
            return True
    return False


@inner
def _among(key: np.uint32, keys: NDArray[np.uint32]) -> bool:
    for known in keys:  # noqa: SIM110 - numba knows no generator here
        if known == key:
            return True
    return False


@inner
def _value_of_counts(sums: Floats, decay: Floats, base: float, weights: Floats) -> float:
    """Add up attention and all signals of views and clicks, each times its weight."""
    attention = value = 0.0
    for h in range(4):
        views, clicks = sums[h] * decay[h], sums[4 + h] * decay[h]
        more = (clicks + _ATTENTION_VIEWS * base) / ((views + _ATTENTION_VIEWS) * base)
        attention += more / (1.0 + more)
        seen, read = np.float32(max(views, 0.0)), np.float32(max(clicks, 0.0))
        value += weights[_VIEWS + h] * np.log(np.float32(1.0) + seen)
        value += weights[_CLICKS + h] * np.log(np.float32(1.0) + read)
        if h == 0:
            value += weights[_NOW] * np.log(seen + _FEW)
        if h < 2:
            value += weights[_NOW + 1 + h] * np.log(read + _FEW)
        if h < 3:
            value += weights[_RATES + h] * np.log((read + _PRIOR_CLICKS) / (seen + _PRIOR_VIEWS))
    return float(value + weights[_ATTENTION] * attention / 4.0)
