"""What every agent does with a batch: decode each event, one core call, send what follows.

Around one message only is any exception caught: it goes to `dead-letters` with its reason, the
others of its batch go on. State is seen by all agents at once and handed to the changelog after
the batch; offsets are committed later than both.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from time import perf_counter, time
from typing import Any, Generic, TypeVar

from faust.types import EventT
from faust.types.tuples import Message

from cherryrec.codec import decode
from cherryrec.errors import BadMessage
from cherryrec.events import Event, seconds
from cherryrec.pipeline import Effects, Position, Send
from cherryrec.topics import HEARTBEAT_KEY, topic_named
from streams.engine import (
    Arrivals,
    DeadLetters,
    Metrics,
    Mover,
    by_broker,
    is_vacated,
    origin_of,
    take_batches,
)
from streams.tracing import RequestTraces

__all__ = ["YIELD_EVERY", "Agent", "Answer", "Apply", "Deliver", "TopicRules"]

logger = logging.getLogger(__name__)

E = TypeVar("E", bound=Event)

Apply = Callable[[Position, str, E | None], Effects]
"""The core call: position, key, event (None for a tombstone) → what follows."""

Deliver = Callable[[Sequence[Effects]], Awaitable[None]]
"""Sends what followed from a batch and hands its state to the changelog."""

Answer = Callable[[bytes | None, str, float], Send | None]
"""What answers a refused message, of its value, the reason and its arrival; None: nothing can."""

YIELD_EVERY = 16
"""Events of one agent after which the others have their turn."""

TURN_S = 0.003
"""Work of one agent after which they have it too, in seconds: a slate of the site's own takes as
long as some requests do, and sixteen of them would hold up all that wait for an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicRules:
    """How the messages of a topic are read.

    Parameters
    ----------
    topic
        Name without prefix.
    message
        The struct its values decode into.
    time
        Field that holds the event time, which may be absent; None for topics without one.
    key
        Field the key must equal, or the partition would not be the user's; None: any key.
    is_placed
        Whether its records are moved to the partition of their key where another client put them
        elsewhere; one without a key takes what its `key` field says.
    max_future_s
        An event this much later than its arrival at the broker is refused, in seconds.
    """

    topic: str
    message: type[Event]
    time: str | None = None
    key: str | None = None
    is_placed: bool = False
    max_future_s: float = 600.0

    def read(
        self, raw_key: bytes | None, value: bytes | None, *, arrived_s: float
    ) -> tuple[str, Event | None]:
        """Decode a message to its key and event; None for a tombstone the topic allows.

        Parameters
        ----------
        raw_key, value
            As they came.
        arrived_s
            When it arrived, in epoch seconds; see `Arrivals`.

        Raises
        ------
        BadMessage
            With the reason.
        """
        rules = topic_named(self.topic)
        key = _text(raw_key)
        if value is None and rules.tombstone is not None:
            if not key:
                msg = f"key must name what the empty value {rules.tombstone.split()[0]}, got none"
                raise BadMessage(msg)
            return key, None
        event = decode(self.message, value, max_bytes=rules.max_message_bytes)
        if self.key is not None:
            wanted = getattr(event, self.key)
            if self.is_placed and not key:
                key = wanted
            if key != wanted:
                msg = f"key must be the {self.key} {wanted!r}, got {key!r}"
                raise BadMessage(msg)
        self.check_time(event, arrived_s=arrived_s)
        return key, event

    def check_time(self, event: Event, *, arrived_s: float) -> None:
        """Refuse an event of a time to come, as of its arrival in epoch seconds.

        Raises
        ------
        BadMessage
            It is more than `max_future_s` ahead.
        """
        time = None if self.time is None else getattr(event, self.time)
        if time is not None:
            ahead_s = seconds(time) - arrived_s
            if ahead_s > self.max_future_s:
                msg = (
                    f"{self.time} must be at most {self.max_future_s:g} s after its arrival, "
                    f"got {ahead_s:.0f} s: is the sender's clock right?"
                )
                raise BadMessage(msg)


def _text(key: bytes | None) -> str:
    if key is None:
        return ""
    try:
        return key.decode()
    except UnicodeDecodeError as error:
        msg = f"key must be UTF-8: {error}"
        raise BadMessage(msg) from error


def _offset(_: str, offset: int) -> int:
    return offset


