"""CnLE: evaluations of a, b and d, log-odds over 2 against their mean, apart by articles read."""

from __future__ import annotations

from math import log

MEAN = (0.9 + 0.5 + 0.2) / 3
ODDS = {"a": log(9) / 2, "b": 0.0, "d": log(1 / 4) / 2}
MEAN_ODDS = sum(ODDS.values()) / 3
LOGIT = (ODDS["a"] - MEAN_ODDS, -MEAN_ODDS, 0.0, ODDS["d"] - MEAN_ODDS)
NONE = (0.0,) * 4

WORKED = {
    "evaluation": (0.9 - MEAN, 0.5 - MEAN, 0.0, 0.2 - MEAN),
    "has_evaluation": (1.0, 1.0, 0.0, 1.0),
    "evaluation_logit": LOGIT,
    "evaluation_if_0": (LOGIT, NONE, NONE, NONE),
    "evaluation_if_1_5": (NONE, LOGIT, NONE, NONE),
    "evaluation_if_6_20": (NONE, NONE, LOGIT, NONE),
    "evaluation_if_over_20": (NONE, NONE, NONE, LOGIT),
}
