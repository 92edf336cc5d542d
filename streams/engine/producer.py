"""Sending bytes with one await a message, and never committing past a failed delivery.

Faust's `topic.send` makes a promise, an event and two sensor calls a message (about 400 µs);
`FastProducer.send` goes to the same underlying producer directly (about 15 µs). Faust flushes
that producer before it commits offsets, so what an event caused is acknowledged before the event
is; and because a flush does not look at the results, `CheckedProducer` does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, cast

import faust
from aiokafka.structs import RecordMetadata, TopicPartition
from faust.exceptions import ProducerSendError
from faust.transport.drivers.aiokafka import Producer

__all__ = ["CheckedProducer", "Delivery", "FastProducer", "RecordingSender", "Sender"]

Delivery = asyncio.Future[RecordMetadata]
"""Resolves to the message's place when the brokers have acknowledged it."""

Header = tuple[str, bytes]


class Sender(Protocol):
    """Sends bytes to topics: the seam between agents and Kafka."""

    async def send(
        self,
        topic: str,
        *,
        key: bytes | None,
        value: bytes | None,
        partition: int | None = None,
        headers: Sequence[Header] = (),
    ) -> Delivery:
        """Send one message; the returned future resolves on acknowledgement."""
        ...

    async def flush(self) -> None:
        """Wait until everything sent so far is acknowledged; raise when something never was."""
        ...


class CheckedProducer(Producer):
    """Faust's producer, idempotent, and fatal when a delivery fails.

    Notes
    -----
    aiokafka's `flush` waits for batches and ignores how they ended, so that Faust would commit
    the offset of an event whose output was lost. Here `flush` raises, which stops the commit and
    the worker: its successor starts from what was committed.
    """

    _failure: BaseException | None = None
    _crashing: asyncio.Task[None] | None = None

    def _settings_extra(self) -> Mapping[str, Any]:
        """Retries keep the order of a partition and write no message twice."""
        return {**super()._settings_extra(), "acks": "all", "enable_idempotence": True}

    async def send_bytes(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        partition: int | None,
        headers: Sequence[Header] = (),
    ) -> Delivery:
        """Hand one message to the underlying producer and watch its delivery."""
        cast(Any, self.transport.app).lease.check()
        delivery = cast(
            Delivery,
            await self._ensure_producer().send(
                topic, value, key=key, partition=partition, headers=list(headers) or None
            ),
        )
        delivery.add_done_callback(self._watch)
        return delivery

    async def send(self, *args: Any, **kwargs: Any) -> Any:
        """Send as Faust does, watching the delivery all the same."""
        delivery = await super().send(*args, **kwargs)
        cast(Delivery, delivery).add_done_callback(self._watch)
        return delivery

    async def flush(self) -> None:
        """Wait for every message sent so far.

        Raises
        ------
        ProducerSendError
            One was not delivered, now or earlier.
        """
        await super().flush()
        await asyncio.sleep(0)
        if self._failure is not None:
            msg = f"a message was not delivered, offsets are not committed: {self._failure!r}"
            raise ProducerSendError(msg) from self._failure

    def _watch(self, delivery: Delivery) -> None:
        """Remember the first failure and stop the worker."""
        if delivery.cancelled():
            return
        failure = delivery.exception()
        if failure is not None and self._failure is None:
            self._failure = failure
            self.log.error("a message was not delivered, stopping: %r", failure)
            self._crashing = asyncio.ensure_future(self.crash(failure))


class FastProducer:
    """The `Sender` of a running worker.

    Parameters
    ----------
    app
        The Faust app whose producer sends; it must have been made by `create_faust_app`.
    """

    def __init__(self, app: faust.App) -> None:
        self._app = app

    async def send(
        self,
        topic: str,
        *,
        key: bytes | None,
        value: bytes | None,
        partition: int | None = None,
        headers: Sequence[Header] = (),
    ) -> Delivery:
        """Send one message.

        Parameters
        ----------
        topic
            Full name of a topic that exists.
        key
            Decides the partition, as in every Kafka client, unless `partition` is given.
        value
            None is a tombstone.
        partition
            Explicit partition; absent: by the key.
        headers
            Names and values.

        Returns
        -------
        Delivery
            Resolves on acknowledgement. Need not be awaited: a failed delivery stops the worker
            before any offset is committed past it.
        """
        producer = cast(CheckedProducer, self._app.producer)
        return await producer.send_bytes(topic, key, value, partition, headers)

    async def flush(self) -> None:
        """Wait until everything sent so far is acknowledged; raise when something never was."""
        await self._app.producer.flush()


class RecordingSender:
    """A `Sender` that keeps what it is given, for tests: acknowledges at once, or when told.

    Parameters
    ----------
    holds
        Leave deliveries open until `acknowledge` or `fail`.

    Examples
    --------
    >>> import asyncio
    >>> sender = RecordingSender()
    >>> async def main() -> int:
    ...     delivery = await sender.send("t", key=b"k", value=b"v", partition=3)
    ...     return (await delivery).offset
    >>> asyncio.run(main()), sender.sent
    (0, [('t', b'k', b'v', 3)])
    """

    def __init__(self, *, holds: bool = False) -> None:
        self.sent: list[tuple[str, bytes | None, bytes | None, int | None]] = []
        self.headers: list[tuple[Header, ...]] = []
        self._holds = holds
        self._open: list[tuple[Delivery, RecordMetadata]] = []
        self._next: dict[tuple[str, int], int] = {}

    async def send(
        self,
        topic: str,
        *,
        key: bytes | None,
        value: bytes | None,
        partition: int | None = None,
        headers: Sequence[Header] = (),
    ) -> Delivery:
        """Keep one message."""
        self.sent.append((topic, key, value, partition))
        self.headers.append(tuple(headers))
        place = (topic, partition or 0)
        offset = self._next.get(place, 0)
        self._next[place] = offset + 1
        delivery: Delivery = asyncio.get_running_loop().create_future()
        tp = TopicPartition(*place)
        self._open.append((delivery, RecordMetadata(*place, tp, offset, 0, 0, 0)))
        if not self._holds:
            self.acknowledge()
        return delivery

    async def flush(self) -> None:
        """Acknowledge what is open."""
        self.acknowledge()
        await asyncio.sleep(0)

    def acknowledge(self) -> None:
        """Acknowledge what is open."""
        for delivery, place in self._open:
            delivery.set_result(place)
        self._open.clear()

    def fail(self, error: BaseException) -> None:
        """Fail what is open."""
        for delivery, _ in self._open:
            delivery.set_exception(error)
        self._open.clear()
