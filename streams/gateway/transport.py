"""The gateway's side of Kafka: one producer, one follower, and a loop that connects both.

The gateway listens before Kafka answers and goes on listening when it no longer does: what it then
cannot do it says, call by call.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Protocol

import aiokafka
from aiokafka.errors import KafkaError
from aiokafka.structs import ConsumerRecord, TopicPartition
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_exponential

from cherryrec.errors import BadMessage, CherryRecError, ServiceError
from cherryrec.placement import partition_of
from cherryrec.supervised import Gates
from cherryrec.topics import TopicNames, record_limit, topic_named
from streams.config import KafkaConfig
from streams.follow_gate import FollowGate
from streams.follower import Follower
from streams.gateway.backwards import newest_first
from streams.gateway.feed import Feed
from streams.kafka_errors import sentence
from streams.producing import check_size

__all__ = ["KafkaTransport", "Outgoing", "Transport"]

logger = logging.getLogger(__name__)

MAX_OPEN = 20_000
"""Records sent and not acknowledged yet; an idempotent producer never gives one up by itself."""

_MAX_REQUEST = 17 << 20
_LAST_S = 2.0
_LOOK_S = 2.0
_CANCELLED_S = 0.2


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A record to be sent: topic without the prefix, key, value (None: a tombstone), headers."""

    topic: str
    key: bytes
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


class Transport(Protocol):
    """What the gateway sends by and is fed by."""

    async def start(self) -> None:
        """Begin to connect; return at once."""
        ...

    async def stop(self) -> None:
        """Disconnect, within seconds."""
        ...

    async def send_all(
        self, outgoing: Sequence[Outgoing], *, within_s: float | None = None
    ) -> list[CherryRecError | None]:
        """Send records in their order, and wait until Kafka has acknowledged or refused each.

        Parameters
        ----------
        outgoing
            The records.
        within_s
            How long that may take where it is less than what Kafka may take, in seconds.

        Returns
        -------
        list of CherryRecError or None
            For each record None, a `BadMessage` if it is larger than its topic takes, or a
            `ServiceError` if Kafka has not acknowledged it, in time or at all; it may have it all
            the same.
        """
        ...

    def newest_first(self, topic: str, key: bytes | None) -> AsyncGenerator[ConsumerRecord]:
        """Yield the records of a topic, of each partition from the newest on.

        With a key those of its partition alone. Raises a `ServiceError` where Kafka does not
        answer.
        """
        ...


