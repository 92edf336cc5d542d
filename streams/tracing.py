"""Spans of a stream worker: a record read, the candidates selected, the slate ranked and sent.

The core knows nothing of it: when its selection was over is what the pipeline's stopwatch said,
all else is in the effects. Spans are made when an event is over, of times that were noted, so that
a deadline which found its request answered leaves none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from faust.types.tuples import Message

from cherryrec.events import Recommendation
from cherryrec.pipeline import Effects, Pipeline
from cherryrec.topics import TopicNames
from cherryrec.tracing import Header, Span, Tracer
from streams.engine import Delivery, by_broker

__all__ = ["TRACED", "RequestTraces", "Sending", "request_traces"]

TRACED = frozenset({"requests", "evaluations", "deadlines"})
"""Topics whose records are steps of a request; by name without prefix."""


class Sending:
    """A record on its way: its span, which ends when the brokers have it.

    Parameters
    ----------
    span
        Begun.
    now
        Wall-clock time in epoch seconds.
    """

    def __init__(self, span: Span, now: Callable[[], float]) -> None:
        self.headers = span.headers
        self._span = span
        self._now = now

    def done(self, delivery: Delivery) -> None:
        """End the span with the delivery, which may have failed."""
        has_failed = delivery.cancelled() or delivery.exception() is not None
        self._span.end(self._now(), failure="not_delivered" if has_failed else None)


class RequestTraces:
    """Makes the spans of the requests that go through a worker.

    Parameters
    ----------
    tracer
        Makes spans.
    names
        Full topic names.
    broker_clock
        The brokers' time in epoch seconds: how long a record has lain there.
    """

    def __init__(
        self, tracer: Tracer, names: TopicNames, *, broker_clock: Callable[[], float]
    ) -> None:
        self.now = tracer.now
        self._tracer = tracer
        self._names = names
        self._broker_clock = broker_clock

    def read(
        self, topic: str, message: Message, effects: Effects | None, *, started_s: float
    ) -> None:
        """Make the spans of a record that was read, and give its effects the headers to go on with.

        Parameters
        ----------
        topic
            Its name without prefix, one of `TRACED`.
        message
            The record.
        effects
            What followed; None: it was refused unanswered, or moved to another partition.
        started_s
            When the work on it began, in epoch seconds.
        """
        if effects is not None and effects.counted == "unchanged":
            return
        ended_s = self.now()
        taken_s = by_broker(message.timestamp, message.timestamp_type)
        lay_s = 0.0 if taken_s is None else max(0.0, self._broker_clock() - taken_s)
        lay_s = max(0.0, lay_s - (ended_s - started_s))  # it lay until the work began
        span = self._tracer.begin(
            f"read {topic}",
            "consumer",
            message.headers,
            started_s=started_s - lay_s,
            attributes={
                "messaging.system": "kafka",
                "messaging.operation.type": "process",
                "messaging.destination.name": message.topic,
                "messaging.destination.partition.id": str(message.partition),
                "messaging.kafka.offset": message.offset,
                "cherryrec.queue_ms": round(1e3 * lay_s, 3),
            },
        )
        if effects is None:
            span.end(ended_s, failure="refused_or_moved")
            return
        effects.headers = span.headers
        if effects.pending is not None:
            effects.pending = replace(effects.pending, headers=effects.headers)
        attributes: dict[str, str | int | float | bool] = {"cherryrec.counted": effects.counted}
        if effects.choice is not None:
            attributes["cherryrec.evaluation_choice"] = effects.choice.outcome
        if effects.spent is not None:
            attributes["cherryrec.evaluation_outcome"] = effects.spent.outcome
        ranked_from_s = started_s
        if effects.selected is not None:
            ranked_from_s = effects.selected.ended_s
            span.child(
                "select",
                started_s=started_s,
                ended_s=ranked_from_s,
                attributes={
                    "cherryrec.n_live": effects.selected.n_live,
                    "cherryrec.n_kept": effects.selected.n_kept,
                },
            )
        for send in effects.sends:
            if isinstance(send.event, Recommendation):
                attributes["cherryrec.request_id"] = send.event.request_id
                if send.event.stage is not None:
                    span.child(
                        "rank",
                        started_s=ranked_from_s,
                        ended_s=ended_s,
                        attributes=_ranking(send.event),
                    )
        span.end(ended_s, attributes=attributes)

    def sending(self, topic: str, headers: Sequence[Header]) -> Sending:
        """Begin the span of a record that is sent, under the one that these headers name."""
        span = self._tracer.begin(
            f"send {topic}",
            "producer",
            headers,
            started_s=self.now(),
            attributes={
                "messaging.system": "kafka",
                "messaging.operation.type": "send",
                "messaging.destination.name": self._names(topic),
            },
        )
        return Sending(span, self.now)


def request_traces(
    tracer: Tracer | None, pipeline: Pipeline, names: TopicNames, broker_clock: Callable[[], float]
) -> RequestTraces | None:
    """Have a pipeline's stages timed, and return what makes spans of them; None: traces are off."""
    if tracer is None:
        return None
    pipeline.stopwatch = tracer.now
    return RequestTraces(tracer, names, broker_clock=broker_clock)


def _ranking(slate: Recommendation) -> dict[str, str | int | float | bool]:
    """Say what a slate is, and nothing of whose it is."""
    return {
        "cherryrec.stage": slate.stage or "",
        "cherryrec.rung": slate.rung or "",
        "cherryrec.degraded": slate.degraded or "",
        "cherryrec.n_articles": len(slate.slate),
        "cherryrec.model_version": slate.versions.get("models", 0),
    }
