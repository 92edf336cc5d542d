"""A full message of every topic: each field that can be there is."""

from __future__ import annotations

import numpy as np

from cherryrec.codec import pack
from cherryrec.events import (
    ArticleActivity,
    CandidateText,
    Contrast,
    CoRead,
    DeadLetter,
    Deadline,
    Evaluation,
    EvaluationRequest,
    Event,
    Example,
    FeatureColumn,
    FeedbackTick,
    LoraPublished,
    ModelSnapshot,
    PromptProfile,
    Recommendation,
    Recommended,
    Shadow,
    SlateLabelled,
    TopicEpoch,
    instant,
)
from cherryrec.knrs import N_SIGNALS
from tests.worlds import START_S, article, click, impression, request, update

NOW = instant(START_S + 0.25)

MESSAGES: dict[str, Event] = {
    "articles": article(
        1,
        abstract="An abstract",
        body="A body",
        subcategory="football",
        source="The Gazette",
        entities=("Q42",),
        language="en",
        url="https://news.example/a1",
        published_at=NOW,
    ),
    "impressions": impression("i1", ["a1", "a2"], request_id="r1"),
    "clicks": click("a1", impression_id="i1", dwell_s=12.5),
    "profile-updates": update(
        role="Reader", fields=("physics",), collections=("x",), history=("a1",)
    ),
    "requests": request(
        "r1", candidates=["a1", "a2"], exclude=("a3",), deadline_ms=0, slate_size=7
    ),
    "article-activity": ArticleActivity(
        partition=2,
        bucket=3,
        as_of=START_S,
        articles=("a1",),
        counters=np.array([1.5, np.nan]).tobytes(),
        applied={"clicks": 7},
        seen=b"\x00\xff",
    ),
    "evaluation-requests": EvaluationRequest(
        request_id="r1",
        user_id="u",
        candidates=(CandidateText(article_id="a1", title="A title", category="news"),),
        profile=PromptProfile(role="Reader", fields=("x",), interests=("y",), history=("z",)),
        expires_at=START_S,
        seed=3,
    ),
    "evaluations": Evaluation(
        request_id="r1",
        user_id="u",
        evaluations={"a1": 0.75},
        model="small",
        prompt="p1",
        cached=True,
        error="late",
        tokens=7,
        wait_ms=1.5,
        compute_ms=2.5,
        share_ms=1.25,
    ),
    "lora-weights": LoraPublished(
        base="Qwen2-7B",
        path="/weights/2026-11-25",
        fingerprint="0123456789ab",
        published_at=NOW,
    ),
    "deadlines": Deadline(request_id="r1", user_id="u"),
    "feedback": FeedbackTick(partition=0, time=NOW),
    "examples": Example(
        example_id="i1",
        user_id="u",
        shown_at=NOW,
        articles=("a1",),
        clicked=(True,),
        feature_set="f1",
        features=b"\x00" * 8,
        metrics=b"\x00" * 20,
        evaluator="small",
        temperature=2.5,
        origin="click",
        signals=b"\x00" * 4 * N_SIGNALS,
        scores=b"\x00" * 4,
        others=Contrast(("a2",), b"\x00" * 4 * N_SIGNALS, 90),
        rivals=Contrast(("a3",), b"\x00" * 4 * N_SIGNALS, 9, b"\x00" * 4),
    ),
    "co-reads": CoRead(
        event=7, article_id="a1", reads=("a2",), clicked_at=NOW, begins_session=True
    ),
    "labelled-slates": SlateLabelled(
        slate_id="r1",
        shown_at=NOW,
        articles=("a1", "a2"),
        clicked=(False, True),
        categories=("news", ""),
        is_correction=True,
        origin="slate",
        is_given=True,
        shadow=Shadow(ranks=b"\x00" * 8, version=7, places=b"\x00" * 8, n_kept=20),
    ),
    "topic-epochs": TopicEpoch(topic="cherryrec.clicks", topic_id="3eee058e", epoch=1),
    "models": ModelSnapshot(
        model="cherryrec",
        version=7,
        feature_set="f1",
        n_examples=9,
        created_at=NOW,
        arrays={"w": pack(np.arange(6.0).reshape(2, 3))},
        applied={"0": 12},
        metrics={"auc": 0.75},
        features=(FeatureColumn(name="context_history", is_context=True),),
    ),
    "recommendations": Recommendation(
        request_id="r1",
        user_id="u",
        requested_at=NOW,
        slate=(
            Recommended(
                article_id="a1",
                position=0,
                score=0.5,
                news_value=0.25,
                contributions={"age": 0.5},
                evaluation=0.75,
                is_trial=True,
                source="rising",
            ),
        ),
        degraded="evaluation_late",
        rung="unevaluated",
        stage="learned",
        tokens=7,
        versions={"models": 7, "evaluator": "small"},
        timings_ms={"select": 1.5},
        temperature=2.5,
        dropped=("a9",),
        refused="slate_size must be above 0",
        model_stale=True,
    ),
    "dead-letters": DeadLetter(
        reason="not JSON",
        source_topic="cherryrec.clicks",
        source_partition=1,
        source_offset=7,
        received_at=NOW,
        key=b"u",
        value=b"\xff{",
        value_bytes=2,
        age_s=1.5,
    ),
}
"""Topic → one message of it."""
