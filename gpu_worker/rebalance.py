"""What the consumer's own thread tells the loop about partitions."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from kafka import ConsumerRebalanceListener
from kafka.structs import TopicPartition

__all__ = ["Revocations"]


class Revocations(ConsumerRebalanceListener):  # type: ignore[misc]
    """Collects partitions that were taken away, for the loop to forget.

    Callbacks run on the consumer's network thread and must not block it; the loop drains.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._gone: set[tuple[str, int]] = set()
        self.has_joined = False

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Note partitions given away in order."""
        with self._lock:
            self._gone.update((one.topic, one.partition) for one in revoked)

    def on_partitions_lost(self, lost: Iterable[TopicPartition]) -> None:
        """Note partitions taken away without asking."""
        self.on_partitions_revoked(lost)

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Note that the group has given this worker its share, be it nothing."""
        self.has_joined = True

    def drain(self) -> set[tuple[str, int]]:
        """Return the partitions gone since the last call."""
        with self._lock:
            gone, self._gone = self._gone, set()
        return gone
