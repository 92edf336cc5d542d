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
    Inquiry,
    ProfileUpdate,
    Recommendation,
    RecommendationRequest,
)
from cherryrec.pipeline import Effects, Pipeline, Position, refused_answer
from streams.agents.base import YIELD_EVERY, Answer, Apply, TopicRules
from streams.agents.inquiries import MOST_AT_ONCE, InquiryCall
from streams.config import StreamConfig

__all__ = ["AgentSpec", "agent_specs", "input_rules"]

_MS = 1_000.0


@dataclass(frozen=True, slots=True)
class AgentSpec:
    """One agent: how it reads, what it calls, and whether its counters must be flushed first.

    `answer` answers what it refuses; after `yield_every` events the other agents have their turn,
    and after a batch that took so long it rests for `pause_s`, in seconds. It takes `most_at_once`
    events at most, None: as many as the others.
    """

    rules: TopicRules
    apply: Apply[Event]
    is_held: bool = False
    answer: Answer | None = None
    yield_every: int = YIELD_EVERY
    pause_s: Callable[[float], float] | None = None
    most_at_once: int | None = None


def agent_specs(
    pipeline: Pipeline,
    *,
    clock: Callable[[], float],
    broker_clock: Callable[[], float] | None = None,
    config: StreamConfig,
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
    config
        How far ahead events may be, and what inquiries may take.
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

    rules = input_rules(max_future_s=config.max_future_s, max_embargo_s=config.max_embargo_s)
    yield AgentSpec(rules["articles"], article)
    yield AgentSpec(rules["impressions"], impression, is_held=True)
    yield AgentSpec(rules["clicks"], click, is_held=True)
    yield AgentSpec(rules["profile-updates"], profile_update, is_held=True)
    yield AgentSpec(
        rules["requests"],
        request,
        answer=lambda raw, reason, arrived_s: refused_answer(raw, reason, arrived_s=arrived_s),
    )
    inquiry = InquiryCall(
        pipeline,
        share=config.inquiry_share,
        late_s=config.inquiry_late_s,
        broker_clock=broker_clock or clock,
    )
    yield AgentSpec(
        rules["inquiries"],
        inquiry,
        answer=inquiry.refuse,
        yield_every=1,
        pause_s=inquiry.pause_s,
        most_at_once=MOST_AT_ONCE,
    )
    for topic, message, apply, key in (
        ("evaluations", Evaluation, evaluation, "user_id"),
        ("deadlines", Deadline, deadline, "user_id"),
        ("feedback", FeedbackTick, tick, None),
    ):
        yield AgentSpec(TopicRules(topic=topic, message=message, key=key), apply)


def input_rules(*, max_future_s: float, max_embargo_s: float) -> dict[str, TopicRules]:
    """Return how the messages of a site are read, by topic.

    Parameters
    ----------
    max_future_s, max_embargo_s
        See `TopicRules`; the second is that of articles.
    """
    of_users = (
        ("impressions", Impression, "shown_at"),
        ("clicks", Click, "clicked_at"),
        ("profile-updates", ProfileUpdate, "updated_at"),
        ("requests", RecommendationRequest, "requested_at"),
        ("inquiries", Inquiry, "asked_at"),
    )
    rules = [
        TopicRules(
            topic="articles",
            message=ArticlePublished,
            time="published_at",
            key="article_id",
            max_future_s=max_embargo_s,
        ),
        *(
            TopicRules(
                topic=topic,
                message=message,
                time=time,
                key="user_id",
                is_placed=True,
                max_future_s=max_future_s,
            )
            for topic, message, time in of_users
        ),
    ]
    return {one.topic: one for one in rules}


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
