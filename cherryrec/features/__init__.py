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
from cherryrec.features.matrix import feature_matrix, of_width, width_with
from cherryrec.features.names import (
    ALL_FEATURES,
    CONTEXT,
    FEATURE_SET,
    FEATURE_SETS,
    FEATURES,
    GATED,
    column,
    columns_of,
    set_of,
    set_of_width,
)
from cherryrec.features.page import page_with_tables
from cherryrec.features.sources import Newest, State

__all__ = [
    "ALL_FEATURES",
    "BLOCKS",
    "CONTEXT",
    "FEATURES",
    "FEATURE_SET",
    "FEATURE_SETS",
    "GATED",
    "GATING",
    "HALF_LIVES_S",
    "HISTORY_LENGTHS",
    "Newest",
    "State",
    "check_times",
    "column",
    "columns_of",
    "evaluated",
    "feature_matrix",
    "newest_used",
    "of_width",
    "page_with_tables",
    "probes",
    "set_of",
    "set_of_width",
    "width_with",
    "with_evaluations",
]
