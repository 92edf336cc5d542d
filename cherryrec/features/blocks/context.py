"""The request and its user, the same for every candidate."""

from __future__ import annotations

from math import cos, log1p, pi, sin

import numpy as np
from numpy.typing import NDArray

from cherryrec.features.column import COSINE, UP, Block, Column, Inputs, Range, places
from cherryrec.features.sources import EXPOSURES, PROFILE, REQUEST

__all__ = ["BLOCK"]

_DAY_S = 86_400.0

COLUMNS = (
    Column(
        "context_history",
        "log(1 + clicks of the user, imported ones included)",
        UP,
        (PROFILE,),
    ),
    Column("context_slate", "log(1 + candidates)", Range(0.69, 7.0), (REQUEST,), cold=None),
    Column("context_shown", "log(1 + impressions shown to the user)", UP, (EXPOSURES,)),
    Column(
        "context_idle",
        "log(1 + minutes since the user's newest click), at most a week",
        Range(0.0, 9.22),
        (PROFILE, REQUEST),
        cold=log1p(7 * _DAY_S / 60.0),
        cold_because="a week",
    ),
    Column("context_day_sin", "sin(2π · time of day in UTC / 24 h)", COSINE, (REQUEST,), cold=None),
    Column("context_day_cos", "cos of the same", COSINE, (REQUEST,), cold=None),
)
_HISTORY, _SLATE, _SHOWN, _IDLE, _DAY_SIN, _DAY_COS = places(
    COLUMNS,
    "context_history",
    "context_slate",
    "context_shown",
    "context_idle",
    "context_day_sin",
    "context_day_cos",
)


def fill(inputs: Inputs, out: NDArray[np.float64]) -> None:
    """Describe the request."""
    reader, now = inputs.reader, inputs.now
    newest = reader.newest_s
    idle_s = max(now - newest, 0.0) if newest else 7 * _DAY_S
    day = 2 * pi * (now % _DAY_S) / _DAY_S
    out[:, _HISTORY] = log1p(reader.profile.n_clicks)
    out[:, _SLATE] = log1p(len(inputs.selection.rows))
    out[:, _SHOWN] = log1p(reader.exposures.n_slates)
    out[:, _IDLE] = log1p(min(idle_s, 7 * _DAY_S) / 60.0)
    out[:, _DAY_SIN] = sin(day)
    out[:, _DAY_COS] = cos(day)


BLOCK = Block("context", COLUMNS, fill)
