"""Reading a topic from outside the system, and writing to one, for the commands: no group."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.consumer.fetcher import ConsumerRecord

from cherryrec.errors import BadMessage, ServiceError
from cherryrec.supervised import connected
from cherryrec.topics import TopicNames
from streams.admin_client import require_topic
from streams.config import KafkaConfig
from streams.engine import READ_COMMITTED
from streams.engine.moving import VACATED
from streams.producing import SafeProducer, check_size

__all__ = ["Record", "TopicReader", "TopicWriter"]

_POLL_S = 0.2
_STALLED_S = 30.0
_ENVELOPE_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Record:
    """One record as it came: `value` None is a tombstone."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes | None


class TopicReader:
    """Reads all partitions of one topic; connects on entry, commits nothing.

    The empty records that mark where others were moved away from are passed over: sent again,
    they would erase.

    Parameters
    ----------
    kafka
        Cluster and prefix.
    topic
        Name without the prefix.
    """

    def __init__(self, kafka: KafkaConfig, topic: str) -> None:
        self.kafka = kafka
        self.topic = topic
        self._consumer: Any = None
        self._places: list[TopicPartition] = []

    def __enter__(self) -> Self:
        """Connect; raise a `ServiceError` if Kafka or the topic is not there."""
        n_partitions = require_topic(self.kafka, self.topic).n_partitions
        name = TopicNames(self.kafka.prefix)(self.topic)
        self._places = [TopicPartition(name, number) for number in range(n_partitions)]
        self._consumer = connected(
            KafkaConsumer,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            fetch_max_wait_ms=50,
            max_partition_fetch_bytes=4 << 20,
            isolation_level=READ_COMMITTED,
            **self.kafka.client_options(),
        )
        self._consumer.assign(self._places)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Disconnect."""
        self._consumer.close()

    def until_now(self) -> Iterator[Record]:
        """Yield what the topic holds now, each partition in its order, and end.

        Raises
        ------
        ServiceError
            Kafka stopped answering on the way.
        """
        self._consumer.seek_to_beginning(*self._places)
        ends: dict[TopicPartition, int] = self._consumer.end_offsets(self._places)
        moved = time.monotonic()
        while any(self._consumer.position(place) < end for place, end in ends.items()):
            for record in self._poll(_POLL_S):
                moved = time.monotonic()
                yield record
            if time.monotonic() - moved > _STALLED_S:
                msg = (
                    f"topic {self._places[0].topic!r} must be readable to its end, nothing came "
                    f"for {_STALLED_S:g} s: does Kafka at {self.kafka.bootstrap_servers} still run?"
                )
                raise ServiceError(msg)

    def follow(self, *, from_start: bool, silence_s: float | None = None) -> Iterator[Record]:
        """Yield records as they come.

        Parameters
        ----------
        from_start
            Begin with what is there; otherwise with what comes from now on.
        silence_s
            End when nothing has come for so long, in seconds; None never ends.
        """
        self.seek(from_start=from_start)
        yield from self.further(silence_s)

    def seek(self, *, from_start: bool) -> None:
        """Go to the first record of each partition, or behind the last one."""
        seek = self._consumer.seek_to_beginning if from_start else self._consumer.seek_to_end
        seek(*self._places)
        for place in self._places:
            self._consumer.position(place)

    def further(self, silence_s: float | None = None) -> Iterator[Record]:
        """Yield records as they come, from where the reader stands; as `follow` ends."""
        heard = time.monotonic()
        while True:
            for record in self._poll(_POLL_S):
                yield record
                heard = time.monotonic()
            if silence_s is not None and time.monotonic() - heard >= silence_s:
                return

    def _poll(self, wait_s: float) -> Iterator[Record]:
        for records in self._polled(wait_s).values():
            for record in records:
                if not any(name == VACATED for name, _ in record.headers):
                    yield Record(record.partition, record.offset, record.key, record.value)

    def _polled(self, wait_s: float) -> dict[TopicPartition, list[ConsumerRecord]]:
        """Poll; a batch that cannot be read is an error that names it."""
        try:
            polled: dict[TopicPartition, list[ConsumerRecord]] = self._consumer.poll(
                timeout_ms=int(1_000 * wait_s)
            )
        except Exception as error:
            fetched = self._consumer._fetcher._next_partition_records
            if not fetched:
                raise
            place = fetched.topic_partition
            msg = (
                f"{place.topic}[{place.partition}] cannot be read at offset "
                f"{fetched.next_fetch_offset}, got {type(error).__name__}: {error}: see «Batches "
                "that cannot be read» in docs/kafka.md"
            )
            raise ServiceError(msg) from error
        return polled


class TopicWriter:
    """Writes to one topic; on leaving, waits until everything is acknowledged.

    A record that is refused takes no other along (`SafeProducer`), and one that is larger than the
    topic allows is not sent at all.

    Parameters
    ----------
    kafka
        Cluster and prefix.
    topic
        Name without the prefix.
    """

    def __init__(self, kafka: KafkaConfig, topic: str) -> None:
        self.kafka = kafka
        self.topic = topic
        self._producer: SafeProducer | None = None
        self._max_bytes = 0
        self._name = TopicNames(kafka.prefix)(topic)

    def __enter__(self) -> Self:
        """Connect; raise a `ServiceError` if Kafka or the topic is not there."""
        self._max_bytes = require_topic(self.kafka, self.topic).max_bytes
        self._producer = SafeProducer(self._connected)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Wait for acknowledgements and disconnect."""
        self._open().close()

    def send(
        self,
        key: bytes | None,
        value: bytes | None,
        *,
        refused: Callable[[Exception], None],
        partition: int | None = None,
    ) -> None:
        """Send one record (no value: a tombstone) without waiting for it.

        Parameters
        ----------
        key, value
            As bytes.
        refused
            Called if it is too large, at once, or if Kafka does not take it, at the latest by
            `flush`.
        partition
            None leaves the choice to the key.
        """
        try:
            check_size(key, value, limit=self._max_bytes, topic=self._name)
        except BadMessage as error:
            refused(error)
            return
        self._open().send(self._name, key=key, value=value, refused=refused, partition=partition)

    def flush(self) -> None:
        """Wait until everything sent is acknowledged or refused."""
        self._open().flush()

    def tombstone(self, key: str) -> None:
        """Send a record of this key without a value, and wait until Kafka has it.

        Raises
        ------
        ServiceError
            Kafka did not take it.
        """
        refusals: list[Exception] = []
        self.send(key.encode(), None, refused=refusals.append)
        self.flush()
        if refusals:
            msg = f"Kafka must take the tombstone of {key!r} on {self._name!r}: {refusals[0]!r}"
            raise ServiceError(msg) from refusals[0]

    def _connected(self) -> Any:
        return connected(
            KafkaProducer,
            linger_ms=5,
            max_request_size=self._max_bytes + _ENVELOPE_BYTES,
            **self.kafka.client_options(),
        )

    def _open(self) -> SafeProducer:
        assert self._producer is not None, "a writer is used inside its `with`"
        return self._producer
