"""Reads partitions from their end: what is looked for is nearly always among the newest."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Any

import aiokafka
from aiokafka.structs import ConsumerRecord, TopicPartition

from streams.config import KafkaConfig
from streams.engine.reading import READ_COMMITTED, Reading

__all__ = ["newest_first"]

CHUNK = 2_000
"""Records of a partition that are fetched before it is looked further back."""

_FETCH_S = 0.2


async def newest_first(
    kafka: KafkaConfig, places: Sequence[TopicPartition]
) -> AsyncGenerator[ConsumerRecord]:
    """Yield the records of partitions, of each from the newest to the first, in turns."""
    consumer: Any = aiokafka.AIOKafkaConsumer(
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=4 << 20,
        isolation_level=READ_COMMITTED,
        **kafka.aiokafka_options(),
    )
    try:
        await consumer.start()
        consumer.assign(places)
        starts = await consumer.beginning_offsets(places)
        ends = await consumer.end_offsets(places)
        consumer.pause(*places)
        reading = Reading()
        while any(ends[place] > starts[place] for place in places):
            for place in places:
                first = max(starts[place], ends[place] - CHUNK)
                for record in reversed(await _chunk(reading, consumer, place, first, ends[place])):
                    yield record
                ends[place] = first
    finally:
        await consumer.stop()


async def _chunk(
    reading: Reading, consumer: Any, place: TopicPartition, first: int, end: int
) -> list[ConsumerRecord]:
    """Fetch the records of a partition from an offset until before another."""
    if first >= end:
        return []
    consumer.seek(place, first)
    consumer.resume(place)
    found: list[ConsumerRecord] = []
    while await consumer.position(place) < end:
        fetched = await reading.fetch(
            consumer, [place], timeout_s=_FETCH_S, max_records=end - first
        )
        found += [record for record in fetched.get(place, ()) if record.offset < end]
    consumer.pause(place)
    return found
