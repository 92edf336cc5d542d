"""Features: what VaNS knows of each candidate at the time of a request.

`names` is the list, `blocks` the computations (their loops in `kernels` and `counted`), `matrix`
puts them together; `gating` fills CnLE's evaluations in, apart by how much the user has read;
`guard` says how new what they used is.
"""

from __future__ import annotations

from cherryrec.features.gating import HISTORY_LENGTHS, evaluated, probes, with_evaluations
from cherryrec.features.guard import check_times, newest_used
from cherryrec.features.matrix import feature_matrix
from cherryrec.features.names import CONTEXT, FEATURE_SET, FEATURES, GATED, HALF_LIVES_S, column

__all__ = [
    "CONTEXT",
    "FEATURES",
    "FEATURE_SET",
    "GATED",
    "HALF_LIVES_S",
    "HISTORY_LENGTHS",
    "check_times",
    "column",
    "evaluated",
    "feature_matrix",
    "newest_used",
    "probes",
    "with_evaluations",
]
