"""A batch that cannot be read stops its own partition of a kafka-python consumer."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from kafka.errors import CorruptRecordError, GroupAuthorizationFailedError
from kafka.structs import TopicPartition

from gpu_worker.reading import Reading

A, B = TopicPartition("evaluation-requests", 0), TopicPartition("evaluation-requests", 1)


class Fetched:
    def __init__(self, place: TopicPartition, offset: int) -> None:
        self.topic_partition, self.next_fetch_offset = place, offset
        self.is_drained = False

    def drain(self) -> None:
        self.is_drained = True


class Consumer:
    """Polls made by hand: records, or what is raised with a fetch in hand."""

    def __init__(self, *polls: Any, fetched: Fetched | None = None) -> None:
        self._polls = list(polls)
        self._fetcher = SimpleNamespace(_next_partition_records=fetched)
        self._paused: set[TopicPartition] = set()

    def poll(self, **_: Any) -> Any:
        polled = self._polls.pop(0)
        if isinstance(polled, Exception):
            raise polled
        return polled

    def assignment(self) -> set[TopicPartition]:
        return {A, B}

    def pause(self, place: TopicPartition) -> None:
        self._paused.add(place)

    def paused(self) -> set[TopicPartition]:
        return set(self._paused)

    def resume(self, place: TopicPartition) -> None:
        self._paused.discard(place)


@pytest.mark.parametrize("error", [CorruptRecordError("crc"), RuntimeError("LZ4F_decompress")])
def test_bad_batch_stops_its_partition_until_it_can_be_read(error: Exception) -> None:
    bad = Fetched(B, 7)
    consumer = Consumer(error, {A: ["a"]}, {B: ["b"]}, fetched=bad)
    now_s = 0.0
    reading = Reading(retry_s=30.0, clock=lambda: now_s)

    first = reading.poll(consumer, timeout_ms=1)
    second = reading.poll(consumer, timeout_ms=1)
    stopped, reason = consumer.paused(), reading.reason
    now_s = 30.0
    third = reading.poll(consumer, timeout_ms=1)

    assert (first, second, third) == ({}, {A: ["a"]}, {B: ["b"]})
    assert bad.is_drained
    assert consumer._fetcher._next_partition_records is None
    assert stopped == {B}
    assert reason.startswith("evaluation-requests[1] at offset 7 (")
    assert (reading.reason, reading.n_unreadable) == ("", 1)
    assert consumer.paused() == set()


def test_what_is_no_fault_of_a_batch_is_raised() -> None:
    consumer = Consumer(GroupAuthorizationFailedError("no"), fetched=Fetched(B, 7))

    with pytest.raises(GroupAuthorizationFailedError):
        Reading().poll(consumer, timeout_ms=1)
    with pytest.raises(RuntimeError):
        Reading().poll(Consumer(RuntimeError("a bug")), timeout_ms=1)
