from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
import pytest_asyncio
from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition
from faust.types import TP

from streams.engine import raw_topic

pytestmark = pytest.mark.asyncio


class Kafka:
    """A consumer with one subscribed channel and fetches made by hand."""

    def __init__(self, app: Any, tp: TP) -> None:
        self.app = app
        self.tp = tp
        self.consumer = app.consumer
        self.consumer.highwater = lambda _: 100
        app.flow_control.resume()
        self.channel = raw_topic(app, tp.topic).clone(is_iterator=True, maxsize=4)
        app.topics._tp_index[tp].add(self.channel)
        app.topics._update_callback_map()

    async def deliver(self, *offsets: int) -> None:
        await self.consumer._deliver({self.tp: [self.record(o) for o in offsets]}, {self.tp})

    def record(self, offset: int) -> Any:
        return SimpleNamespace(
            topic=self.tp.topic, partition=self.tp.partition, offset=offset, timestamp=0,
            timestamp_type=0, headers=(), key=b"k", value=b"%d" % offset, checksum=None,
            serialized_key_size=1, serialized_value_size=1,
        )  # fmt: skip

    def received(self) -> list[int]:
        queue = self.channel.queue
        return [queue.get_nowait().message.offset for _ in range(queue.qsize())]


@pytest_asyncio.fixture
async def kafka(app: Any, source: TP) -> Kafka:
    return Kafka(app, source)


async def test_records_reach_the_channel_in_order(kafka: Kafka) -> None:
    await kafka.deliver(0, 1, 2)

    assert kafka.received() == [0, 1, 2]
    assert kafka.consumer._read_offset[kafka.tp] == 2


async def test_record_before_the_read_offset_is_dropped(kafka: Kafka) -> None:
    kafka.consumer._read_offset[kafka.tp] = 5

    await kafka.deliver(4, 5, 6)

    assert kafka.received() == [5, 6]


async def test_partition_that_is_not_active_gets_nothing(kafka: Kafka) -> None:
    await kafka.consumer._deliver({kafka.tp: [kafka.record(0)]}, set())

    assert kafka.received() == []


class Broker:
    """Where a consumer's fetches stand, and what its group has committed."""

    def __init__(self, kafka: Kafka, monkeypatch: pytest.MonkeyPatch, committed: Any) -> None:
        self.committed = committed
        self.seeks: list[str] = []
        self.failures = 0
        consumer = kafka.consumer
        monkeypatch.setattr(kafka.app.topics, "acks_enabled_for", lambda _: True)
        monkeypatch.setattr(consumer, "assignment", lambda: {kafka.tp})
        monkeypatch.setattr(consumer, "seek_to_committed", self.seek_to_committed)
        monkeypatch.setattr(consumer, "seek_wait", self.seek_wait)

    async def seek_to_committed(self) -> Any:
        if self.failures:
            self.failures -= 1
            raise KafkaError
        self.seeks.append("committed")
        return self.committed

    async def seek_wait(self, places: dict[TP, int]) -> None:
        self.seeks += [str(offset) for offset in places.values()]


async def drain(kafka: Kafka, monkeypatch: pytest.MonkeyPatch, *fetches: list[int]) -> None:
    """Drain some fetches."""
    left = list(fetches)
    service = SimpleNamespace(_stopped=asyncio.Event())

    async def fetch(_: float) -> Any:
        offsets = left.pop(0)
        if not left:
            service._stopped.set()
        return {kafka.tp: [kafka.record(offset) for offset in offsets]}, {kafka.tp}

    monkeypatch.setattr(kafka.consumer, "_wait_next_records", fetch)
    await kafka.consumer._drain_messages(service)


