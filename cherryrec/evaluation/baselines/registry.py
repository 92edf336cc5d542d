"""The baselines by name: what `--baselines` may say, and how each is built."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cherryrec.errors import ConfigError
from cherryrec.evaluation.baselines.base import Baseline, FeatureBaseline
from cherryrec.evaluation.baselines.item_knn import ItemKnn
from cherryrec.evaluation.baselines.lambdamart import LambdaMart
from cherryrec.evaluation.baselines.listwise_linear import ListwiseSoftmax
from cherryrec.evaluation.baselines.random_order import RandomOrder
from cherryrec.evaluation.baselines.recent_popularity import RecentPopularity
from cherryrec.evaluation.baselines.smoothed_ctr import SmoothedCtr
from cherryrec.evaluation.baselines.title_match import TitleMatch
from cherryrec.evaluation.baselines.topic_pop import TopicPop
from cherryrec.evaluation.baselines.vsknn import Vsknn
from cherryrec.evaluation.mind_rows import MindArticle
from cherryrec.vans import Feature

__all__ = [
    "FEATURE_BASELINES",
    "ROW_BASELINES",
    "STANDARD",
    "Baselines",
    "baseline_names",
    "build_baselines",
]

STANDARD = ("random", "recent-popularity", "smoothed-ctr", "topic-pop")
"""The cheap ones, which a replay is judged beside unless it is told otherwise."""

ROW_BASELINES = (*STANDARD, "title-match", "item-knn", "v-sknn")
"""All that need only the row of the log, in the order of the tables."""

FEATURE_BASELINES = ("listwise-linear", "lambdamart")
"""Those that learn from CherryRec's feature matrix; they come last in the tables."""

_KEYWORDS = {"none": (), "standard": STANDARD, "all": (*ROW_BASELINES, *FEATURE_BASELINES)}
_PRIOR = "ctr_6h"


@dataclass(frozen=True, slots=True)
class Baselines:
    """Baselines of both kinds, to be judged on the same impressions."""

    by_row: tuple[Baseline, ...] = ()
    by_features: tuple[FeatureBaseline, ...] = ()


def baseline_names(text: str) -> tuple[str, ...]:
    """Read `none`, `standard`, `all` or names separated by commas, in the order of the tables.

    Raises
    ------
    ConfigError
        A name is unknown.

    Examples
    --------
    >>> baseline_names("standard")
    ('random', 'recent-popularity', 'smoothed-ctr', 'topic-pop')
    >>> baseline_names("lambdamart, random")
    ('random', 'lambdamart')
    """
    if text in _KEYWORDS:
        return _KEYWORDS[text]
    known = _KEYWORDS["all"]
    wanted = {name.strip() for name in text.split(",")}
    unknown = sorted(wanted.difference(known))
    if unknown:
        msg = (
            "baselines must be none, standard, all or names separated by commas out of "
            f"{', '.join(known)}, got {', '.join(map(repr, unknown))}"
        )
        raise ConfigError(msg)
    return tuple(name for name in known if name in wanted)


def build_baselines(
    names: Sequence[str],
    articles: Mapping[str, MindArticle],
    features: tuple[Feature, ...],
    *,
    seed: int = 0,
) -> Baselines:
    """Build the named baselines with their default settings, in the order of the names.

    Parameters
    ----------
    names
        Out of `ROW_BASELINES` and `FEATURE_BASELINES`.
    articles
        The log's articles.
    features
        The columns of the feature matrices, in order.
    seed
        For those that draw; at least 0.
    """
    return Baselines(
        by_row=tuple(_by_row(name, articles, seed) for name in names if name in ROW_BASELINES),
        by_features=tuple(
            _by_features(name, features, seed) for name in names if name in FEATURE_BASELINES
        ),
    )


def _by_row(name: str, articles: Mapping[str, MindArticle], seed: int) -> Baseline:
    """Build one that needs only the row."""
    match name:
        case "random":
            return RandomOrder(seed)
        case "recent-popularity":
            return RecentPopularity()
        case "smoothed-ctr":
            return SmoothedCtr()
        case "topic-pop":
            return TopicPop(articles)
        case "title-match":
            return TitleMatch(articles)
        case "item-knn":
            return ItemKnn()
    assert name == "v-sknn", "the names above are all of ROW_BASELINES"
    return Vsknn()


def _by_features(name: str, features: tuple[Feature, ...], seed: int) -> FeatureBaseline:
    """Build one that needs the feature matrix."""
    if name == "listwise-linear":
        return ListwiseSoftmax(features)
    assert name == "lambdamart", "the names above are all of FEATURE_BASELINES"
    return LambdaMart(features, prior_feature=_PRIOR, seed=seed)
