"""The agents, one per topic: which messages they read and which core call each event gets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import perf_counter

import msgspec

from cherryrec.events import (
    ArticlePublished,
    Click,
    Deadline,
    Evaluation,
    Event,
    FeedbackTick,
    Impression,
    ProfileUpdate,
    Recommendation,
    RecommendationRequest,
)
from cherryrec.pipeline import Effects, Pipeline, Position, refused_answer
from streams.agents.base import Answer, Apply, TopicRules

__all__ = ["AgentSpec", "agent_specs"]

_MS = 1_000.0


@dataclass(frozen=True, slots=True)
class AgentSpec:
    """One agent: how it reads, what it calls, and whether its counters must be flushed first.

    `answer` answers what it refuses.
    """

    rules: TopicRules
    apply: Apply[Event]
    is_held: bool = False
    answer: Answer | None = None


def agent_specs(
    pipeline: Pipeline,
    *,
    clock: Callable[[], float],
    broker_clock: Callable[[], float] | None = None,
    max_future_s: float,
    max_embargo_s: float,
    count_title: Callable[[str], None],
) -> Iterator[AgentSpec]:
    """Return the agents of a stream worker.

    Parameters
    ----------
    pipeline
        The core they call.
    clock
        Wall-clock time in epoch seconds, for the deadlines of requests.
    broker_clock
        The brokers' time in epoch seconds: how long a request lay there; absent, `clock`.
    max_future_s, max_embargo_s
        See `TopicRules`; the second is that of articles.
    count_title
        Told the title of every article that is accepted, once for the group.
    """

    def article(_: Position, _key: str, event: Event | None) -> Effects:
        # Every worker follows the topic for itself; this one reads it once for the group, so that
        # a bad message is written down once.
        if event is not None:
            assert isinstance(event, ArticlePublished)
            count_title(event.title)
        return Effects()

    def impression(at: Position, _: str, event: Event | None) -> Effects:
        assert isinstance(event, Impression)
        return pipeline.impression(at, event)

    def click(at: Position, _: str, event: Event | None) -> Effects:
        assert isinstance(event, Click)
        return pipeline.click(at, event)

    def profile_update(at: Position, key: str, event: Event | None) -> Effects:
        assert event is None or isinstance(event, ProfileUpdate)
        return pipeline.profile_update(at, key, event)

    def request(at: Position, _: str, event: Event | None) -> Effects:
        assert isinstance(event, RecommendationRequest)
        started = perf_counter()
        waited_s = max(0.0, (broker_clock or clock)() - at.arrived_s)
        effects = pipeline.request(at, event, clock_s=clock(), waited_s=waited_s)
        return _timed(effects, started)

    def evaluation(at: Position, _: str, event: Event | None) -> Effects:
        assert isinstance(event, Evaluation)
        started = perf_counter()
        return _timed(pipeline.evaluation(at, event), started, event)

    def deadline(at: Position, _: str, event: Event | None) -> Effects:
        assert isinstance(event, Deadline)
        started = perf_counter()
        return _timed(pipeline.deadline(at, event), started)

    def tick(_: Position, _key: str, event: Event | None) -> Effects:
        assert isinstance(event, FeedbackTick)
        return pipeline.tick(event)

    def rules(
        topic: str,
        message: type[Event],
        *,
        time: str | None = None,
        key: str | None = "user_id",
        is_placed: bool = False,
        most_ahead_s: float = max_future_s,
    ) -> TopicRules:
        return TopicRules(
            topic=topic,
            message=message,
            time=time,
            key=key,
            is_placed=is_placed,
            max_future_s=most_ahead_s,
        )

    articles = rules(
        "articles",
        ArticlePublished,
        time="published_at",
        key="article_id",
        most_ahead_s=max_embargo_s,
    )
    yield AgentSpec(articles, article)
    yield AgentSpec(
        rules("impressions", Impression, time="shown_at", is_placed=True), impression, is_held=True
    )
    yield AgentSpec(rules("clicks", Click, time="clicked_at", is_placed=True), click, is_held=True)
    yield AgentSpec(
        rules("profile-updates", ProfileUpdate, time="updated_at", is_placed=True),
        profile_update,
        is_held=True,
    )
    yield AgentSpec(
        rules("requests", RecommendationRequest, time="requested_at", is_placed=True),
        request,
        answer=lambda raw, reason, arrived_s: refused_answer(raw, reason, arrived_s=arrived_s),
    )
    yield AgentSpec(rules("evaluations", Evaluation), evaluation)
    yield AgentSpec(rules("deadlines", Deadline), deadline)
    yield AgentSpec(rules("feedback", FeedbackTick, key=None), tick)


def _timed(effects: Effects, started: float, evaluation: Evaluation | None = None) -> Effects:
    """Write into a recommendation how long its stages took, in milliseconds."""
    for index, send in enumerate(effects.sends):
        if isinstance(send.event, Recommendation):
            timings = {"worker": round((perf_counter() - started) * _MS, 3)}
            if evaluation is not None:
                timings |= {
                    "evaluation_wait": evaluation.wait_ms,
                    "evaluation_compute": evaluation.compute_ms,
                    "evaluation_share": evaluation.share_ms,
                }
            timed = msgspec.structs.replace(send.event, timings_ms=timings)
            effects.sends[index] = type(send)(send.topic, send.key, timed, send.partition)
    return effects
