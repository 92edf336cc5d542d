"""The way out of a worker: messages encoded, counted by what they are, and sent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import msgspec

from cherryrec.codec import encode
from cherryrec.events import Deadline, FeedbackTick, Recommendation
from cherryrec.pipeline import Send
from cherryrec.topics import TopicNames
from streams.engine import BrokerClock, Delivery, Metrics, Sender
from streams.engine.producer import Header
from streams.model_age import ModelAge
from streams.tracing import RequestTraces

__all__ = ["Outbox"]


class Outbox:
    """Sends what the core says, each to its topic under the worker's prefix.

    Parameters
    ----------
    producer
        Where to.
    names
        Full topic names.
    metrics
        Where slates are counted.
    model_age
        Whether slates are ranked by an old model.
    broker_clock
        Told the stamps of what is acknowledged.
    clock
        Wall-clock time in epoch seconds.
    traces
        Makes spans of what is sent with a trace; None: traces are off.
    """

    def __init__(
        self,
        producer: Sender,
        names: TopicNames,
        *,
        metrics: Metrics,
        model_age: ModelAge,
        broker_clock: BrokerClock,
        clock: Callable[[], float],
        traces: RequestTraces | None = None,
    ) -> None:
        self._producer = producer
        self._names = names
        self._metrics = metrics
        self._model_age = model_age
        self._broker_clock = broker_clock
        self._clock = clock
        self._traces = traces

    async def send(self, send: Send, headers: Sequence[Header] = ()) -> Delivery:
        """Send one message, with the headers of the effects that it is one of."""
        if isinstance(send.event, Recommendation):
            send = self._counted(send, send.event)
        sending = None
        is_deadline = isinstance(send.event, Deadline)  # it carries the trace, and is no step of it
        if self._traces is not None and headers and not is_deadline:
            sending = self._traces.sending(send.topic, headers)
            headers = sending.headers
        delivery = await self._producer.send(
            self._names(send.topic),
            key=send.key.encode(),
            value=encode(send.event),
            partition=send.partition,
            headers=headers,
        )
        if sending is not None:
            delivery.add_done_callback(sending.done)
        if isinstance(send.event, Recommendation | FeedbackTick):
            delivery.add_done_callback(self._broker_clock.note)
        return delivery

    async def send_all(self, sends: Iterable[Send]) -> list[Delivery]:
        """Send messages one after the other, and let what else waits have its turn then."""
        deliveries = [await self.send(send) for send in sends]
        await asyncio.sleep(0)
        return deliveries

    def _counted(self, send: Send, slate: Recommendation) -> Send:
        """Count a slate; return it with its mark where its model is old."""
        self._metrics.recommendations.labels(slate.degraded or "", slate.rung or "").inc()
        self._metrics.stages.labels(slate.stage or "").inc()
        self._metrics.trials.inc(sum(item.is_trial for item in slate.slate))
        if not self._model_age.is_stale(self._clock()):
            return send
        self._metrics.stale_slates.inc()
        return replace(send, event=msgspec.structs.replace(slate, model_stale=True))
