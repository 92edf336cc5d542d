"""A rehearsal before the first event: compiled loops are compiled, or read from disk, beforehand.

The first worker of an installation compiles for most of a minute (`cherryrec prepare` does it
beforehand), later ones read what it kept, in a second. Left
to the first request, its reader would wait, and so would heartbeats and deadlines: compiling does
not let go of the process.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cherryrec.events import (
    ArticlePublished,
    Click,
    Impression,
    ProfileUpdate,
    RecommendationRequest,
    instant,
)
from cherryrec.pipeline import PipelineConfig
from cherryrec.placement import partition_of
from cherryrec.system import PARTITION, LocalSystem
from cherryrec.text import SENTENCE_DIMENSIONS
from cherryrec.title_fit import TitleFitLearner

__all__ = ["warm_up", "warm_up_learner"]

N_ARTICLES = 8
DAY_S = 86_400.0
ROUND_S = DAY_S / 2
"""From a round's request to its end; longer windows are cut to it."""
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
    system = LocalSystem(_rehearsed(config), is_live=False)
    articles = tuple(f"article-{number}" for number in range(N_ARTICLES))
    for number, article_id in enumerate(articles):
        article = ArticlePublished(
            article_id=article_id,
            title=f"Rehearsal number {number} begins",
            category=f"category-{number % 2}",
            published_at=instant(DAY_S),
        )
        system.send(article)
    has_read = ProfileUpdate(user_id="reader", updated_at=instant(DAY_S), history=articles[:2])
    system.send(has_read)
    _choose(system, DAY_S)
    for number in range(n_rounds):
        _round(system, articles, number, DAY_S * (number + 2))
        system.publish()
    _choose(system, DAY_S * (n_rounds + 1))  # within the session of the last click
    system.pipeline.flush([PARTITION])
    assert system.learner.n_examples, "what the rehearsal does not learn is not compiled"


def warm_up_learner(config: PipelineConfig) -> None:
    """Compile what learning runs too: trees, which grow when there is something to grow them from.

    Parameters
    ----------
    config
        As the learner has it; refits come as often as usual at least.
    """
    often = [member.at_least_every(REFIT_WITHIN) for member in config.vans.stages]
    vans = config.vans.with_settings(*often)
    warm_up(replace(config, vans=vans), n_rounds=LEARNER_ROUNDS)
    titles = np.eye(2, SENTENCE_DIMENSIONS, dtype=np.float32)
    TitleFitLearner().learn(titles[0], titles, np.array([True, False]))  # runs with a model only


def _rehearsed(config: PipelineConfig) -> PipelineConfig:
    """Return settings without CnLE, and with windows that end within a round."""
    feedback = config.feedback
    return replace(
        config,
        evaluator=replace(config.evaluator, enabled=False),
        feedback=replace(
            feedback,
            attribution_window_s=min(feedback.attribution_window_s, ROUND_S),
            label_after_s=min(feedback.label_after_s, ROUND_S),
            correction_s=min(feedback.correction_s, ROUND_S),
        ),
    )


def _round(system: LocalSystem, articles: tuple[str, ...], number: int, time_s: float) -> None:
    """Ask, show, click, let the attribution window pass, and learn from what is known then."""
    name = f"request-{number}"
    asked = RecommendationRequest(
        request_id=name,
        user_id="reader",
        requested_at=instant(time_s),
        candidates=articles if number else None,
    )
    system.recommend(asked)
    shown = Impression(
        impression_id=name, user_id="reader", articles=articles, shown_at=instant(time_s)
    )
    system.send(shown)
    clicked = Click(
        event_id=name,
        user_id="reader",
        article_id=articles[number % N_ARTICLES],
        clicked_at=instant(time_s),  # within any attribution window, one of 0 s included
        impression_id=name,
    )
    system.send(clicked)
    system.advance(time_s + ROUND_S)


def _choose(system: LocalSystem, time_s: float) -> None:
    """Ask for two of the catalogue, without and with a place that is reserved.

    Where all are kept, nothing is bounded, and no source has a place to fill.
    """
    asked = RecommendationRequest(
        request_id="two", user_id="reader", requested_at=instant(time_s), slate_size=2
    )
    for reserved in (0.0, 0.5):
        config = replace(system.config.knrs, floor=2, reserved=reserved)
        system.pipeline.preview(PARTITION, asked, config=config)
