"""Rankings that any recommender has to beat, judged on the same impressions as ours.

Each knows one thing only: nothing (`RandomOrder`), what everybody reads (`RecentPopularity`), what
is clicked when it is shown (`SmoothedCtr`), what resembles the user's reading (`TitleMatch`).
"""

from __future__ import annotations

from collections.abc import Mapping

from cherryrec.evaluation.baselines.base import Baseline
from cherryrec.evaluation.baselines.random_order import RandomOrder
from cherryrec.evaluation.baselines.recent_popularity import RecentPopularity
from cherryrec.evaluation.baselines.smoothed_ctr import SmoothedCtr
from cherryrec.evaluation.baselines.title_match import TitleMatch
from cherryrec.evaluation.mind_rows import MindArticle

__all__ = [
    "Baseline",
    "RandomOrder",
    "RecentPopularity",
    "SmoothedCtr",
    "TitleMatch",
    "all_baselines",
]


def all_baselines(articles: Mapping[str, MindArticle], *, seed: int = 0) -> tuple[Baseline, ...]:
    """Return the four baselines with their default settings, in the order of the tables."""
    return RandomOrder(seed), RecentPopularity(), SmoothedCtr(), TitleMatch(articles)
