"""The writers of the storm: plain, compressed, transactional, with its clock off, by CRC32."""

from __future__ import annotations

import contextlib
import random
import zlib
from collections.abc import Sequence
from typing import Any

from kafka.errors import KafkaError

from benchmarks._chaos.system import ChaosSystem
from cherryrec.codec import encode
from cherryrec.events import Event
from tests.integration.system import PARTITIONS

__all__ = ["Writers"]

CODECS = (None, "lz4", "gzip", "snappy", "zstd")


class Writers:
    """Several producers on one system's topics; each event goes by one of them.

    Parameters
    ----------
    system
        Whose topics.
    rng
        Which writer is drawn from.
    """

    def __init__(self, system: ChaosSystem, rng: random.Random) -> None:
        self.names = system.names
        self.rng = rng
        self._plain = system.producer()
        self._packed = system.producer(compression_type=rng.choice(CODECS))
        self._transactional: Any = None
        self._system = system

    def send(self, topic: str, key: str, event: Event) -> None:
        """Send by a writer that is drawn."""
        partition = None
        if topic != "articles" and self.rng.random() < 0.1:  # as librdkafka's clients place it
            partition = zlib.crc32(key.encode()) % PARTITIONS
        producer = self._packed if self.rng.random() < 0.4 else self._plain
        producer.send(self.names(topic), key=key.encode(), value=encode(event), partition=partition)

    def send_plain(self, topic: str, key: str, event: Event | None) -> None:
        """Send by the plain one; None is a tombstone."""
        value = None if event is None else encode(event)
        self._plain.send(self.names(topic), key=key.encode(), value=value)

    def send_raw(self, topic: str, key: str, raw: bytes) -> None:
        """Send bytes that are no message."""
        self._plain.send(self.names(topic), key=key.encode(), value=raw)

    def send_at(self, topic: str, key: str, event: Event, time_s: float) -> None:
        """Send with a record's time of the writer's own."""
        self._plain.send(
            self.names(topic),
            key=key.encode(),
            value=encode(event),
            timestamp_ms=round(1_000.0 * time_s),
        )

    def transaction(self, events: Sequence[tuple[str, str, Event]], *, commits: bool) -> int:
        """Send events in one transaction; return how many are there to be read."""
        if not self._system.has_broker:  # a transaction waits for it, and all else would wait, too
            return 0
        try:
            if self._transactional is None:
                self._transactional = self._system.producer(
                    transactional_id=f"{self.names.prefix}writer", transaction_timeout_ms=10_000
                )
                self._transactional.init_transactions()
            producer = self._transactional
            producer.begin_transaction()
            for topic, key, event in events:
                producer.send(self.names(topic), key=key.encode(), value=encode(event))
            if commits:
                producer.commit_transaction()
            else:
                producer.abort_transaction()
        except KafkaError:  # the broker is gone: the next writer of this name fences this one
            self._transactional = None
            return 0
        return len(events) if commits else 0

    def flush(self) -> None:
        """Wait until everything is acknowledged."""
        for producer in (self._plain, self._packed):
            producer.flush(timeout=120)

    def close(self) -> None:
        """Close all."""
        for producer in (self._plain, self._packed, self._transactional):
            if producer is not None:
                with contextlib.suppress(KafkaError):
                    producer.close(timeout=5)