async def test_what_comes_while_a_recovery_ends_is_read_again_when_it_has_ended(
    kafka: Kafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Handed on before, it was lost as the channels were emptied, and committed as a gap."""
    broker = Broker(kafka, monkeypatch, {kafka.tp: 5})
    app, consumer = kafka.app, kafka.consumer
    app.rebalancing = True
    await drain(kafka, monkeypatch, [5, 6])
    await consumer.perform_seek()
    await drain(kafka, monkeypatch, [7, 8])
    app.flow_control.resume()
    before = kafka.received(), list(broker.seeks)

    app.rebalancing = False
    await drain(kafka, monkeypatch, [5, 6], [7, 8])

    assert before == ([], [])
    assert broker.seeks == ["committed"]
    assert kafka.received() == [5, 6, 7, 8]
    assert not consumer._gap[kafka.tp]


async def test_stream_of_which_nothing_is_committed_is_read_from_its_beginning(
    kafka: Kafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = Broker(kafka, monkeypatch, {kafka.tp: None})
    kafka.consumer._read_offset[kafka.tp] = 7
    await kafka.consumer.perform_seek()

    await drain(kafka, monkeypatch, [3, 4])

    assert broker.seeks == ["committed", "0"]
    assert kafka.received() == [3, 4]


async def test_rewind_that_fails_is_tried_again_before_anything_is_handed_on(
    kafka: Kafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = Broker(kafka, monkeypatch, {kafka.tp: 5})
    broker.failures = 1
    await kafka.consumer.perform_seek()

    await drain(kafka, monkeypatch, [9], [5])

    assert broker.seeks == ["committed"]
    assert kafka.received() == [5]


async def test_gap_ends_before_the_message_behind_it(
    kafka: Kafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gap counts as acknowledged; the message behind it counted too, before it was."""
    Broker(kafka, monkeypatch, {})
    kafka.consumer._read_offset[kafka.tp] = 5

    await kafka.deliver(9)

    gap = [(one.begin, one.end) for one in kafka.consumer._gap[kafka.tp]]
    assert gap == [(6, 9)]
    assert kafka.received() == [9]


async def test_suspended_flow_is_honoured_and_released_by_the_rebalance(kafka: Kafka) -> None:
    kafka.app.flow_control.suspend()
    delivering = asyncio.ensure_future(kafka.deliver(0, 1))
    await asyncio.sleep(0.01)
    waited = not delivering.done()

    kafka.consumer.stop_flow()
    await asyncio.wait_for(delivering, 1.0)

    assert waited
    assert kafka.received() == []


async def test_read_offset_set_by_a_rebalance_is_not_overwritten(kafka: Kafka) -> None:
    for offset in range(4):
        await kafka.deliver(offset)
    delivering = asyncio.ensure_future(kafka.deliver(4, 5, 6))
    await asyncio.sleep(0.01)
    assert not delivering.done(), "the channel is full"

    kafka.app.consumer_generation_id += 1
    kafka.consumer._read_offset[kafka.tp] = 2  # sought back to what was committed
    kafka.received()
    await asyncio.wait_for(delivering, 1.0)

    assert kafka.consumer._read_offset[kafka.tp] == 2


async def test_partition_of_a_filling_channel_is_not_fetched_until_it_has_room(
    kafka: Kafka,
) -> None:
    kafka.consumer._active_partitions = {kafka.tp}
    fetched = TopicPartition(*kafka.tp)  # as aiokafka names it

    await kafka.consumer._deliver({fetched: [kafka.record(o) for o in range(4)]}, {fetched})
    while_full = set(kafka.consumer._active_partitions)
    received = kafka.received()

    assert while_full == set()
    assert received == [0, 1, 2, 3]
    assert kafka.consumer._active_partitions == {kafka.tp}


async def test_full_channel_holds_the_consumer_until_it_is_read(kafka: Kafka) -> None:
    delivering = asyncio.ensure_future(kafka.deliver(*range(6)))
    await asyncio.sleep(0.01)
    waited = not delivering.done()

    seen = kafka.received()
    await asyncio.sleep(0.01)
    seen += kafka.received()
    await asyncio.wait_for(delivering, 1.0)

    assert waited
    assert sorted(seen + kafka.received()) == [0, 1, 2, 3, 4, 5]
