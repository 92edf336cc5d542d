"""Protocol D: what a policy would have earned, told from a log of articles drawn at random.

`policy` says what a policy is asked and what it may learn, `simple_policies` and `our_policy` are
those judged, `judge` runs them over a log. `estimates` makes of the events of one policy its
click-through rate four ways, with intervals (`exact`) and the effective sample size;
`reward_model` is what the doubly robust one leans on. `uniformity` refuses a log that was not drawn
as it says. `results` and `tables` are what is written.

Nothing here is mixed with the other protocols: a display is one article, and its log names no
readers.
"""

from __future__ import annotations

from cherryrec.evaluation.random_logs.estimates import ESTIMATORS, Estimate, Evidence
from cherryrec.evaluation.random_logs.judge import Judged, displays_of, judge
from cherryrec.evaluation.random_logs.our_policy import OurPolicy
from cherryrec.evaluation.random_logs.policy import Policy, Question
from cherryrec.evaluation.random_logs.results import Results, results_of
from cherryrec.evaluation.random_logs.reward_model import ArticleRates
from cherryrec.evaluation.random_logs.simple_policies import (
    NewestPolicy,
    PopularPolicy,
    RandomPolicy,
)
from cherryrec.evaluation.random_logs.uniformity import Uniformity

__all__ = [
    "ESTIMATORS",
    "ArticleRates",
    "Estimate",
    "Evidence",
    "Judged",
    "NewestPolicy",
    "OurPolicy",
    "Policy",
    "PopularPolicy",
    "Question",
    "RandomPolicy",
    "Results",
    "Uniformity",
    "displays_of",
    "judge",
    "results_of",
]
