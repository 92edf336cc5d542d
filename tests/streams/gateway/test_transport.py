"""The gateway's clients of Kafka: what fails unseen ends the process, and nothing is left open."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError
from aiokafka.structs import TopicPartition
from faust.types import TP

from cherryrec.supervised import Gates
from streams.config import KafkaConfig
from streams.engine.watchdog import Standing
from streams.gateway import transport
from streams.gateway.backwards import newest_first
from streams.gateway.feed import Feed
from streams.gateway.transport import KafkaTransport, Outgoing

pytestmark = pytest.mark.asyncio

CLICK = Outgoing("clicks", b"u", b"{}")


class Client:
    """Stands for aiokafka's: whether it was closed."""

    def __init__(self) -> None:
        self.is_closed = False

    async def close(self) -> None:
        self.is_closed = True


class Sender:
    """Stands for aiokafka's: cancelled once, it waits for what is in flight."""

    def __init__(self) -> None:
        self.sender_task = asyncio.create_task(self.run())

    async def run(self) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.Event().wait()


class SilentProducer:
    """Stands for aiokafka's over a broker that takes records and acknowledges none."""

    def __init__(self) -> None:
        self.client, self._sender = Client(), Sender()
        self._closed = False
        self.deliveries: list[asyncio.Future[Any]] = []

    async def send(self, *_: Any, **__: Any) -> asyncio.Future[Any]:
        self.deliveries.append(asyncio.get_running_loop().create_future())
        return self.deliveries[-1]

    async def flush(self) -> None:
        if self.deliveries:
            await asyncio.wait(self.deliveries)

    async def stop(self) -> None:
        self._closed = True
        await self.flush()


class ScriptedFollower:
    """Stands for a `Follower` that fails to catch up as often as it is told to."""

    def __init__(self, *failures: BaseException) -> None:
        self.failures = list(failures)
        self.should_stop, self.crashed = False, False
        self.place = Standing(5, 5)

    async def standings(self) -> dict[TP, Standing]:
        return {TP("t.clicks", 0): self.place}

    async def catch_up(self) -> None:
        if self.failures:
            raise self.failures.pop(0)

    async def stop(self) -> None:
        self.should_stop = True


class ScriptedTransport(KafkaTransport):
    """Starts what a test gives it, or raises it."""

    def __init__(self, producers: list[Any], follower: Any = None) -> None:
        self.gates, self.reasons = Gates(), list[str]()
        feed = Feed()
        feed.add("clicks", lambda _: None)
        super().__init__(
            KafkaConfig(),
            feed,
            self.gates,
            ack_wait_s=0.05,
            stall_s=0.05,
            end=self.reasons.append,
        )
        self._producers, self._scripted = producers, follower or ScriptedFollower()

    async def _started_producer(self) -> Any:
        producer = self._producers.pop(0)
        if isinstance(producer, BaseException):
            raise producer
        return producer

    async def _started_follower(self) -> Any:
        return self._scripted

    async def until(self, *, are_open: bool) -> None:
        for _ in range(500):
            if self.reasons or are_open == self.gates.is_ready:
                return
            await asyncio.sleep(0.01)
        pytest.fail("it has neither connected nor ended")


@pytest.fixture(autouse=True)
def little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "_LAST_S", 0.1)
    monkeypatch.setattr(transport, "_LOOK_S", 0.02)


@pytest.fixture
async def silent() -> AsyncIterator[SilentProducer]:
    producer = SilentProducer()
    yield producer
    while not producer._sender.sender_task.done():
        producer._sender.sender_task.cancel()
        await asyncio.sleep(0)


async def test_what_fails_while_it_connects_ends_the_process_with_the_reason() -> None:
    gateway = ScriptedTransport([TypeError("a fault of ours")])

    await gateway.start()
    await gateway.until(are_open=True)
    await gateway.stop()

    assert gateway.reasons == [
        "connecting to Kafka has failed, and would not be tried again: TypeError('a fault of ours')"
    ]


async def test_a_followed_topic_that_stands_still_closes_the_gate(silent: SilentProducer) -> None:
    follower = ScriptedFollower()
    gateway = ScriptedTransport([silent], follower)
    await gateway.start()
    await gateway.until(are_open=True)

    follower.place = Standing(5, 9)
    await gateway.until(are_open=False)
    closed = gateway.gates.closed()
    follower.place = Standing(9, 9)
    await gateway.until(are_open=True)
    await gateway.stop()

    assert closed == {
        "following": "messages have waited for 0.05 s and none was taken: t.clicks[0] (4 messages)"
    }


async def test_a_broker_that_goes_while_it_catches_up_is_waited_for(silent: SilentProducer) -> None:
    follower = ScriptedFollower(KafkaConnectionError("gone"), TimeoutError())
    gateway = ScriptedTransport([silent], follower)

    await gateway.start()
    await gateway.until(are_open=True)
    await gateway.stop()

    assert gateway.reasons == []
    assert follower.should_stop


async def test_a_new_producer_that_cannot_be_made_ends_the_process(silent: SilentProducer) -> None:
    gateway = ScriptedTransport([silent, TypeError("a fault of ours")])
    await gateway.start()
    await gateway.until(are_open=True)

    await gateway.send_all([CLICK, CLICK])
    for number, error in enumerate((ValueError("odd"), transport.KafkaError("refused"))):
        silent.deliveries[number].set_exception(error)
    await gateway.until(are_open=False)
    await gateway.stop()

    assert gateway.reasons == [
        "a new producer has failed, and would not be tried again: TypeError('a fault of ours')"
    ]


async def test_a_producer_that_nobody_acknowledges_is_closed_all_the_same(
    silent: SilentProducer,
) -> None:
    gateway = ScriptedTransport([silent])
    await gateway.start()
    await gateway.until(are_open=True)
    (result,) = await gateway.send_all([CLICK])

    await gateway.stop()

    assert "it has not" in str(result)
    assert silent.client.is_closed
    assert silent._closed
    assert silent._sender.sender_task.done()
    assert [one.cancelled() for one in silent.deliveries] == [True]


async def test_a_search_whose_consumer_cannot_start_closes_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stopped: list[bool] = []

    class FailingConsumer:
        def __init__(self, **_: Any) -> None:
            pass

        async def start(self) -> None:
            msg = "no broker"
            raise KafkaConnectionError(msg)

        async def stop(self) -> None:
            stopped.append(True)

    monkeypatch.setattr("aiokafka.AIOKafkaConsumer", FailingConsumer)

    async with aclosing(newest_first(KafkaConfig(), [TopicPartition("t", 0)])) as records:
        with pytest.raises(KafkaConnectionError):
            await anext(records)

    assert stopped == [True]
