"""Features: what VaNS knows of each candidate at the time of a request.

`names` is the list, `blocks` the computations, `matrix` puts them together; `guard` says how new
what they used is.
"""

from __future__ import annotations

from cherryrec.features.guard import check_times, newest_used
from cherryrec.features.matrix import feature_matrix, with_evaluations
from cherryrec.features.names import CONTEXT, FEATURE_SET, FEATURES, HALF_LIVES_S, column

__all__ = [
    "CONTEXT",
    "FEATURES",
    "FEATURE_SET",
    "HALF_LIVES_S",
    "check_times",
    "column",
    "feature_matrix",
    "newest_used",
    "with_evaluations",
]
