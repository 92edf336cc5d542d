"""What everyone does with each candidate and with its category: click rates, views, clicks."""

from __future__ import annotations

from math import inf

import numpy as np
from numpy.typing import NDArray

from cherryrec.compiled import compiled, inner
from cherryrec.features.column import UP, Block, Column, Inputs, Range, about, places
from cherryrec.features.sources import ATTENTION
from cherryrec.knrs.metrics import base_rate

__all__ = ["BLOCK", "HALF_LIVES_S"]

Floats = NDArray[np.float64]  # n candidates, N rows of the catalogue, H half-lives

HALF_LIVES_S = (600.0, 3_600.0, 21_600.0, 86_400.0)
"""The half-lives that columns are named after, in seconds."""

_LIVES = ("10m", "1h", "6h", "24h")
_HOUR, _DAY = _LIVES.index("1h"), _LIVES.index("24h")
_FRESH, _OLD = _LIVES.index("10m"), _LIVES.index("6h")
_RATE = about(-5, 5)
_BY = (ATTENTION,)

COLUMNS = (
    Column(
        "ctr_10m",
        "log((C_h + 10 r) / ((V_h + 10) r)), h = 10 minutes: click rate against everyone's",
        _RATE,
        _BY,
    ),
    Column("ctr_1h", "the same, h = 1 hour", _RATE, _BY),
    Column("ctr_6h", "the same, h = 6 hours", _RATE, _BY),
    Column("ctr_24h", "the same, h = 24 hours", _RATE, _BY),
    Column("ctr_all", "the same of all views and clicks, undecayed", _RATE, _BY),
    Column("views_10m", "log(1 + V_h), h = 10 minutes", UP, _BY),
    Column("views_1h", "the same, h = 1 hour", UP, _BY),
    Column("views_6h", "the same, h = 6 hours", UP, _BY),
    Column("views_24h", "the same, h = 24 hours", UP, _BY),
    Column("clicks_10m", "log(1 + C_h), h = 10 minutes", UP, _BY),
    Column("clicks_1h", "the same, h = 1 hour", UP, _BY),
    Column("clicks_6h", "the same, h = 6 hours", UP, _BY),
    Column("clicks_24h", "the same, h = 24 hours", UP, _BY),
    Column(
        "click_velocity",
        "log((C_10m + 0.2) / (C_6h + 0.2)): how much of the clicks is fresh",
        Range(-inf, 0.0),
        _BY,
    ),
    Column("view_velocity", "log((V_10m + 1) / (V_6h + 1))", Range(-inf, 0.0), _BY),
    Column("ctr_velocity", "`ctr_10m` − `ctr_24h`", _RATE, _BY),
    Column("readers", "log(1 + users whose imported history holds it)", UP, _BY),
    Column(
        "category_ctr_1h",
        "log((C_h + 50 r) / ((V_h + 50) r)) of its category, h = 1 hour",
        _RATE,
        _BY,
    ),
    Column("category_ctr_24h", "the same, h = 24 hours", _RATE, _BY),
    Column("category_clicks_24h", "log(1 + C_h) of its category, h = 24 hours", UP, _BY),
)
_CTR = places(COLUMNS, *(f"ctr_{life}" for life in _LIVES))
_VIEWS = places(COLUMNS, *(f"views_{life}" for life in _LIVES))
_CLICKS = places(COLUMNS, *(f"clicks_{life}" for life in _LIVES))
_CTR_ALL, _READERS = places(COLUMNS, "ctr_all", "readers")
_CLICK_VELOCITY, _VIEW_VELOCITY, _CTR_VELOCITY = places(
    COLUMNS, "click_velocity", "view_velocity", "ctr_velocity"
)
_CATEGORY_CTR_1H, _CATEGORY_CTR_24H, _CATEGORY_CLICKS_24H = places(
    COLUMNS, "category_ctr_1h", "category_ctr_24h", "category_clicks_24h"
)

_PRIOR_VIEWS = 10.0
_GROUP_PRIOR_VIEWS = 50.0


@inner
def _rate(clicks: float, views: float, base: float, prior: float) -> float:
    """Return the log of a click rate against everyone's, smoothed by `prior` views."""
    return float(np.log((clicks + prior * base) / ((views + prior) * base)))


@inner
def _now(sums: Floats, decay: Floats, first: int, life: int) -> float:
    """Return what a decaying sum is worth now; those of each kind stand together."""
    return float(max(sums[first + life] * decay[life], 0.0))


@compiled
def fill_attention(
    rows: NDArray[np.intp],
    sums: Floats,
    decay: Floats,
    categories: NDArray[np.int32],
    group_sums: Floats,
    group_decay: Floats,
    base: float,
    out: Floats,
) -> None:
    """Say how each candidate does with everyone, (n, 20).

    Parameters
    ----------
    rows
        Candidates, (n,).
    sums, decay
        Of `DecayedCounters` by row, (N, 2H + 4) and (H,); H is 4.
    categories
        By row, (N,).
    group_sums, group_decay
        The same counters by category code.
    base
        Everyone's clicks per view.
    """
    n_lives = len(decay)
    views, clicks = 0, n_lives  # where the decaying sums of each begin
    all_views, all_clicks, readers = 2 * n_lives, 2 * n_lives + 1, 2 * n_lives + 2
    for i in range(len(rows)):
        own = sums[rows[i]]
        for life in range(n_lives):
            n_views = _now(own, decay, views, life)
            n_clicks = _now(own, decay, clicks, life)
            out[i, _CTR[life]] = _rate(n_clicks, n_views, base, _PRIOR_VIEWS)
            out[i, _VIEWS[life]] = np.log1p(n_views)
            out[i, _CLICKS[life]] = np.log1p(n_clicks)
        out[i, _CTR_ALL] = _rate(own[all_clicks], own[all_views], base, _PRIOR_VIEWS)
        fresh, old = _now(own, decay, clicks, _FRESH), _now(own, decay, clicks, _OLD)
        out[i, _CLICK_VELOCITY] = np.log((fresh + 0.2) / (old + 0.2))
        fresh, old = _now(own, decay, views, _FRESH), _now(own, decay, views, _OLD)
        out[i, _VIEW_VELOCITY] = np.log((fresh + 1.0) / (old + 1.0))
        out[i, _CTR_VELOCITY] = out[i, _CTR[_FRESH]] - out[i, _CTR[_DAY]]
        out[i, _READERS] = np.log1p(own[readers])
        group = group_sums[categories[rows[i]]]
        n_views = _now(group, group_decay, views, _HOUR)
        n_clicks = _now(group, group_decay, clicks, _HOUR)
        out[i, _CATEGORY_CTR_1H] = _rate(n_clicks, n_views, base, _GROUP_PRIOR_VIEWS)
        n_views = _now(group, group_decay, views, _DAY)
        n_clicks = _now(group, group_decay, clicks, _DAY)
        out[i, _CATEGORY_CTR_24H] = _rate(n_clicks, n_views, base, _GROUP_PRIOR_VIEWS)
        out[i, _CATEGORY_CLICKS_24H] = np.log1p(n_clicks)


def fill(inputs: Inputs, out: Floats) -> None:
    """Read the counters of each candidate and of its category."""
    catalogue = inputs.catalogue
    totals, groups = catalogue.totals, catalogue.category_totals
    fill_attention(
        inputs.selection.rows,
        totals.sums,
        totals.decay(inputs.now),
        catalogue.category,
        groups.sums,
        groups.decay(inputs.now),
        base_rate(catalogue),
        out,
    )


BLOCK = Block("attention", COLUMNS, fill)
