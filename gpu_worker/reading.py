"""Polls of a kafka-python consumer in which a batch that cannot be read stops its partition alone.

kafka-python raises what it cannot decompress or what fails its checksum out of the poll, keeps the
spent fetch in hand, and in its next poll asks that for records without end. Here the fetch is put
away and its partition stands still; the others go on, and the batch is tried again now and then.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from kafka import KafkaConsumer
from kafka.consumer.fetcher import ConsumerRecord
from kafka.errors import CorruptRecordError, KafkaError, UnsupportedCodecError
from kafka.structs import TopicPartition

__all__ = ["READ_COMMITTED", "Reading"]

logger = logging.getLogger(__name__)

READ_COMMITTED = "read_committed"
"""Every consumer's `isolation_level`: what a writer's transaction rolled back was never said."""

RETRY_S = 30.0


class Reading:
    """Polls one consumer, and knows which of its partitions cannot be read on.

    Parameters
    ----------
    retry_s
        Time until a batch that could not be read is tried again, in seconds; above 0.
    clock
        Monotonic seconds.
    """

    def __init__(
        self, *, retry_s: float = RETRY_S, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._retry_s = retry_s
        self._clock = clock
        self._stopped: dict[TopicPartition, tuple[float, str]] = {}
        self.n_unreadable = 0

    @property
    def reason(self) -> str:
        """Which partitions stand still and why; empty where none does."""
        return ", ".join(
            f"{place.topic}[{place.partition}] {why}"
            for place, (_, why) in sorted(self._stopped.items())
        )

    def poll(
        self, consumer: KafkaConsumer, *, timeout_ms: int, max_records: int | None = None
    ) -> dict[TopicPartition, list[ConsumerRecord]]:
        """Poll as the consumer does; a batch that cannot be read is logged, once, and counted."""
        if self._stopped:
            self._try_again(consumer)
        try:
            polled: dict[TopicPartition, list[ConsumerRecord]] = consumer.poll(
                timeout_ms=timeout_ms, max_records=max_records
            )
        except Exception as error:
            if not self._stop(consumer, error):
                raise
            return {}
        for place in polled:
            if self._stopped.pop(place, None) is not None:
                logger.warning("%s[%d] can be read again", place.topic, place.partition)
        return polled

    def hold(self, consumer: KafkaConsumer) -> None:
        """Pause all partitions of now: polls keep the place in the group and return nothing."""
        consumer.pause(*consumer.assignment())

    def release(self, consumer: KafkaConsumer) -> None:
        """End a `hold`; what stands still at a batch that cannot be read goes on doing so."""
        consumer.resume(*(consumer.paused() - self._stopped.keys()))

    def _stop(self, consumer: Any, error: Exception) -> bool:
        """Stop the partition whose batch an error is about; False where it is about none."""
        fetcher = consumer._fetcher
        fetched = fetcher._next_partition_records
        is_of_a_batch = isinstance(error, CorruptRecordError | UnsupportedCodecError)
        if not fetched or (isinstance(error, KafkaError) and not is_of_a_batch):
            return False
        place, offset = fetched.topic_partition, fetched.next_fetch_offset
        fetched.drain()
        fetcher._next_partition_records = None
        consumer.pause(place)
        why = f"at offset {offset} ({type(error).__name__}: {error})"
        if self._stopped.get(place, (0.0, ""))[1] != why:
            logger.error(
                "%s[%d] stands still %s, a batch that cannot be read; the other partitions go "
                "on, it is tried again every %g s: see «Batches that cannot be read» in "
                "docs/kafka.md",
                place.topic,
                place.partition,
                why,
                self._retry_s,
            )
        self._stopped[place] = (self._clock() + self._retry_s, why)
        self.n_unreadable += 1
        return True

    def _try_again(self, consumer: Any) -> None:
        """Let those whose time has come be fetched again; forget those that have moved away."""
        assigned, paused = consumer.assignment(), consumer.paused()
        for place, (again_s, _) in list(self._stopped.items()):
            if place not in assigned:
                del self._stopped[place]
            elif again_s <= self._clock() and place in paused:
                consumer.resume(place)
