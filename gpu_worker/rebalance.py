"""What the consumer's own thread tells the loop about partitions."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from kafka import ConsumerRebalanceListener
from kafka.structs import TopicPartition

__all__ = ["Revocations"]

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

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Note what may go in the rebalance that begins."""
        with self._lock:
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

    def drain(self) -> set[Partition]:
        """Return the partitions gone since the last call."""
        with self._lock:
            gone, self._gone = self._gone, set()
        return gone