class Agent(Generic[E]):
    """The agent of one topic.

    Parameters
    ----------
    rules
        How its messages are read.
    apply
        The core call for one event.
    deliver
        What is done with the effects of a batch.
    may_start
        Set when the worker has caught up with what every event needs.
    dead_letters, metrics
        Where refused messages go, and where all are counted.
    max_batch
        Events taken at once.
    hold
        Keeps the batch until its counters are flushed; None: acknowledge it at once.
    arrivals
        When records arrived.
    position
        Full name of a topic and Kafka's offset on it → the position that state keeps; see
        `Incarnations`. Absent: the offset.
    mover
        Moves records of topics that are placed.
    clock
        Wall-clock time in epoch seconds, for the age of events.
    answer
        Answers a refused message for who waits for one; None: nobody does.
    traces
        Makes spans of the messages; None: traces are off, or not of this topic.
    yield_every
        Events after which the other agents have their turn, above 0.
    pause_s
        How long to rest after a batch, of how long was worked on it, in seconds; None: not at all.
    """

    def __init__(
        self,
        rules: TopicRules,
        apply: Apply[E],
        *,
        deliver: Deliver,
        may_start: asyncio.Event,
        dead_letters: DeadLetters,
        metrics: Metrics,
        arrivals: Arrivals,
        mover: Mover,
        max_batch: int,
        hold: Callable[[Sequence[EventT[Any]]], None] | None = None,
        position: Callable[[str, int], int] = _offset,
        clock: Callable[[], float] = time,
        answer: Answer | None = None,
        traces: RequestTraces | None = None,
        yield_every: int = YIELD_EVERY,
        pause_s: Callable[[float], float] | None = None,
    ) -> None:
        self.rules = rules
        self._apply = apply
        self._deliver = deliver
        self._may_start = may_start
        self._dead_letters = dead_letters
        self._metrics = metrics
        self._arrivals = arrivals
        self._mover = mover
        self._max_batch = max_batch
        self._hold = hold
        self._position = position
        self._clock = clock
        self._answer = answer
        self._traces = traces
        self._yield_every = yield_every
        self._pause_s = pause_s
        self._waited_s = 0.0  # of the batch, for the brokers to have its dead letters

    async def run(self, stream: Any) -> None:
        """Work through the stream until it stops."""
        await self._may_start.wait()
        batches = take_batches(stream, max_events=self._max_batch, acknowledges=self._hold is None)
        async for batch in batches:
            started = perf_counter()
            first = batch[0].message
            taken_s = by_broker(first.timestamp, first.timestamp_type)
            worked_s = await self.work(batch)
            if self._hold is not None:
                self._hold(batch)
            topic = self.rules.topic
            self._metrics.batch_events.labels(topic).observe(len(batch))
            self._metrics.batch_s.labels(topic).observe(perf_counter() - started)
            if taken_s is not None:
                self._metrics.latency_s.labels(topic).observe(max(0.0, self._clock() - taken_s))
            if self._pause_s is not None:
                await asyncio.sleep(self._pause_s(worked_s))

    async def work(self, batch: Sequence[EventT[Any]]) -> float:
        """Apply a batch, deliver what follows, and return the seconds that applying took."""
        effects = []
        worked_s, turned_s, self._waited_s = 0.0, 0.0, 0.0
        one = self._one if self._traces is None else self._traced
        for number, event in enumerate(batch, start=1):
            started = perf_counter()
            outcome = await one(event.message)
            worked_s += perf_counter() - started
            if outcome is not None:
                effects.append(outcome)
            is_long = worked_s - turned_s >= TURN_S and number < len(batch)
            if is_long or number % self._yield_every == 0:
                await asyncio.sleep(0)
                turned_s = worked_s
        await self._deliver(effects)
        return worked_s - self._waited_s

    async def _one(self, message: Message) -> Effects | None:
        if message.value is None and message.key == HEARTBEAT_KEY:
            return None
        arrived_s = self._arrived_s(message)
        try:
            if self.rules.is_placed and self._is_elsewhere(message, message.key):
                await self._move(message, message.key)
                return None
            key, event = self.rules.read(message.key, message.value, arrived_s=arrived_s)
            lacks_key = self.rules.is_placed and not message.key
            if lacks_key and self._is_elsewhere(message, key.encode()):
                await self._move(message, key.encode())
                return None
            offset = self._position(message.topic, message.offset)
            at = Position(message.partition, offset, arrived_s)
            effects = self._apply(at, key, event)  # type: ignore[arg-type]
        except BadMessage as error:
            return await self._refuse(message, str(error), arrived_s)
        except Exception as error:
            logger.exception(
                "an event failed: %s[%d] offset %d",
                message.topic,
                message.partition,
                message.offset,
            )
            return await self._refuse(message, f"failed in the worker: {error!r}", arrived_s)
        self._metrics.count(self.rules.topic, effects.counted)
        if effects.weight != "counted":
            self._metrics.uncounted.labels(self.rules.topic, effects.weight).inc()
        if effects.taken is not None:
            self._metrics.taken.labels(self.rules.topic, effects.taken).inc()
        return effects

    async def _traced(self, message: Message) -> Effects | None:
        assert self._traces is not None, "chosen only where traces are on"
        started_s = self._traces.now()
        effects = await self._one(message)
        self._traces.read(self.rules.topic, message, effects, started_s=started_s)
        return effects

    def _is_elsewhere(self, message: Message, key: bytes | None) -> bool:
        """Whether a record does not lie where its key belongs, or only says that one lay here."""
        if message.headers and is_vacated(message):
            return True
        return bool(key) and self._mover.place_of(key or b"") != message.partition

    async def _move(self, message: Message, key: bytes | None) -> None:
        """Send a record to where its key belongs; what marks the place of one stays."""
        if not is_vacated(message):
            await self._mover.move(message, topic=self.rules.topic, key=key or b"")
        self._metrics.count(self.rules.topic, "moved")

    def _arrived_s(self, message: Message) -> float:
        """When a record arrived; one that was moved, when it first did."""
        arrived_s = self._arrivals.of(self.rules.topic, message.timestamp, message.timestamp_type)
        origin = origin_of(message.headers) if message.headers else None
        first_s = None if origin is None else origin.broker_s
        return arrived_s if first_s is None else min(arrived_s, first_s)

    async def _refuse(self, message: Message, reason: str, arrived_s: float) -> Effects | None:
        started = perf_counter()
        await self._dead_letters.send(message, reason)
        self._waited_s += perf_counter() - started
        self._metrics.count(self.rules.topic, "dead_lettered")
        send = None if self._answer is None else self._answer(message.value, reason, arrived_s)
        return None if send is None else Effects(sends=[send])
