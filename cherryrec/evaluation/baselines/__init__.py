"""Rankings that any recommender has to beat, judged on the same impressions as ours.

Most know one thing only, from the row of the log: nothing (`RandomOrder`), what everybody reads
(`RecentPopularity`), what is clicked when it is shown (`SmoothedCtr`), what is popular in the
user's topics (`TopicPop`), what resembles the user's reading in words (`TitleMatch`) or in readers
(`ItemKnn`, `Vsknn`). Two know all that CherryRec knows, as they learn from its feature matrices:
`ListwiseSoftmax` online, `LambdaMart` in batches.
"""

from __future__ import annotations

from cherryrec.evaluation.baselines.base import Baseline, FeatureBaseline
from cherryrec.evaluation.baselines.item_knn import ItemKnn
from cherryrec.evaluation.baselines.lambdamart import LambdaMart
from cherryrec.evaluation.baselines.listwise_linear import ListwiseSoftmax
from cherryrec.evaluation.baselines.random_order import RandomOrder
from cherryrec.evaluation.baselines.readings import Readings
from cherryrec.evaluation.baselines.recent_popularity import RecentPopularity
from cherryrec.evaluation.baselines.registry import (
    FEATURE_BASELINES,
    ROW_BASELINES,
    STANDARD,
    Baselines,
    baseline_names,
    build_baselines,
)
from cherryrec.evaluation.baselines.smoothed_ctr import SmoothedCtr
from cherryrec.evaluation.baselines.title_match import TitleMatch
from cherryrec.evaluation.baselines.topic_pop import TopicPop
from cherryrec.evaluation.baselines.vsknn import Vsknn

__all__ = [
    "FEATURE_BASELINES",
    "ROW_BASELINES",
    "STANDARD",
    "Baseline",
    "Baselines",
    "FeatureBaseline",
    "ItemKnn",
    "LambdaMart",
    "ListwiseSoftmax",
    "RandomOrder",
    "Readings",
    "RecentPopularity",
    "SmoothedCtr",
    "TitleMatch",
    "TopicPop",
    "Vsknn",
    "baseline_names",
    "build_baselines",
]
