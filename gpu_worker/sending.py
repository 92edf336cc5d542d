"""Sending what a batch led to, together, and waiting until the broker has all of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple, Protocol

from cherryrec.codec import encode
from cherryrec.events import Event
from cherryrec.topics import TopicNames
from cherryrec.tracing import Header

__all__ = ["ACKNOWLEDGE_S", "Message", "Producer", "send_acknowledged"]

ACKNOWLEDGE_S = 30.0
"""How long an acknowledgement is waited for; past it the worker fails."""


class Producer(Protocol):
    """What sending needs of a Kafka producer."""

    def send(
        self,
        topic: str,
        *,
        value: bytes,
        key: bytes | None,
        partition: int | None = None,
        headers: list[Header] | None = None,
    ) -> Any:
        """Send; returns a future of the acknowledgement. No partition leaves it to the key."""
        ...


class Message(NamedTuple):
    """A message to send to a topic, named without prefix; no partition leaves it to the key."""

    topic: str
    key: bytes | None
    event: Event
    partition: int | None = None
    headers: tuple[Header, ...] = ()


def send_acknowledged(producer: Producer, topics: TopicNames, messages: Iterable[Message]) -> None:
    """Send messages together and wait until the broker has them all.

    Raises
    ------
    KafkaError
        One was not acknowledged, or not in time.
    """
    futures = [
        producer.send(
            topics(one.topic),
            value=encode(one.event),
            key=one.key,
            partition=one.partition,
            headers=list(one.headers) or None,
        )
        for one in messages
    ]
    for future in futures:
        future.get(timeout=ACKNOWLEDGE_S)
