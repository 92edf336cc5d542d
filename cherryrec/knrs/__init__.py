"""KnRS: the news value of every live article for one user, and the few that go on.

`metrics` computes the paper's f1 to f5 for all rows at once, a `NewsValue` makes one number of
them, as a weighted sum or a small network, and `select` keeps the quota. A `ValueLearner` learns
the news value from examples.
"""

from __future__ import annotations

from cherryrec.knrs.config import METRICS, VALUE_MODELS, KnrsConfig
from cherryrec.knrs.learners import ValueLearner, value_learner
from cherryrec.knrs.metrics import metrics
from cherryrec.knrs.select import Selection, n_kept, select
from cherryrec.knrs.values import LinearValue, NeuralValue, NewsValue, value_of

__all__ = [
    "METRICS",
    "VALUE_MODELS",
    "KnrsConfig",
    "LinearValue",
    "NeuralValue",
    "NewsValue",
    "Selection",
    "ValueLearner",
    "metrics",
    "n_kept",
    "select",
    "value_learner",
    "value_of",
]
