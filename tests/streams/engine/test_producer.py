from __future__ import annotations

import asyncio
from typing import Any

import pytest
from faust.exceptions import ProducerSendError

from streams.engine import FastProducer, RecordingSender

pytestmark = pytest.mark.asyncio


class Underlying:
    """aiokafka's producer as far as ours uses it: deliveries end when the test says so."""

    def __init__(self) -> None:
        self.deliveries: list[asyncio.Future[Any]] = []

    async def send(self, *_: Any, **__: Any) -> asyncio.Future[Any]:
        self.deliveries.append(asyncio.get_running_loop().create_future())
        return self.deliveries[-1]

    async def flush(self) -> None:
        if self.deliveries:
            await asyncio.wait(self.deliveries)


@pytest.fixture
def underlying(app: Any) -> Underlying:
    underlying = Underlying()
    app.producer._producer = underlying
    return underlying


async def test_flush_waits_for_what_was_sent(app: Any, underlying: Underlying) -> None:
    producer = FastProducer(app)
    await producer.send("t", key=b"k", value=b"v")

    flushing = asyncio.ensure_future(producer.flush())
    await asyncio.sleep(0.01)
    waited = not flushing.done()
    underlying.deliveries[0].set_result(None)
    await flushing

    assert waited


async def test_flush_after_a_failed_delivery_raises_so_that_no_offset_is_committed(
    app: Any, underlying: Underlying
) -> None:
    producer = FastProducer(app)
    await producer.send("t", key=b"k", value=b"v")

    underlying.deliveries[0].set_exception(ConnectionError("broker gone"))

    with pytest.raises(ProducerSendError, match="broker gone"):
        await producer.flush()
    with pytest.raises(ProducerSendError):
        await producer.flush()


async def test_failed_delivery_nobody_awaits_stops_the_worker(
    app: Any, underlying: Underlying
) -> None:
    await FastProducer(app).send("t", key=b"k", value=b"v")

    underlying.deliveries[0].set_exception(ConnectionError("broker gone"))
    await asyncio.sleep(0.01)

    assert app.producer.crashed


async def test_producer_is_idempotent_and_waits_for_all_replicas(app: Any) -> None:
    extra = app.producer._settings_extra()

    assert extra["enable_idempotence"] is True
    assert extra["acks"] == "all"


async def test_recording_sender_counts_offsets_by_topic_and_partition() -> None:
    sender = RecordingSender()

    places = [
        await (await sender.send(topic, key=b"k", value=b"v", partition=partition))
        for topic, partition in [("a", 0), ("a", 1), ("a", 0), ("b", 0)]
    ]

    assert [place.offset for place in places] == [0, 0, 1, 0]
