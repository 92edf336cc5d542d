"""Faust's consumer thread, reading committed records with fetches that survive a bad batch."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, cast

import aiokafka
from aiokafka.structs import TopicPartition
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Transport
from faust.types import TP

from streams.engine.reading import READ_COMMITTED, Reading, log_ends

__all__ = ["CommittedThread"]


class CommittedThread(AIOKafkaConsumerThread):
    """The thread of a `DirectConsumer`.

    Faust reads committed records only where it writes transactions itself, which is not what the
    question is: other writers roll back.
    """

    def _create_worker_consumer(self, transport: Transport) -> aiokafka.AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        consumer._isolation_level = READ_COMMITTED
        return consumer

    async def _fetch_records(
        self,
        consumer: aiokafka.AIOKafkaConsumer,
        active_partitions: Collection[TP] | None,
        timeout: float | None = None,
        max_records: int | None = None,
    ) -> Any:
        """Fetch what can be read (replaces Faust's)."""
        if not self.consumer.flow_active:
            return {}
        reading: Reading = cast(Any, self.consumer.app).reading
        return await reading.fetch(
            consumer,
            cast(Collection[TopicPartition], active_partitions),
            timeout_s=timeout or 0.0,
            max_records=max_records or consumer._max_poll_records,
        )

    async def _highwaters(self, partitions: Collection[TP]) -> Mapping[TP, int]:
        """Return where streams can be read to, and where changelogs end (replaces Faust's).

        Nobody but the workers writes changelogs: a recovery that ended at somebody's open
        transaction there would go on without what the workers have written behind it.
        """
        consumer = self._ensure_consumer()
        changelogs = self.consumer.app.tables.changelog_topics
        ours = [TopicPartition(*tp) for tp in partitions if tp.topic in changelogs]
        streams = [TopicPartition(*tp) for tp in partitions if tp.topic not in changelogs]
        ends = await log_ends(consumer, ours) if ours else {}
        if streams:
            ends |= await consumer.end_offsets(streams)
        return {TP(place.topic, place.partition): end for place, end in ends.items()}
