"""Features: what VaNS knows of each candidate at the time of a request.

A feature lives in one file of `blocks`, which describes and computes it (`column` is how, `sources`
where it comes from). What follows from that is derived: `names` is the list, `matrix` puts the
blocks together, `guard` says how new what they used is, `page` makes the tables of
docs/features.md. `gating` fills CnLE's evaluations in when they come.
"""

from __future__ import annotations

from cherryrec.features.blocks import BLOCKS
from cherryrec.features.blocks.attention import HALF_LIVES_S
from cherryrec.features.blocks.evaluation import GATING, HISTORY_LENGTHS
from cherryrec.features.gating import evaluated, probes, with_evaluations
from cherryrec.features.guard import check_times, newest_used
from cherryrec.features.matrix import feature_matrix
from cherryrec.features.names import CONTEXT, FEATURE_SET, FEATURES, GATED, column
from cherryrec.features.page import page_with_tables
from cherryrec.features.sources import Newest, State

__all__ = [
    "BLOCKS",
    "CONTEXT",
    "FEATURES",
    "FEATURE_SET",
    "GATED",
    "GATING",
    "HALF_LIVES_S",
    "HISTORY_LENGTHS",
    "Newest",
    "State",
    "check_times",
    "column",
    "evaluated",
    "feature_matrix",
    "newest_used",
    "page_with_tables",
    "probes",
    "with_evaluations",
]
