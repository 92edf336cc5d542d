"""A producer that one refused record does not stop: kafka-python's, watched and replaced.

kafka-python's idempotent producer fails every later record once the broker has refused one, with
the reason of the one, and its `flush` raises nothing. Here each result is looked at. On a refusal
a new producer sends again what had failed, in its order: one record alone, and twice as many each
time it goes well, so that a record which is refused alone is the one that was wrong.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kafka.errors import KafkaConnectionError, KafkaError, KafkaTimeoutError, RetriableError

from cherryrec.errors import BadMessage, ServiceError

__all__ = ["MAX_OPEN", "Refused", "SafeProducer", "check_size", "record_bytes"]

logger = logging.getLogger(__name__)

MAX_OPEN = 5_000
"""Records whose results are not known yet, kept so that they can be sent again; more wait."""

Refused = Callable[[Exception], None]
"""Told why a record of its own was refused; another's refusal is never its reason."""

_BATCH_HEADER = 61
_AWAY = (RetriableError, KafkaTimeoutError, KafkaConnectionError)
"""The cluster did not answer: nothing is wrong with the record, and sending again is no cure."""


@dataclass(frozen=True, slots=True)
class _Record:
    """One record as it is to be sent, and who is told of its refusal."""

    topic: str
    key: bytes | None
    value: bytes | None
    partition: int | None
    refused: Refused


class SafeProducer:
    """Sends records without waiting; each is acknowledged, or refused by name, at `flush`.

    Records of a key keep their order: what failed behind a refused record is sent again in its
    place. May be used by several threads. A record whose acknowledgement was lost may be written
    twice, as with every producer that is started anew.

    Parameters
    ----------
    make
        Makes a connected kafka-python producer; called again after a refusal.
    """

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._producer: Any = make()
        self._open: list[tuple[_Record, Any]] = []
        self._lock = threading.RLock()
        self._has_failed = False

    def send(
        self,
        topic: str,
        *,
        key: bytes | None,
        value: bytes | None,
        refused: Refused,
        partition: int | None = None,
    ) -> None:
        """Send one record; no value is a tombstone, and no partition leaves it to the key."""
        record = _Record(topic, key, value, partition, refused)
        with self._lock:
            self._open.append((record, self._sent(record)))
            if self._has_failed or len(self._open) >= MAX_OPEN:
                self.flush()

    def flush(self) -> None:
        """Wait until every record is acknowledged or refused, and send again what must be.

        Raises
        ------
        ServiceError
            No new producer could be made; what was to be sent again is told first.
        """
        with self._lock:
            failed = self._failed(self._open)
            self._open = []
            n_at_once = 1
            while self._has_failed:
                self._renew(failed)
                while failed and not self._has_failed:
                    now, failed = failed[:n_at_once], failed[n_at_once:]
                    again = self._failed([(record, self._sent(record)) for record, _ in now])
                    if again and len(now) == 1:
                        record, error = again.pop()
                        record.refused(error)
                    failed = again + failed
                    n_at_once = 1 if self._has_failed else 2 * n_at_once

    def close(self) -> None:
        """Flush and disconnect."""
        with self._lock:
            try:
                self.flush()
            finally:
                self._producer.close()

    def _sent(self, record: _Record) -> Any:
        """Hand a record to the producer; return its future, or the error that it raised."""
        try:
            future = self._producer.send(
                record.topic, key=record.key, value=record.value, partition=record.partition
            )
        except KafkaError as error:
            self._has_failed = True
            return error
        future.add_errback(self._note)
        return future

    def _note(self, _: Exception) -> None:
        """Note, from the producer's thread, that it is to be replaced."""
        self._has_failed = True

    def _failed(self, sent: list[tuple[_Record, Any]]) -> list[tuple[_Record, Exception]]:
        """Wait for records; return those to be sent again, and tell those the cluster missed."""
        self._producer.flush()
        failed = []
        for record, result in sent:
            error = result if isinstance(result, KafkaError) else result.exception
            if error is None:
                continue
            self._has_failed = True
            if isinstance(error, _AWAY):
                record.refused(error)
            else:
                failed.append((record, error))
        return failed

    def _renew(self, failed: list[tuple[_Record, Exception]]) -> None:
        """Replace the producer, which has refused a record and would refuse all others."""
        self._producer.close(timeout=1.0)
        try:
            self._producer = self._make()
        except KafkaError as error:
            for record, _ in failed:
                record.refused(error)
            msg = f"Kafka must answer a new producer, got {error}: is it still running?"
            raise ServiceError(msg) from error
        self._has_failed = False


def record_bytes(key: bytes | None, value: bytes | None) -> int:
    """Return the size of a record as a topic's `max.message.bytes` counts it: a batch of its own.

    61 bytes of batch, then the record: its own length, attributes, time and offset, then key and
    value with their lengths, and how many headers there are.

    Examples
    --------
    >>> record_bytes(b"A1", b"x" * 100)
    172
    """
    body = 3 + _field_bytes(key) + _field_bytes(value) + 1
    return _BATCH_HEADER + _number_bytes(body) + body


def check_size(key: bytes | None, value: bytes | None, *, limit: int, topic: str) -> None:
    """Refuse a record that the topic cannot take.

    Raises
    ------
    BadMessage
        It is larger than `max.message.bytes` of the topic.
    """
    size = record_bytes(key, value)
    if size > limit:
        msg = (
            f"a record of {topic!r} must have at most {limit:,} bytes, which is its "
            f"max.message.bytes, got {size:,} ({len(value or b''):,} of value, {len(key or b''):,} "
            "of key, the rest Kafka's own): shorten it, or raise the limit of the topic"
        )
        raise BadMessage(msg)


def _field_bytes(field: bytes | None) -> int:
    return 1 if field is None else _number_bytes(len(field)) + len(field)


def _number_bytes(number: int) -> int:
    """Return how many bytes a length takes, seven bits each, the sign included."""
    return max(1, -(-(2 * number).bit_length() // 7))
