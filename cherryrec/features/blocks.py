"""Blocks of feature columns, each vectorised over the candidates of one request.

Everything is as of the request's time: decayed counters, ages and idle times take `now`, and what
the catalogue and the profile hold comes from events before it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cherryrec.catalogue import MISSING, Catalogue
from cherryrec.exposures import find
from cherryrec.features.names import READING
from cherryrec.knrs.metrics import base_rate, is_named
from cherryrec.profile import counts_of
from cherryrec.reader import Reader, lift, mean_of_names, over_names

__all__ = ["article", "attention", "context", "exposure", "reading"]

Rows = NDArray[np.intp]
Floats = NDArray[np.float64]

_PRIOR_VIEWS = 10.0
_DAY_S = 86_400.0


def reading(catalogue: Catalogue, reader: Reader, rows: Rows) -> Floats:
    """Likeness of each candidate to what the user read, (n, 28): see `features.names.READING`."""
    n = len(rows)
    recent = reader.rows[-30:]
    category, subcategory = catalogue.category[rows], catalogue.subcategory[rows]  # (n,), (n, 4)
    profile = reader.profile
    columns: dict[str, NDArray[np.generic]] = {
        "text_interest": catalogue.embeddings[rows] @ reader.interest,
        "text_words": catalogue.words.match(rows, recent),
        "is_named": is_named(catalogue, reader, rows),
        "times_read": np.log1p((rows[:, None] == reader.rows).sum(axis=1)),
        "category_last": np.zeros(n),
        "entity_overlap": np.zeros(n),
        "subcategory_lift_most": _most(reader.subcategory_lift, subcategory),
        "category_preference": np.zeros(n),
    }
    columns |= _likeness("text", catalogue.embeddings, rows, recent)
    columns |= _likeness("token", catalogue.token_embeddings, rows, recent)
    for kind, codes, mine, share, full, names, tastes in (
        (
            "category",
            catalogue.category[:, None],
            category[:, None],
            reader.category_share,
            reader.category_lift,
            catalogue.categories,
            profile.categories,
        ),
        (
            "subcategory",
            catalogue.subcategory,
            subcategory,
            reader.subcategory_share,
            reader.subcategory_lift,
            catalogue.subcategories,
            profile.subcategories,
        ),
    ):
        read, read_5 = codes[reader.rows], codes[reader.rows[-5:]]
        columns |= {
            f"{kind}_lift": over_names(full, mine),
            f"{kind}_lift_5": over_names(lift(read_5.ravel(), share, len(full)), mine),
            f"{kind}_share": over_names(_share(read, len(full)), mine),
            f"{kind}_share_5": over_names(_share(read_5, len(full)), mine),
            f"{kind}_lift_ever": mean_of_names(
                _lift_ever(tastes, names.keys(mine), share[mine]), mine
            ),
        }
    if reader.rows.size:
        last = catalogue.category[reader.rows[-1]]
        columns["category_last"] = (category == last) & (last != MISSING)
        entities = catalogue.entity[recent]
        known = np.unique(entities[entities != MISSING])
        columns["entity_overlap"] = np.log1p(np.isin(catalogue.entity[rows], known).sum(axis=1))
    liked = reader.exposures.category_records()
    if len(liked):
        at = find(liked["key"].copy(), catalogue.categories.keys(category))
        odds = np.log((liked["clicks"] + 1.0) / (liked["expected"] + 1.0))
        columns["category_preference"] = np.where(at >= 0, odds[at], 0.0)
    return np.column_stack([columns[name] for name in READING])


def _likeness(
    prefix: str, vectors: NDArray[np.float32], rows: Rows, reads: Rows
) -> dict[str, NDArray[np.generic]]:
    """Compare embeddings with those read, oldest first: mean, mean of 5, last, most, most 3."""
    names = ("recent_30", "recent_5", "last", "nearest", "top_3")
    if not reads.size:
        return {f"{prefix}_{name}": np.zeros(len(rows)) for name in names}
    likeness = vectors[rows] @ vectors[reads].T  # (n, h)
    top = np.partition(likeness, -min(3, len(reads)), axis=1)[:, -3:]
    values = (
        likeness.mean(axis=1),
        likeness[:, -5:].mean(axis=1),
        likeness[:, -1],
        top.max(axis=1),
        top.mean(axis=1),
    )
    return {f"{prefix}_{name}": value for name, value in zip(names, values, strict=True)}


def _most(values: Floats, codes: NDArray[np.int32]) -> Floats:
    """Take the largest value by code over the names each article has, (n, k) → (n,)."""
    most = np.where(codes != MISSING, values[codes], -np.inf).max(axis=1)
    return np.where(np.isfinite(most), most, 0.0)


def exposure(catalogue: Catalogue, reader: Reader, rows: Rows, now: float) -> Floats:
    """Recall what the user was shown before, (n, 5): see `features.names.EXPOSURE`."""
    out = np.zeros((len(rows), 5))
    records = reader.exposures.article_records()
    if len(records):
        at = find(records["key"].copy(), catalogue.keys(rows))
        seen = np.flatnonzero(at >= 0)
        mine = records[at[seen]]
        ago_s = np.maximum(now - mine["last_s"], 0.0)
        out[seen, 0] = np.log1p(mine["times"])
        out[seen, 1] = np.log1p(mine["clicks"])
        out[seen, 2] = np.exp2(-ago_s / 600.0)
        out[seen, 3] = np.exp2(-ago_s / 21_600.0)
        out[seen, 4] = mine["last_s"] == int(reader.exposures.newest_s)
    return out


def _share(read: NDArray[np.int32], n_codes: int) -> Floats:
    """Share of the reads that carry each code, by code, (n_codes,)."""
    counts = np.bincount(read.ravel(), minlength=n_codes) / max(len(read), 1)
    counts[MISSING] = 0.0
    return np.asarray(counts)


def _lift_ever(tastes: bytes, keys: NDArray[np.uint32], share: Floats) -> Floats:
    """Lift of all that was ever read, for each key, as `lift`: (n, k) → (n, k)."""
    known, reads = counts_of(tastes)
    at = find(known, keys.ravel()).reshape(keys.shape)
    own = np.where(at >= 0, np.append(reads, 0.0)[at], 0.0)
    return np.asarray(np.log((own + 5.0 * share) / ((reads.sum() + 5.0) * share)))


def attention(catalogue: Catalogue, rows: Rows, now: float) -> Floats:
    """How each candidate does with everyone, (n, 20): see `features.names.ATTENTION`."""
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
            np.log1p(group_clicks[:, 1]),
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
    """Describe the request, the same for every candidate, (6,)."""
    newest = reader.newest_s
    idle_s = max(now - newest, 0.0) if newest else 7 * _DAY_S
    day = 2 * np.pi * (now % _DAY_S) / _DAY_S
    return np.array(
        [
            np.log1p(reader.profile.n_clicks),
            np.log1p(n_candidates),
            np.log1p(reader.exposures.n_slates),
            np.log1p(min(idle_s, 7 * _DAY_S) / 60.0),
            np.sin(day),
            np.cos(day),
        ]
    )
