"""Which articles can be among those that are kept, told without their signals.

A request keeps a few hundred of a catalogue. One pass in single precision, over embeddings in eight
bits, says of every article what it is worth at least and at most; 31 signals in double precision
are computed only of those whose most reaches the least of enough others. What is kept of these is
what would be kept of all (filter and refine, as in the paper that `catalogue.coarse` cites).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cherryrec.catalogue import Catalogue
from cherryrec.catalogue.coarse import N_CODES
from cherryrec.knrs.alike import Alike, place_alike
from cherryrec.knrs.config import KnrsConfig
from cherryrec.knrs.half_lives import half_lives
from cherryrec.knrs.metrics import base_rate, credibility, named_codes, vectors_of
from cherryrec.knrs.reach_kernels import N_BOUNDS, SHOWN_BITS, fill_bounds
from cherryrec.knrs.signals import ALIKE
from cherryrec.reader import Reader

__all__ = ["bounds", "within_reach"]

Rows = NDArray[np.intp]
Floats = NDArray[np.float64]
F32 = NDArray[np.float32]

_STEPS = (1 << 15) - 1  # of the reader's vectors, in 16 bits
_LARGEST_PRODUCT = (1 << 31) - 1  # of an article's vector and one of the reader's, in 32 bits
_ROUNDING = 1e-4  # of each signal but for its text; single precision is off by a hundredth of that
_TEXT_ROUNDING = 1e-5  # of a cosine in single precision
_AGE_SLACK = 1e-6  # as a share, single precision again
_AGE_SLACK_S = 1.0


def within_reach(
    catalogue: Catalogue,
    reader: Reader,
    alike: Alike,
    rows: Rows,
    *,
    weights: Floats,
    now: float,
    config: KnrsConfig,
    n_strongest: int,
    n_single: int,
) -> Rows:
    """Return the positions in `rows` of what can be among the strongest or a source's first.

    They rise, and hold at least: the `n_strongest` by the sum of weighted signals, the `n_single`
    newest, as many nearest to the last reads, each with all that equal the last of them, and
    everything that readers alike went on to.

    Parameters
    ----------
    catalogue, reader, alike
        The articles, the user, and what readers alike went on to.
    rows
        Which articles, (n,), rising.
    weights
        Of the signals, (S,).
    now, config
        As for `signals`; the config leaves nothing out.
    n_strongest, n_single
        How many are looked for; above 0.
    """
    if n_strongest >= len(rows):
        return np.arange(len(rows))
    least, most, least_near, most_near, age = bounds(
        catalogue, reader, alike, rows, weights=weights, now=now, config=config
    )
    can = most >= _nth_largest(least, n_strongest)
    oldest_s = -_nth_largest(-age, n_single)
    can |= age <= oldest_s * (1.0 + _AGE_SLACK) + _AGE_SLACK_S
    can |= (most_near >= _nth_largest(least_near, n_single)) & (most_near > 0.0)
    places, values = place_alike(alike, rows)
    can[places[values[:, 0] > 0.0]] = True
    return np.flatnonzero(can)


def bounds(
    catalogue: Catalogue,
    reader: Reader,
    alike: Alike,
    rows: Rows,
    *,
    weights: Floats,
    now: float,
    config: KnrsConfig,
) -> F32:
    """Return what each row is worth at least and at most, its likeness to reads so, and its age.

    Parameters
    ----------
    catalogue, reader, alike, rows, weights, now, config
        As for `within_reach`.

    Returns
    -------
    float32 (5, n): the weighted sum of the signals is between the first two, the likeness to the
    last reads between the next two, the last are seconds.
    """
    totals = catalogue.totals
    vectors = vectors_of(catalogue, reader)  # (v, D)
    largest = np.abs(vectors).max(axis=1)  # (v,)
    n_steps = min(_STEPS, _LARGEST_PRODUCT // (N_CODES * vectors.shape[1]))
    scales = largest / n_steps
    codes = np.rint(vectors / np.where(scales > 0.0, scales, 1.0)[:, None])
    away = vectors - codes * scales[:, None]
    shown = reader.exposures.article_records()["key"].astype(np.uint32)
    may_be_shown = np.zeros(1 << SHOWN_BITS, np.bool_)
    may_be_shown[shown & np.uint32((1 << SHOWN_BITS) - 1)] = True
    category_named, subcategory_named = named_codes(catalogue, reader)
    out = np.empty((N_BOUNDS, len(rows)), np.float32)
    fill_bounds(
        rows,
        now,
        config.half_life_s,
        catalogue.published,
        totals.first_shown,
        catalogue.category,
        catalogue.subcategory,
        catalogue.source,
        catalogue.story_similarity,
        totals.sums,
        totals.decay(now),
        base_rate(catalogue),
        catalogue.coarse,
        catalogue.coarse_scale,
        catalogue.coarse_error,
        codes.astype(np.int16),
        scales.astype(np.float64),
        float(_longest(away)) + _TEXT_ROUNDING,
        float(_longest(vectors)),
        reader.category_lift,
        reader.subcategory_lift,
        category_named,
        subcategory_named,
        credibility(catalogue, config),
        half_lives(catalogue, config),
        catalogue.hashes,
        may_be_shown,
        shown,
        weights,
        _ROUNDING * float(np.abs(weights).sum()),
        out,
    )
    places, values = place_alike(alike, rows)
    out[:2, places] += (values @ weights[ALIKE]).astype(np.float32)
    return out


def _nth_largest(values: F32, n: int) -> np.float32:
    """Return the n-th largest value, the least where there are no n."""
    at = max(len(values) - n, 0)
    return np.float32(np.partition(values, at)[at])


def _longest(vectors: F32) -> np.float32:
    """Return the length of the longest vector, (v, D)."""
    return np.float32(np.sqrt((vectors * vectors).sum(axis=1).max(initial=0.0)))
