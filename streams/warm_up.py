"""A rehearsal before the first event: compiled loops are compiled, or read from disk, beforehand.

The first worker of an installation compiles for most of a minute (`cherryrec prepare` does it
beforehand), later ones read what it kept, in a second. Left
to the first request, its reader would wait, and so would heartbeats and deadlines: compiling does
not let go of the process.
"""

from __future__ import annotations

from dataclasses import replace

from cherryrec.events import (
    ArticlePublished,
    Click,
    CoRead,
    Example,
    FeedbackTick,
    Impression,
    ProfileUpdate,
    RecommendationRequest,
    SlateLabelled,
    instant,
)
from cherryrec.learner import SERVING, Learner, scorer_of
from cherryrec.pipeline import Effects, MemoryStore, Models, Pipeline, PipelineConfig, Position
from cherryrec.placement import partition_of

__all__ = ["warm_up", "warm_up_learner"]

N_ARTICLES = 8
DAY_S = 86_400.0
REFIT_WITHIN = 25
LEARNER_ROUNDS = 4 * REFIT_WITHIN + 5
"""Rounds after which a learner has run all its loops: boosting waits for four refits' worth."""


def warm_up(config: PipelineConfig, *, n_rounds: int = 3) -> None:
    """Send a reader of no one's through a pipeline of its own, from articles to learned labels.

    Parameters
    ----------
    config
        As the worker has it; CnLE is not asked, as nothing of it is compiled.
    n_rounds
        Impressions; three run all that a stream worker does.
    """
    partition_of(b"reader", 1)
    config = replace(config, evaluator=replace(config.evaluator, enabled=False))
    learner = Learner(config.knrs, config.vans)
    pipeline = Pipeline(
        config, Models(scorer=learner.vans), profiles=MemoryStore(), requests=MemoryStore()
    )
    articles = tuple(f"article-{number}" for number in range(N_ARTICLES))
    for number, article_id in enumerate(articles):
        article = ArticlePublished(
            article_id=article_id,
            title=f"Rehearsal number {number} begins",
            category=f"category-{number % 2}",
            published_at=instant(DAY_S),
        )
        pipeline.article(article_id, article, now=DAY_S)
    told = ProfileUpdate(user_id="reader", updated_at=instant(DAY_S), history=articles[:2])
    pipeline.profile_update(Position(0, 0), "reader", told)
    _choose(pipeline, DAY_S)
    for number in range(n_rounds):
        _round(pipeline, learner, articles, number, DAY_S * (number + 2))
        pipeline.models.scorer = scorer_of(learner.snapshot(SERVING), config.vans)
    pipeline.flush([0])
    assert learner.n_examples, "what the rehearsal does not learn is not compiled"


def warm_up_learner(config: PipelineConfig) -> None:
    """Compile what learning runs too: trees, which grow when there is something to grow them from.

    Parameters
    ----------
    config
        As the learner has it; refits come as often as usual at least.
    """
    vans = replace(
        config.vans,
        boost_every=min(config.vans.boost_every, REFIT_WITHIN),
        refit_every=min(config.vans.refit_every, REFIT_WITHIN),
    )
    warm_up(replace(config, vans=vans), n_rounds=LEARNER_ROUNDS)


def _round(
    pipeline: Pipeline, learner: Learner, articles: tuple[str, ...], number: int, time_s: float
) -> None:
    """Ask, show, click, let the attribution window pass, and learn from what is known then."""
    name, at = f"request-{number}", Position(0, number)
    asked = RecommendationRequest(
        request_id=name,
        user_id="reader",
        requested_at=instant(time_s),
        candidates=articles if number else None,
    )
    pipeline.request(at, asked, clock_s=time_s)
    shown = Impression(
        impression_id=name, user_id="reader", articles=articles, shown_at=instant(time_s)
    )
    clicked = Click(
        event_id=name,
        user_id="reader",
        article_id=articles[number % N_ARTICLES],
        clicked_at=instant(time_s),  # within any attribution window, one of 0 s included
        impression_id=name,
    )
    passed = FeedbackTick(partition=0, time=instant(time_s + DAY_S / 2))
    outcomes = (pipeline.impression(at, shown), pipeline.click(at, clicked), pipeline.tick(passed))
    for effects in outcomes:
        _learn(pipeline, learner, effects, number)


def _choose(pipeline: Pipeline, time_s: float) -> None:
    """Ask for one of the catalogue: where all are kept, nothing is bounded."""
    asked = RecommendationRequest(
        request_id="one", user_id="reader", requested_at=instant(time_s), slate_size=1
    )
    pipeline.preview(0, asked, config=replace(pipeline.config.knrs, floor=1))


def _learn(pipeline: Pipeline, learner: Learner, effects: Effects, offset: int) -> None:
    for send in effects.sends:
        if isinstance(send.event, Example):
            learner.learn(send.event, partition=0, offset=offset)
        elif isinstance(send.event, SlateLabelled):
            pipeline.labelled(send.event)
        elif isinstance(send.event, CoRead):
            pipeline.co_read(send.event)
    pipeline.forget(effects.closed)
