"""Partition counts that are not as they must be end a worker, with a sentence."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from streams.engine import Gates
from streams.partition_counts import PartitionWatch

pytestmark = pytest.mark.asyncio

WANTED = {"clicks": 4, "models": 1}


class Kafka:
    """Answers with counts, or not at all."""

    def __init__(self) -> None:
        self.counts: dict[str, int] | None = dict(WANTED)

    async def __call__(self) -> Mapping[str, int]:
        if self.counts is None:
            msg = "no broker"
            raise OSError(msg)
        return self.counts


async def test_a_count_that_changes_closes_the_gate_and_ends_the_worker() -> None:
    kafka, gates, reasons = Kafka(), Gates(), list[str]()
    watch = PartitionWatch(kafka, WANTED, gates, every_s=0.01, end=reasons.append)
    await watch.start()
    await watch.sleep(0.05)
    before = list(reasons)

    kafka.counts = {"clicks": 8, "models": 1}
    await watch.sleep(0.1)
    await watch.stop()

    (reason,) = reasons
    assert before == []
    assert reason.startswith("topic 'clicks' must have 4 partitions, got 8: nothing is read before")
    assert gates.closed() == {"partitions": reason}


async def test_a_kafka_that_does_not_answer_ends_no_worker() -> None:
    kafka, gates = Kafka(), Gates()
    kafka.counts = None

    assert await PartitionWatch(kafka, WANTED, gates, end=print).look() is None
    assert gates.is_ready


async def test_a_topic_that_is_not_there_is_the_business_of_other_checks() -> None:
    kafka, gates = Kafka(), Gates()
    kafka.counts = {"models": 1}

    assert await PartitionWatch(kafka, WANTED, gates, end=print).look() is None
