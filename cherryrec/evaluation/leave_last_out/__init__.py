"""Protocol B: each user's last article out of the whole catalogue, as the paper measures.

`dataset` makes the users' sequences (with `five_core`), `ranker` says what ranks articles by one
and finds where the held-out ones stand, `metrics` makes numbers of that, `results` sums them up and
`tables` shows them. The simple rankings have a file each: `popularity`, `newest`, `item_knn`,
`vsknn`, `markov`; `registry` knows them by name. `moments` puts all in the order of time, for what
is asked at the moment of the click: `served` (CherryRec) and the lists of `at_request`.
"""

from __future__ import annotations

from cherryrec.evaluation.leave_last_out.at_request import ranks_at_requests
from cherryrec.evaluation.leave_last_out.dataset import (
    CORE,
    LeaveLastOut,
    Split,
    Statistics,
    leave_last_out,
)
from cherryrec.evaluation.leave_last_out.metrics import (
    METRICS,
    N_RETRIEVED,
    is_retrieved,
    values_of_ranks,
)
from cherryrec.evaluation.leave_last_out.ranker import SequenceRanker, ranks_of_targets
from cherryrec.evaluation.leave_last_out.registry import SIMPLE
from cherryrec.evaluation.leave_last_out.results import Ranked, Results, Row, results_of
from cherryrec.evaluation.leave_last_out.retrieved import retrieved_by, sampled_users
from cherryrec.evaluation.leave_last_out.runs import KeptRuns, Run, RunKey

__all__ = [
    "CORE",
    "METRICS",
    "N_RETRIEVED",
    "SIMPLE",
    "KeptRuns",
    "LeaveLastOut",
    "Ranked",
    "Results",
    "Row",
    "Run",
    "RunKey",
    "SequenceRanker",
    "Split",
    "Statistics",
    "is_retrieved",
    "leave_last_out",
    "ranks_at_requests",
    "ranks_of_targets",
    "results_of",
    "retrieved_by",
    "sampled_users",
    "values_of_ranks",
]
