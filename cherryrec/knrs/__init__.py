"""KnRS: the news value of every live article for one user, and the few that go on.

`metrics` computes the paper's f1 to f5 for all rows at once, a `NewsValue` makes one number of
them, as a weighted sum or a small network, and `select` keeps the quota. A `ValueLearner` learns
the news value from examples.
"""

from __future__ import annotations

from cherryrec.knrs.config import LEFT_OUT, METRICS, SELECTORS, VALUE_MODELS, KnrsConfig
from cherryrec.knrs.considered import Considered, Place
from cherryrec.knrs.examples import RetrievalLearner, contrasted
from cherryrec.knrs.fusion import CatalogueOrder
from cherryrec.knrs.learners import ValueLearner, value_learner
from cherryrec.knrs.metrics import metrics
from cherryrec.knrs.retriever import ContrastLearner, Retriever
from cherryrec.knrs.select import Observe, Rivals, Selection, n_kept, select
from cherryrec.knrs.signals import N_SIGNALS, SIGNALS, signals
from cherryrec.knrs.sources import SOURCES
from cherryrec.knrs.values import LinearValue, NeuralValue, NewsValue, value_of

__all__ = [
    "LEFT_OUT",
    "METRICS",
    "N_SIGNALS",
    "SELECTORS",
    "SIGNALS",
    "SOURCES",
    "VALUE_MODELS",
    "CatalogueOrder",
    "Considered",
    "ContrastLearner",
    "KnrsConfig",
    "LinearValue",
    "NeuralValue",
    "NewsValue",
    "Observe",
    "Place",
    "RetrievalLearner",
    "Retriever",
    "Rivals",
    "Selection",
    "ValueLearner",
    "contrasted",
    "metrics",
    "n_kept",
    "select",
    "signals",
    "value_learner",
    "value_of",
]
