"""Batches from a stream: what is there now, acknowledged when the body is done with it.

Faust's `take` waits for a timer before it yields a batch that is not full, and pays the stream's
whole machinery for each event. `take_batches` reads the channel's queue: at low load a batch is
one event at once, at high load as many as are waiting.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from time import monotonic
from typing import Any, cast

import faust
from faust.types import EventT
from faust.types.channels import ChannelT
from mode.utils.futures import maybe_async

__all__ = ["raw_topic", "take_batches"]


def raw_topic(app: faust.App, name: str, *, partitions: int | None = None) -> Any:
    """Describe a topic of raw bytes, null values included, that exists already.

    Parameters
    ----------
    name
        Full topic name.
    partitions
        Used only where the topic is declared by Faust; normally absent.
    """
    return app.topic(
        name,
        key_type=bytes,
        value_type=bytes,
        key_serializer="raw",
        value_serializer="raw",
        allow_empty=True,
        internal=False,
        partitions=partitions,
    )


async def take_batches(
    stream: Any, *, max_events: int, within_s: float = 0.0, acknowledges: bool = True
) -> AsyncGenerator[list[EventT[Any]], None]:
    """Yield the events that wait, oldest first, until the stream stops.

    Parameters
    ----------
    stream
        The stream of an agent over one topic with concurrency 1.
    max_events
        The longest batch; above 0.
    within_s
        How long a batch that is not full waits for more, in seconds; 0 yields at once.
    acknowledges
        Whether a batch is acknowledged when the next one is asked for; if not, the caller does it.

    Yields
    ------
    list of events
        At least one. They are acknowledged when the next batch is asked for, so a body that
        raises leaves all of them unacknowledged: they are read again by the next worker.
    """
    assert max_events > 0, "a batch holds at least one event"
    channel = cast(ChannelT[Any], stream.channel)
    queue = channel.queue
    await stream.maybe_start()
    while not stream.should_stop:
        try:
            waiting = await _wait(queue, max_events, within_s)
        except StopAsyncIteration:  # how a stopping stream wakes its reader
            return
        batch = _current(stream, waiting)
        for processor in stream._processors:
            for event in batch:
                await maybe_async(processor(event.value))
        if batch:
            yield batch
            if acknowledges:
                for event in batch:
                    event.ack()


async def _wait(
    queue: asyncio.Queue[EventT[Any]], max_events: int, within_s: float
) -> list[EventT[Any]]:
    """Wait for one event, then take those that wait with it."""
    waiting = [await queue.get()]
    _drain(queue, waiting, max_events)
    if within_s > 0.0 and len(waiting) < max_events:
        await asyncio.sleep(within_s)
        _drain(queue, waiting, max_events)
    return waiting


def _drain(queue: asyncio.Queue[EventT[Any]], into: list[EventT[Any]], max_events: int) -> None:
    """Move what waits in the queue, up to the batch's bound."""
    while len(into) < max_events and not queue.empty():
        into.append(queue.get_nowait())


def _current(stream: Any, events: list[EventT[Any]]) -> list[EventT[Any]]:
    """Keep the events fetched under the present assignment, and track them until acknowledged.

    The others were fetched before a rebalance: whoever has the partition now fetches them again.
    """
    app = stream.app
    if not app.flow_control.is_active():
        return []
    generation = app.consumer_generation_id
    consumer = app.consumer
    acking = app.topics.acking_topics
    inbound = app.monitor.stream_inbound_time
    now = monotonic()
    current = []
    for event in events:
        message = event.message
        if message.generation_id != generation:
            continue
        if not message.tracked and message.topic in acking:
            message.tracked = True
            consumer.unacked.add(message)
        inbound[message.tp] = now
        current.append(event)
    return current
