"""Why a slate is what it is: the exact score of each article, as numbers and in words."""

from __future__ import annotations

import msgspec

from cherryrec.catalogue import Catalogue
from cherryrec.events import Degraded, Recommendation, Recommended, Rung
from cherryrec.events.base import Count, Time
from cherryrec.features.words import sentence
from cherryrec.pipeline.waterfall import STAGES, TOLERANCE, difference, steps

__all__ = ["ExplainedArticle", "Explanation", "Step", "explain"]

POPULAR = "what is popular"


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One contribution to a score, the sum so far, and what it does in words."""

    name: str
    contribution: float
    so_far: float
    words: str


class ExplainedArticle(msgspec.Struct, frozen=True, kw_only=True):
    """An article's score as the sum of its contributions, the largest first.

    `is_exact` says that they sum to `score` within 1e-9. `title` is null where the article's own
    message is not known here.
    """

    article_id: str
    position: Count
    title: str | None
    score: float
    news_value: float
    evaluation: float | None
    is_trial: bool
    source: str | None
    is_exact: bool
    steps: tuple[Step, ...]


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """Why the slate of a request is what it is; `ranked_by` says by what, in words."""

    request_id: str
    user_id: str
    requested_at: Time
    ranked_by: str
    rung: Rung | None
    degraded: Degraded | None
    is_model_stale: bool
    versions: dict[str, int | str]
    timings_ms: dict[str, float]
    dropped: tuple[str, ...]
    articles: tuple[ExplainedArticle, ...]


def explain(slate: Recommendation, catalogue: Catalogue) -> Explanation:
    """Return the explanation of a slate, with titles and categories of a catalogue.

    Examples
    --------
    >>> from cherryrec.events import instant
    >>> item = Recommended(
    ...     article_id="a", position=0, score=0.5, news_value=0.4,
    ...     contributions={"age": -0.25, "ctr_1h": 0.75},
    ... )
    >>> slate = Recommendation(
    ...     request_id="r", user_id="u", requested_at=instant(0.0), slate=(item,), stage="learned"
    ... )
    >>> found = explain(slate, Catalogue((3600.0,)))
    >>> found.ranked_by, found.articles[0].is_exact
    ('the learned score (stage learned)', True)
    >>> [(step.name, step.so_far) for step in found.articles[0].steps]
    [('ctr_1h', 0.75), ('age', 0.5)]
    """
    return Explanation(
        request_id=slate.request_id,
        user_id=slate.user_id,
        requested_at=slate.requested_at,
        ranked_by=STAGES[slate.stage] if slate.stage else POPULAR,
        rung=slate.rung,
        degraded=slate.degraded,
        is_model_stale=slate.model_stale,
        versions=slate.versions,
        timings_ms=slate.timings_ms,
        dropped=slate.dropped,
        articles=tuple(_explained(item, catalogue) for item in slate.slate),
    )


def _explained(item: Recommended, catalogue: Catalogue) -> ExplainedArticle:
    row = catalogue.row_of.get(item.article_id)
    title = None if row is None else catalogue.titles[row] or None
    category = "" if row is None else catalogue.categories.name(int(catalogue.category[row]))
    return ExplainedArticle(
        article_id=item.article_id,
        position=item.position,
        title=title,
        score=item.score,
        news_value=item.news_value,
        evaluation=item.evaluation,
        is_trial=item.is_trial,
        source=item.source,
        is_exact=difference(item) <= TOLERANCE,
        steps=tuple(
            Step(
                name=name,
                contribution=value,
                so_far=so_far,
                words=sentence(name, value, category=category),
            )
            for name, value, so_far in steps(item)
        ),
    )
