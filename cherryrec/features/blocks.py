"""Blocks of feature columns, each vectorised over the candidates of one request.

Everything is as of the request's time: decayed counters, ages and idle times take `now`, and what
the catalogue and the profile hold comes from events before it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cherryrec.catalogue import MISSING, Catalogue
from cherryrec.knrs.metrics import base_rate, is_named
from cherryrec.reader import Reader, category_share, lift

__all__ = ["article", "attention", "context", "reading"]

Rows = NDArray[np.intp]
Floats = NDArray[np.float64]

_PRIOR_VIEWS = 10.0
_DAY_S = 86_400.0


def reading(catalogue: Catalogue, reader: Reader, rows: Rows) -> Floats:
    """Likeness of each candidate to what the user read, (n, 17): see `features.names.READING`."""
    n = len(rows)
    embeddings = catalogue.embeddings[rows]  # (n, D)
    recent = reader.rows[-30:]
    out = np.zeros((n, 17))
    out[:, 0] = embeddings @ reader.interest
    if recent.size:
        likeness = embeddings @ catalogue.embeddings[recent].T  # (n, h)
        out[:, 1] = likeness.mean(axis=1)
        out[:, 2] = likeness[:, -5:].mean(axis=1)
        out[:, 3] = likeness[:, -1]
        out[:, 4] = likeness.max(axis=1)
    everyone = category_share(catalogue)
    for start, codes, share, full in (
        (5, catalogue.category, everyone, reader.category_lift),
        (9, catalogue.subcategory, None, reader.subcategory_lift),
    ):
        mine = codes[rows]
        read, read_5 = codes[reader.rows], codes[reader.rows[-5:]]
        out[:, start] = full[mine]
        out[:, start + 1] = lift(read_5, share, len(full))[mine]
        out[:, start + 2] = _share(read, mine)
        out[:, start + 3] = _share(read_5, mine)
    if reader.rows.size:
        last = catalogue.category[reader.rows[-1]]
        out[:, 13] = (catalogue.category[rows] == last) & (last != MISSING)
        entities = catalogue.entity[reader.rows[-30:]]
        known = np.unique(entities[entities != MISSING])
        out[:, 14] = np.log1p(np.isin(catalogue.entity[rows], known).sum(axis=1))
        times = np.bincount(reader.rows, minlength=catalogue.n_rows)
        out[:, 16] = np.log1p(times[rows])
    out[:, 15] = is_named(catalogue, reader, rows)
    return out


def _share(read: NDArray[np.int32], codes: NDArray[np.int32]) -> Floats:
    """Share of the reads that carry each code; 0 for the missing code."""
    same = (codes[:, None] == read[None, :]) & (codes[:, None] != MISSING)
    return np.asarray(same.sum(axis=1) / max(len(read), 1))


def attention(catalogue: Catalogue, rows: Rows, now: float) -> Floats:
    """How each candidate does with everyone, (n, 19): see `features.names.ATTENTION`."""
    views, clicks = (
        catalogue.totals.views(rows, now),
        catalogue.totals.clicks(rows, now),
    )  # (n, H)
    totals = catalogue.totals.totals(rows)  # (n, 3)
    base = base_rate(catalogue)
    prior = _PRIOR_VIEWS * base
    rate = np.log((clicks + prior) / ((views + _PRIOR_VIEWS) * base))
    ever = np.log((totals[:, 1] + prior) / ((totals[:, 0] + _PRIOR_VIEWS) * base))
    log_views, log_clicks = np.log1p(views), np.log1p(clicks)
    velocity = np.column_stack(
        [
            np.log((clicks[:, 0] + 0.2) / (clicks[:, 2] + 0.2)),
            np.log((views[:, 0] + 1.0) / (views[:, 2] + 1.0)),
            rate[:, 0] - rate[:, 3],
        ]
    )
    category = catalogue.category[rows].astype(np.intp)
    groups = catalogue.category_totals
    group_views = np.maximum(groups.views(category, now), 0.0)[:, [1, 3]]
    group_clicks = np.maximum(groups.clicks(category, now), 0.0)[:, [1, 3]]
    group_rate = np.log((group_clicks + 5 * prior) / ((group_views + 5 * _PRIOR_VIEWS) * base))
    return np.column_stack(
        [
            rate,
            ever,
            log_views,
            log_clicks,
            velocity,
            np.log1p(totals[:, 2]),
            group_rate,
        ]
    )


def article(catalogue: Catalogue, rows: Rows, now: float) -> Floats:
    """Describe the candidate, (n, 2): log age in minutes, and whether no one was shown it yet."""
    return np.column_stack(
        [
            np.log1p(catalogue.age(rows, now) / 60.0),
            np.isnan(catalogue.totals.first_shown[rows]),
        ]
    )


def context(reader: Reader, n_candidates: int, now: float) -> Floats:
    """Describe the request, the same for every candidate, (5,)."""
    newest = reader.newest_s
    idle_s = max(now - newest, 0.0) if newest else 7 * _DAY_S
    day = 2 * np.pi * (now % _DAY_S) / _DAY_S
    return np.array(
        [
            np.log1p(reader.profile.n_clicks),
            np.log1p(n_candidates),
            np.log1p(min(idle_s, 7 * _DAY_S) / 60.0),
            np.sin(day),
            np.cos(day),
        ]
    )
