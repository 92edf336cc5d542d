"""A session leaves nothing connected, whatever fails while it begins or ends."""

from __future__ import annotations

from typing import Any

import pytest
from kafka.errors import KafkaTimeoutError

from cherryrec.errors import ServiceError
from cherryrec.topics import TopicNames
from streams.producing import SafeProducer
from streams.replay import Session


class Connection:
    """Either client of kafka-python: whether it was closed, and what it fails with meanwhile."""

    def __init__(self, error: Exception | None = None) -> None:
        self.is_closed = False
        self._error = error

    def flush(self) -> None:
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        self.is_closed = True


class ScriptedSession(Session):
    """A session of the connections it is given; without a consumer, its topics are not there."""

    def __init__(self, producer: Connection, consumer: Connection | None) -> None:
        super().__init__({}, TopicNames("cherryrec."))
        self.given = producer, consumer

    def follow(self, *names: str) -> Any:
        if self.given[1] is None:
            msg = "topic 'cherryrec.recommendations' must be there"
            raise ServiceError(msg)
        return self.given[1]

    def _connected(self) -> Any:
        return self.given[0]


def test_a_producer_is_closed_though_its_last_flush_fails() -> None:
    connection = Connection(KafkaTimeoutError("away"))
    producer = SafeProducer(lambda: connection)

    with pytest.raises(KafkaTimeoutError):
        producer.close()

    assert connection.is_closed


def test_a_session_without_its_topics_closes_its_producer() -> None:
    producer = Connection()

    with pytest.raises(ServiceError), ScriptedSession(producer, None):
        pass

    assert producer.is_closed


def test_both_connections_are_closed_though_what_was_sent_is_lost() -> None:
    producer, consumer = Connection(KafkaTimeoutError("away")), Connection()

    with pytest.raises(KafkaTimeoutError), ScriptedSession(producer, consumer):
        pass

    assert producer.is_closed
    assert consumer.is_closed