class KafkaTransport:
    """The real one.

    Parameters
    ----------
    kafka
        The cluster.
    feed
        Told of the records of the topics it names.
    gates
        `connected` is closed until Kafka answers, `following` until what was there is read, and
        while a followed topic stands still.
    ack_wait_s
        How long an acknowledgement is waited for, in seconds.
    stall_s
        How long a followed topic with messages waiting may stand still before `following` closes,
        in seconds.
    end
        Told why the process must end, to be started anew.
    """

    def __init__(
        self,
        kafka: KafkaConfig,
        feed: Feed,
        gates: Gates,
        *,
        ack_wait_s: float,
        stall_s: float,
        end: Callable[[str], None],
    ) -> None:
        self._kafka = kafka
        self._names = TopicNames(kafka.prefix)
        self._feed = feed
        self._gates = gates
        self._ack_wait_s = ack_wait_s
        self._stall_s = stall_s
        self._end = end
        self._producer: Any = None
        self._follower: Follower | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._renewing: asyncio.Task[None] | None = None
        self._open: set[asyncio.Future[Any]] = set()
        self._is_stopping = False

    async def start(self) -> None:
        """Begin to connect; return at once."""
        self._gates.close("connected", "Kafka has not answered yet")
        self._gates.close("following", "what is on the topics has not been read yet")
        self._connecting = self._begun(self._connect(), "connecting to Kafka")

    async def stop(self) -> None:
        """Disconnect; what Kafka does not acknowledge within two seconds is given up."""
        self._is_stopping = True
        for task in (self._connecting, self._renewing):
            if task is not None:
                task.cancel()
                await asyncio.wait([task])
        if self._producer is not None:
            await self._stop_producer(self._producer)
        if self._follower is not None:
            with contextlib.suppress(TimeoutError, KafkaError):
                await asyncio.wait_for(self._follower.stop(), _LAST_S)

    async def send_all(
        self, outgoing: Sequence[Outgoing], *, within_s: float | None = None
    ) -> list[CherryRecError | None]:
        """Send records and wait for the acknowledgements; see `Transport`."""
        wait_s = self._ack_wait_s if within_s is None else min(self._ack_wait_s, within_s)
        results: list[CherryRecError | None] = [None] * len(outgoing)
        open_: dict[int, asyncio.Future[Any]] = {}
        try:
            async with asyncio.timeout(wait_s):
                for number, one in enumerate(outgoing):
                    sent = await self._sent(one)
                    if isinstance(sent, CherryRecError):
                        results[number] = sent
                    else:
                        open_[number] = sent
                if open_:
                    await asyncio.wait(open_.values())
        except TimeoutError:
            pass
        for number in range(len(outgoing)):
            if results[number] is None:
                results[number] = self._result(outgoing[number], open_.get(number), wait_s)
        return results

    async def newest_first(self, topic: str, key: bytes | None) -> AsyncGenerator[ConsumerRecord]:
        """Yield the records of a topic from the newest on; see `Transport`."""
        self._check_connected()
        full = self._names(topic)
        try:
            numbers = sorted(await self._producer.partitions_for(full))
            if key is not None:
                numbers = [partition_of(key, len(numbers))]
            places = [TopicPartition(full, number) for number in numbers]
            async with aclosing(newest_first(self._kafka, places)) as records:
                async for record in records:
                    yield record
        except KafkaError as error:
            msg = f"Kafka must let {full!r} be read, got {sentence(error)}"
            raise ServiceError(msg) from error

    async def _sent(self, one: Outgoing) -> CherryRecError | asyncio.Future[Any]:
        """Hand a record to the producer; return what will say whether Kafka has it, or why not."""
        topic = self._names(one.topic)
        try:
            limit = record_limit(topic_named(one.topic))
            check_size(one.key, one.value, limit=limit, topic=topic)
            self._check_connected()
            delivery: asyncio.Future[Any] = await self._producer.send(
                topic, one.value, key=one.key, headers=list(one.headers) or None
            )
        except (BadMessage, ServiceError) as error:
            return error
        except KafkaError as error:
            return _not_taken(topic, error)
        self._open.add(delivery)
        delivery.add_done_callback(self._delivered)
        return delivery

    def _check_connected(self) -> None:
        """Raise a `ServiceError` where waiting for Kafka would be in vain."""
        closed = self._gates.closed()
        reason = closed.get("connected") or closed.get("kafka")
        if self._producer is None or reason is not None:
            msg = f"Kafka at {self._kafka.bootstrap_servers} must answer: {reason or 'not yet'}"
            raise ServiceError(msg)
        if len(self._open) >= MAX_OPEN:
            msg = f"Kafka must acknowledge what was sent before: {len(self._open):,} records wait"
            raise ServiceError(msg)

    def _result(
        self, one: Outgoing, delivery: asyncio.Future[Any] | None, wait_s: float
    ) -> ServiceError | None:
        """Say what has become of a record when its time is up."""
        if delivery is None or not delivery.done() or delivery.cancelled():
            msg = (
                f"Kafka must acknowledge within {wait_s:g} s, it has not: it may have "
                "the message all the same; send it again with the same ids"
            )
            return ServiceError(msg)
        error = delivery.exception()
        return None if error is None else _not_taken(self._names(one.topic), error)

    def _delivered(self, delivery: asyncio.Future[Any]) -> None:
        """Count a record as no longer open; begin anew where an idempotent producer is stuck."""
        self._open.discard(delivery)
        if delivery.cancelled():
            return
        error = delivery.exception()
        is_stuck = isinstance(error, KafkaError) and not error.retriable
        is_renewed = self._is_stopping or (self._renewing is not None and not self._renewing.done())
        if is_stuck and not is_renewed:
            logger.error("Kafka refused a record, going on with a new producer: %r", error)
            self._renewing = self._begun(self._renew(), "a new producer")

    def _begun(self, work: Coroutine[Any, Any, None], what: str) -> asyncio.Task[None]:
        """Begin what nobody waits for: if it fails, the process ends with the reason."""
        task = asyncio.create_task(work, name=what)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            logger.error("%s has failed", task.get_name(), exc_info=error)
            self._end(f"{task.get_name()} has failed, and would not be tried again: {error!r}")

    async def _renew(self) -> None:
        before, self._producer = self._producer, None
        await self._stop_producer(before)
        self._producer = await self._started_producer()

    async def _stop_producer(self, producer: Any) -> None:
        """Stop a producer; what Kafka does not acknowledge within two seconds is given up.

        aiokafka's own stop waits for it without end, and one that is cancelled goes on sending.
        """
        try:
            await asyncio.wait_for(producer.flush(), _LAST_S)
        except TimeoutError:
            producer._closed = True
            await producer.client.close()
            sending = producer._sender.sender_task
            while not sending.done():  # it waits for what is in flight, unless cancelled again
                sending.cancel()
                await asyncio.wait([sending], timeout=_CANCELLED_S)
            for delivery in tuple(self._open):
                delivery.cancel()
        else:
            with contextlib.suppress(TimeoutError, KafkaError):
                await asyncio.wait_for(producer.stop(), _LAST_S)

    async def _connect(self) -> None:
        """Start producer and follower, however long that takes, and read what is there."""
        self._producer = await self._started_producer()
        self._gates.open("connected")
        follower = await self._started_follower()
        self._follower = follower
        async for attempt in self._tries():
            with attempt:
                await follower.catch_up()
        self._gates.open("following")
        logger.info("follows %s", ", ".join(map(self._names, self._feed.topics)))
        gate = FollowGate(follower, self._gates, stall_s=self._stall_s)
        while not follower.should_stop:
            await asyncio.sleep(_LOOK_S)
            await gate.look()
        if follower.crashed:
            self._end("what follows the topics has failed: no answer would come any more")

    async def _started_producer(self) -> Any:
        async for attempt in self._tries():
            with attempt:
                producer = aiokafka.AIOKafkaProducer(
                    acks="all",
                    enable_idempotence=True,
                    max_request_size=_MAX_REQUEST,
                    **self._kafka.aiokafka_options(),
                )
                try:
                    await producer.start()
                except BaseException:
                    await producer.stop()
                    raise
        return producer

    async def _started_follower(self) -> Follower:
        async for attempt in self._tries():
            with attempt:
                follower = Follower(
                    self._feed.follow(self._names),
                    self._kafka.aiokafka_options(),
                    {self._names(topic): n for topic, n in self._feed.newest.items()},
                )
                try:
                    await follower.start()
                except (KafkaError, ServiceError, OSError) as error:
                    text = str(error) if isinstance(error, ServiceError) else sentence(error)
                    self._gates.close("following", text)
                    raise
        return follower

    def _tries(self) -> AsyncRetrying:
        return AsyncRetrying(
            retry=retry_if_exception_type((KafkaError, ServiceError, OSError)),
            wait=wait_exponential(0.2, max=2.0),
            before_sleep=self._say_why,
        )

    def _say_why(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome is not None else None
        if error is not None:
            text = str(error) if isinstance(error, ServiceError) else sentence(error)
            logger.warning("Kafka at %s must answer: %s", self._kafka.bootstrap_servers, text)


def _not_taken(topic: str, error: BaseException) -> ServiceError:
    return ServiceError(f"Kafka must take a record of {topic!r}, got {sentence(error)}")
