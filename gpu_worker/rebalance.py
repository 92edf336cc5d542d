"""What the consumer's own thread tells the loop about partitions."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from kafka import ConsumerRebalanceListener, KafkaConsumer
from kafka.consumer.fetcher import ConsumerRecord
from kafka.structs import TopicPartition

from gpu_worker.reading import Reading

__all__ = ["Revocations", "poll_or_rejoin"]

REJOIN_S = 1.0
"""A poll that has a join to finish is given this long: a join takes some milliseconds."""

Partition = tuple[str, int]


class Revocations(ConsumerRebalanceListener):  # type: ignore[misc, unused-ignore]
    """Collects partitions that were taken away, for the loop to forget.

    kafka-python revokes everything before each rebalance, yet a partition that comes back in it
    keeps its position and is not read again: only what has not come back is gone. (A worker that
    forgot the others would lose what it had in hand of them.) Partitions that are lost, because
    the group gave this worker up, are gone at once, and read again from the commit if they return.

    Callbacks run on the consumer's network thread and must not block it; the loop drains.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._revoked: set[Partition] = set()
        self._gone: set[Partition] = set()
        self.has_joined = False
        self.is_rebalancing = False

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Note what may go in the rebalance that begins."""
        with self._lock:
            self.is_rebalancing = True
            self._revoked.update((one.topic, one.partition) for one in revoked)

    def on_partitions_lost(self, lost: Iterable[TopicPartition]) -> None:
        """Note what has gone already."""
        with self._lock:
            places = {(one.topic, one.partition) for one in lost}
            self._gone |= places
            self._revoked -= places

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Note what came back, and that the group has given this worker its share."""
        with self._lock:
            kept = {(one.topic, one.partition) for one in assigned}
            self._gone |= self._revoked - kept
            self._revoked = set()
            self.has_joined = True
            self.is_rebalancing = False

    def drain(self) -> set[Partition]:
        """Return the partitions gone since the last call."""
        with self._lock:
            gone, self._gone = self._gone, set()
        return gone


def poll_or_rejoin(
    consumer: KafkaConsumer,
    listener: Revocations,
    reading: Reading,
    *,
    wait_s: float,
    max_records: int,
) -> dict[TopicPartition, list[ConsumerRecord]]:
    """Poll; a rebalance that has begun, or that a heartbeat has asked for, gets time to finish.

    kafka-python takes the steps of a join in its polls alone: one of a millisecond, which is what a
    busy worker can spare, gives up before the first of them, and the group waits.

    kafka-python 3.0.12 joins again when partitions of its topics have changed, which the first
    metadata look like. When a poll's time runs out in the middle of that, the assignment that the
    join makes meanwhile settles what it was for, the next poll sees no need, and nobody takes the
    assignment up: in one of thirty starts the worker looked ready and read nothing, for ever.

    Parameters
    ----------
    consumer
        Subscribed with the listener.
    listener
        Knows whether a rebalance has begun and not ended.
    reading
        Polls the consumer.
    wait_s
        How long to wait for records, in seconds; with a join to make at least `REJOIN_S`.
    max_records
        The most to return.
    """
    if listener.is_rebalancing:
        consumer._coordinator.request_rejoin()
    if consumer._coordinator.need_rejoin():
        wait_s = max(wait_s, REJOIN_S)
    return reading.poll(consumer, timeout_ms=max(1, round(1e3 * wait_s)), max_records=max_records)
