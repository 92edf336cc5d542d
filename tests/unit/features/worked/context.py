"""The request: four candidates at two in the night, the user's click a quarter of an hour ago."""

from __future__ import annotations

from math import log, log1p, sqrt

from tests.unit.features.worked.world import N_CLICKS

WORKED = {
    "context_history": tuple((log1p(n),) * 4 for n in N_CLICKS),
    "context_slate": (log(5),) * 4,
    "context_shown": (log(4),) * 4,
    "context_idle": (log(16),) * 4,
    "context_day_sin": (0.5,) * 4,
    "context_day_cos": (sqrt(3) / 2,) * 4,
}
