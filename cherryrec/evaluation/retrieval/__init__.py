"""Protocol C: what a reader gets out of the whole catalogue, judged on what was clicked.

`moment` is a request out of a log, `judge` asks KnRS and VaNS (by `Pipeline.preview`) and the
baselines of `rankings` and `sequence_rankings` (`standard` lists them; `codes` numbers articles),
`ranks` finds where the clicked articles stand, `record` keeps that and
defines the metrics, `groups` and `summary` tell them by part of the log, hour, age and history,
`tables` and `pictures` show it.
"""

from __future__ import annotations

from cherryrec.evaluation.retrieval.codes import ArticleCodes
from cherryrec.evaluation.retrieval.judge import RetrievalJudge, Selector
from cherryrec.evaluation.retrieval.moment import SLATE_SIZE, Moment
from cherryrec.evaluation.retrieval.rankings import CatalogueRanking, Offer
from cherryrec.evaluation.retrieval.record import (
    RETRIEVAL_METRICS,
    Clicked,
    Places,
    RetrievalRecord,
)
from cherryrec.evaluation.retrieval.standard import standard_rankings
from cherryrec.evaluation.retrieval.summary import RetrievalSummary, summarise

__all__ = [
    "RETRIEVAL_METRICS",
    "SLATE_SIZE",
    "ArticleCodes",
    "CatalogueRanking",
    "Clicked",
    "Moment",
    "Offer",
    "Places",
    "RetrievalJudge",
    "RetrievalRecord",
    "RetrievalSummary",
    "Selector",
    "standard_rankings",
    "summarise",
]
