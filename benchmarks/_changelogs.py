"""The changelogs of the workers' tables: filled from outside, kept whole, weighed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from aiokafka import AIOKafkaProducer
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType

from benchmarks._readers import Record
from cherryrec.topics import CHANGELOGS
from streams.config import KafkaConfig

__all__ = ["Weigher", "fill_changelogs", "keep_changelogs"]


def keep_changelogs(kafka: KafkaConfig) -> None:
    """Keep every record of the changelogs, so that they can be summed up."""
    admin = KafkaAdminClient(bootstrap_servers=kafka.bootstrap_servers)
    whole = {"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1"}
    admin.alter_configs(
        [
            ConfigResource(ConfigResourceType.TOPIC, f"{kafka.prefix}{name}", configs=whole)
            for name in CHANGELOGS
        ],
        incremental=True,
    )
    admin.close()


def fill_changelogs(kafka: KafkaConfig, records: Iterable[Record]) -> int:
    """Send records to the changelogs, as a worker has left them; return their bytes."""

    async def send() -> int:
        producer = AIOKafkaProducer(
            bootstrap_servers=kafka.bootstrap_servers, max_batch_size=1 << 18, linger_ms=20
        )
        await producer.start()
        n_bytes = 0
        try:
            for name, partition, key, value in records:
                await producer.send(f"{kafka.prefix}{name}", value, key=key, partition=partition)
                n_bytes += len(key) + len(value)
        finally:
            await producer.stop()
        return n_bytes

    return asyncio.run(send())


class Weigher:
    """Sums up what comes to the changelogs.

    Parameters
    ----------
    kafka
        The cluster; its changelogs are kept whole from now on.
    """

    def __init__(self, kafka: KafkaConfig) -> None:
        keep_changelogs(kafka)
        self._places = [
            TopicPartition(f"{kafka.prefix}{name}", number)
            for name in CHANGELOGS
            for number in range(kafka.partitions)
        ]
        self._consumer = KafkaConsumer(
            bootstrap_servers=kafka.bootstrap_servers, fetch_max_bytes=64 << 20
        )
        self._consumer.assign(self._places)
        self.skip()

    def skip(self) -> None:
        """Pass over what has come so far."""
        for place, end in self._consumer.end_offsets(self._places).items():
            self._consumer.seek(place, end)

    def bytes_since(self) -> int:
        """Return the bytes of keys and values that have come since this was last asked."""
        ends, total = self._consumer.end_offsets(self._places), 0
        while any(self._consumer.position(place) < ends[place] for place in self._places):
            for records in self._consumer.poll(1_000).values():
                total += sum(len(one.key or b"") + len(one.value or b"") for one in records)
        return total

    def close(self) -> None:
        """Close the connection."""
        self._consumer.close()
