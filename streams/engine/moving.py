"""Records that lie in another partition than their key's are moved there, once.

State of users lies where Kafka's own rule puts their key. A writer that follows another one
(librdkafka's default), or sends no key, would split a user in two: half the clicks here, a
tombstone that erases nothing there. The record is sent again to where it belongs, with its place
and time of before in a header, and its source is committed only when that is acknowledged.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from faust.types.tuples import Message

from cherryrec.errors import BadMessage
from cherryrec.topics import topic_named
from cherryrec.tracing import trace_headers
from streams.engine.arrivals import by_broker
from streams.engine.producer import Header, Sender

__all__ = ["MOVED", "VACATED", "Mover", "Origin", "is_vacated", "origin_of"]

logger = logging.getLogger(__name__)

MOVED = "cherryrec-moved"
"""Header of a moved record: `topic:partition:offset:milliseconds:timestamp type` of before."""

VACATED = "cherryrec-vacated"
"""Header of an empty record that lets compaction remove what was moved away; it erases nobody."""

_ENVELOPE_BYTES = 512
"""More than the header and the frame of a batch take."""

_HEADER_BYTES = 10
"""More than the lengths of a header take."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a moved record lay before, and the time that it carried there, in epoch seconds."""

    topic: str
    partition: int
    offset: int
    stamped_s: float
    timestamp_type: int

    @property
    def broker_s(self) -> float | None:
        """When it first arrived, where the broker said so."""
        return by_broker(self.stamped_s, self.timestamp_type)


def origin_of(headers: Iterable[Header] | Mapping[str, bytes] | None) -> Origin | None:
    """Return where a record was moved from; None for one that was not, or says it wrongly.

    Examples
    --------
    >>> origin_of([("cherryrec-moved", b"clicks:2:71:1500:1")])
    Origin(topic='clicks', partition=2, offset=71, stamped_s=1.5, timestamp_type=1)
    >>> origin_of([("cherryrec-moved", b"elsewhere")]) is origin_of([]) is None
    True
    """
    value = _header(headers, MOVED)
    if value is None:
        return None
    try:
        topic, partition, offset, stamped_ms, kind = value.decode().split(":")
        return Origin(topic, int(partition), int(offset), int(stamped_ms) / 1e3, int(kind))
    except ValueError:
        return None


def is_vacated(message: Message) -> bool:
    """Whether a record only marks where another one was moved away from."""
    return message.value is None and _header(message.headers, VACATED) is not None


def _header(headers: Any, name: str) -> bytes | None:
    if not headers:
        return None
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    return next((value for key, value in pairs if key == name), None)


class Mover:
    """Knows where keys belong, and moves records there.

    Parameters
    ----------
    sender
        Where to send; offsets are committed only when what it was given is acknowledged.
    n_partitions
        Of every topic whose records it moves; above 0.
    """

    def __init__(self, sender: Sender, *, n_partitions: int) -> None:
        from cherryrec.placement import partition_of  # compiled: tools do without it

        self._partition_of = partition_of
        self._sender = sender
        self._n_partitions = n_partitions
        self._warned: set[str] = set()

    def place_of(self, key: bytes) -> int:
        """Return the partition of a key."""
        return self._partition_of(key, self._n_partitions)

    async def move(self, message: Message, *, topic: str, key: bytes) -> None:
        """Send a record to the partition of a key.

        On a topic that is compacted an empty record takes its place, or its value would stay
        there for ever.

        Parameters
        ----------
        message
            The record as it came.
        topic
            Name of its topic without the prefix.
        key
            What it is sent with, not empty.

        Raises
        ------
        BadMessage
            It is too large to be sent again.
        """
        to = self.place_of(key)
        limit = topic_named(topic).max_message_bytes
        trace = trace_headers(message.headers)
        size = len(key) + len(message.value or b"") + _ENVELOPE_BYTES
        size += sum(len(name) + len(value) + _HEADER_BYTES for name, value in trace)
        if size > limit:
            msg = (
                f"it must lie in partition {to}, where its key belongs, got {message.partition}, "
                f"and is too large to be moved ({size:,} bytes with its envelope, at most "
                f"{limit:,}): set the writer's `partitioner=murmur2_random`"
            )
            raise BadMessage(msg)
        if topic not in self._warned:
            self._warned.add(topic)
            logger.warning(
                "records on %s lie in other partitions than Kafka's own rule puts their keys in: "
                "they are moved, at the cost of a second record each; set the writer's "
                "partitioner to murmur2 (`partitioner=murmur2_random`). `cherryrec doctor` counts "
                "them",
                message.topic,
            )
        stamped_ms = round(1e3 * (message.timestamp or 0.0))
        origin = (
            f"{message.topic}:{message.partition}:{message.offset}:{stamped_ms}:"
            f"{message.timestamp_type or 0}"
        )
        await self._sender.send(
            message.topic,
            key=key,
            value=message.value,
            partition=to,
            headers=((MOVED, origin.encode()), *trace),
        )
        if message.value is not None and "compact" in topic_named(topic).cleanup:
            await self._sender.send(
                message.topic,
                key=message.key,
                value=None,
                partition=message.partition,
                headers=((VACATED, b"%d" % to),),
            )
