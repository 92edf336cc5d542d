"""One refused record is refused alone: the others of its producer are sent again, in order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from kafka.errors import KafkaTimeoutError, MessageSizeTooLargeError
from kafka.future import Future

from cherryrec.errors import BadMessage
from streams.producing import SafeProducer, check_size, record_bytes

BAD = b"too large"
LOST = b"lost"


class Broker:
    """What was taken, and how often a producer was made."""

    def __init__(self) -> None:
        self.taken: list[tuple[bytes | None, bytes | None]] = []
        self.n_producers = 0

    def producer(self) -> FakeProducer:
        self.n_producers += 1
        return FakeProducer(self)


class FakeProducer:
    """As kafka-python's idempotent producer: once a record is refused, all that follow are."""

    def __init__(self, broker: Broker) -> None:
        self.broker = broker
        self.failure: Exception | None = None
        self.waiting: list[tuple[Future, bytes | None, bytes | None]] = []

    def send(self, topic: str, *, key: Any, value: Any, partition: int | None) -> Future:
        future = Future()
        self.waiting.append((future, key, value))
        return future

    def flush(self) -> None:
        for future, key, value in self.waiting:
            if value == LOST:
                future.failure(KafkaTimeoutError("no answer"))
                continue
            if value == BAD and self.failure is None:
                self.failure = MessageSizeTooLargeError()
            if self.failure is not None:
                future.failure(self.failure)
            else:
                self.broker.taken.append((key, value))
                future.success(None)
        self.waiting = []

    def close(self, timeout: float | None = None) -> None:
        self.flush()


def sent(values: list[bytes], *, flush_every: int | None = None) -> tuple[Broker, dict[int, str]]:
    broker, refused = Broker(), dict[int, str]()
    producer = SafeProducer(broker.producer)

    def note(number: int) -> Callable[[Exception], None]:
        return lambda error: refused.__setitem__(number, type(error).__name__)

    for number, value in enumerate(values):
        producer.send("t", key=b"k", value=value, refused=note(number))
        if flush_every is not None and number % flush_every == 0:
            producer.flush()
    producer.close()
    return broker, refused


def test_only_the_refused_record_is_refused_and_the_others_keep_their_order() -> None:
    values = [b"%d" % n for n in range(1_000)]
    values[100] = BAD

    broker, refused = sent(values)

    assert refused == {100: "MessageSizeTooLargeError"}
    assert [value for _, value in broker.taken] == values[:100] + values[101:]
    assert broker.n_producers == 3  # at first, for the refused one, for those behind it


@pytest.mark.parametrize("flush_every", [None, 1, 7])
def test_each_of_many_refused_records_is_named(flush_every: int | None) -> None:
    values = [BAD if n % 10 in (0, 1) else b"%d" % n for n in range(200)]

    broker, refused = sent(values, flush_every=flush_every)

    assert sorted(refused) == [n for n in range(200) if n % 10 in (0, 1)]
    assert [value for _, value in broker.taken] == [value for value in values if value != BAD]


def test_record_that_the_cluster_did_not_answer_is_told_and_not_sent_again() -> None:
    broker, refused = sent([b"0", LOST, b"2"])

    assert refused == {1: "KafkaTimeoutError"}
    assert [value for _, value in broker.taken] == [b"0", b"2"]


def test_record_larger_than_its_topic_is_refused_with_the_limit() -> None:
    value = b"x" * 9_926  # a broker with max.message.bytes 10,000 takes this one, and no longer one

    check_size(b"kk", value, limit=10_000, topic="t")
    with pytest.raises(BadMessage, match=r"at most 10,000 bytes.*got 10,001 \(9,927 of"):
        check_size(b"kk", value + b"x", limit=10_000, topic="t")


@pytest.mark.parametrize("length", [0, 1, 63, 64, 8_191, 8_192, 1_048_556, 1 << 21])
def test_size_of_a_record_is_what_the_client_makes_of_it(length: int) -> None:
    from kafka.record.default_records import DefaultRecordBatchBuilder

    builder = DefaultRecordBatchBuilder(2, 0, 0, 0, 0, 0, 1 << 24)
    body = builder.size_in_bytes(0, 0, b"k" * 70, b"x" * length, [])

    assert record_bytes(b"k" * 70, b"x" * length) == 61 + body
