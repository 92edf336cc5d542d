"""Blocks of feature columns, each over all candidates of one request at once.

Everything is as of the request's time: decayed counters, ages and idle times take `now`, and what
the catalogue and the profile hold comes from events before it.
"""

from __future__ import annotations

from math import cos, log1p, pi, sin

import numpy as np
from numpy.typing import NDArray

from cherryrec.catalogue import Catalogue
from cherryrec.features.counted import fill_attention, fill_exposures
from cherryrec.features.kernels import fill_likeness, fill_names, fill_preference, fill_reads
from cherryrec.features.names import ATTENTION, EXPOSURE, READING
from cherryrec.knrs.metrics import base_rate, is_named
from cherryrec.profile import counts_of
from cherryrec.reader import Reader

__all__ = ["article", "attention", "context", "exposure", "reading"]

Rows = NDArray[np.intp]
Floats = NDArray[np.float64]

_DAY_S = 86_400.0
_RECENT = 30  # reads that candidates are compared with one by one


def _columns(*names: str) -> Rows:
    """Return the columns of some features of `READING`."""
    return np.array([READING.index(name) for name in names], np.intp)


_LIKENESS = ("recent_30", "recent_5", "last", "nearest", "top_3")
_NAMES = ("lift", "lift_5", "share", "share_5", "lift_ever")
_TEXT = _columns(*(f"text_{name}" for name in _LIKENESS))
_TOKEN = _columns(*(f"token_{name}" for name in _LIKENESS))
_CATEGORY = _columns(*(f"category_{name}" for name in _NAMES))
_SUBCATEGORY = _columns(*(f"subcategory_{name}" for name in (*_NAMES, "lift_most")))
_READS = _columns("times_read", "category_last", "entity_overlap")
_INTEREST, _WORDS, _IS_NAMED, _PREFERENCE = _columns(
    "text_interest", "text_words", "is_named", "category_preference"
).tolist()


def reading(catalogue: Catalogue, reader: Reader, rows: Rows) -> Floats:
    """Likeness of each candidate to what the user read, (n, 28): see `features.names.READING`."""
    out = np.zeros((len(rows), len(READING)))
    reads, recent = reader.rows, reader.rows[-_RECENT:]
    profile, categories = reader.profile, catalogue.category[:, None]  # (N, 1)
    vectors = catalogue.embeddings.take(rows, axis=0)  # (n, D)
    out[:, _INTEREST] = vectors @ reader.interest
    out[:, _WORDS] = catalogue.words.match(rows, recent)
    named = is_named(catalogue, reader, rows)
    if named is not None:
        out[:, _IS_NAMED] = named
    if reads.size:
        read = catalogue.embeddings.take(recent, axis=0)  # (h, D)
        fill_likeness(vectors @ read.T, out, _TEXT)
        tokens = catalogue.token_embeddings
        likeness = tokens.take(rows, axis=0) @ tokens.take(recent, axis=0).T  # (n, h)
        fill_likeness(likeness, out, _TOKEN)
        fill_reads(rows, reads, _RECENT, catalogue.category, catalogue.entity, out, _READS)
    for codes, share, lifts, names, tastes, columns in (
        (
            categories,
            reader.category_share,
            reader.category_lift,
            catalogue.categories,
            profile.categories,
            _CATEGORY,
        ),
        (
            catalogue.subcategory,
            reader.subcategory_share,
            reader.subcategory_lift,
            catalogue.subcategories,
            profile.subcategories,
            _SUBCATEGORY,
        ),
    ):
        ever, n_ever = counts_of(tastes)
        fill_names(rows, reads, codes, share, lifts, names.all_keys, ever, n_ever, out, columns)
    fill_preference(
        rows,
        catalogue.category,
        catalogue.categories.all_keys,
        reader.exposures.category_records(),
        out,
        _PREFERENCE,
    )
    return out


def exposure(catalogue: Catalogue, reader: Reader, rows: Rows, now: float) -> Floats:
    """Recall what the user was shown before, (n, 5): see `features.names.EXPOSURE`."""
    out = np.zeros((len(rows), len(EXPOSURE)))
    shown = reader.exposures
    fill_exposures(rows, catalogue.hashes, shown.article_records(), now, int(shown.newest_s), out)
    return out


def attention(catalogue: Catalogue, rows: Rows, now: float) -> Floats:
    """How each candidate does with everyone, (n, 20): see `features.names.ATTENTION`."""
    out = np.zeros((len(rows), len(ATTENTION)))
    totals, groups = catalogue.totals, catalogue.category_totals
    fill_attention(
        rows,
        totals.sums,
        totals.decay(now),
        catalogue.category,
        groups.sums,
        groups.decay(now),
        base_rate(catalogue),
        out,
    )
    return out


def article(catalogue: Catalogue, rows: Rows, now: float) -> Floats:
    """Describe the candidate, (n, 2): log age in minutes, and whether no one was shown it yet."""
    out = np.empty((len(rows), 2))
    out[:, 0] = np.log1p(catalogue.age(rows, now) / 60.0)
    out[:, 1] = np.isnan(catalogue.totals.first_shown[rows])
    return out


def context(reader: Reader, n_candidates: int, now: float) -> Floats:
    """Describe the request, the same for every candidate, (6,)."""
    newest = reader.newest_s
    idle_s = max(now - newest, 0.0) if newest else 7 * _DAY_S
    day = 2 * pi * (now % _DAY_S) / _DAY_S
    return np.array(
        [
            log1p(reader.profile.n_clicks),
            log1p(n_candidates),
            log1p(reader.exposures.n_slates),
            log1p(min(idle_s, 7 * _DAY_S) / 60.0),
            sin(day),
            cos(day),
        ]
    )
