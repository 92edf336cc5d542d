"""A client of the running system: sends events, asks for recommendations and waits for them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from cherryrec.codec import decode, encode
from cherryrec.errors import ServiceError
from cherryrec.events import Event, Recommendation, RecommendationRequest
from cherryrec.topics import TopicNames, topic_named

__all__ = ["Answer", "Session"]


@dataclass(frozen=True, slots=True)
class Answer:
    """A recommendation, and how long it took from sending the request, in seconds."""

    recommendation: Recommendation
    latency_s: float


class Session:
    """Connects on entry; a context manager.

    Parameters
    ----------
    client
        Settings of kafka-python's clients: bootstrap servers, security.
    names
        Full topic names.
    timeout_s
        How long answers are waited for, in seconds.
    """

    def __init__(
        self, client: dict[str, Any], names: TopicNames, *, timeout_s: float = 60.0
    ) -> None:
        self.names = names
        self.timeout_s = timeout_s
        self._client = client
        self._producer: Any = None
        self._consumer: Any = None

    def __enter__(self) -> Self:
        """Connect; only recommendations made from now on are seen."""
        self._producer = KafkaProducer(linger_ms=1, max_request_size=4 << 20, **self._client)
        self._consumer = self.follow("recommendations")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Disconnect."""
        if self._producer is not None:
            self._producer.close()
        if self._consumer is not None:
            self._consumer.close()

    def send(self, topic: str, key: str, event: Event | None) -> None:
        """Send one event (None is a tombstone); `flush` waits for it."""
        value = None if event is None else encode(event)
        self._producer.send(self.names(topic), key=key.encode(), value=value)

    def flush(self) -> None:
        """Wait until everything sent is acknowledged."""
        self._producer.flush()

    def ask(self, request: RecommendationRequest) -> Answer:
        """Send one request and wait for its answer."""
        return self.ask_all([request])[request.request_id]

    def ask_all(self, requests: Sequence[RecommendationRequest]) -> dict[str, Answer]:
        """Send requests at once and wait for all answers, by request id.

        Raises
        ------
        ServiceError
            One was not answered in time.
        """
        sent: dict[str, float] = {}
        for request in requests:
            sent[request.request_id] = time.perf_counter()
            self.send("requests", request.user_id, request)
        self.flush()
        return self._answers(sent)

    def follow(self, *names: str) -> Any:
        """Return a consumer of all partitions of topics, from now on; the caller closes it.

        Raises
        ------
        ServiceError
            A topic is not there.
        """
        consumer = KafkaConsumer(
            fetch_max_wait_ms=5, max_partition_fetch_bytes=4 << 20, **self._client
        )
        places = []
        for topic in map(self.names, names):
            partitions = consumer.partitions_for_topic(topic)
            if not partitions:
                consumer.close()
                msg = f"topic {topic!r} must be there: run `cherryrec topics create`"
                raise ServiceError(msg)
            places += [TopicPartition(topic, partition) for partition in sorted(partitions)]
        consumer.assign(places)
        consumer.seek_to_end(*places)
        for place in places:
            consumer.position(place)
        return consumer

    def _answers(self, sent: dict[str, float]) -> dict[str, Answer]:
        answers: dict[str, Answer] = {}
        limit = topic_named("recommendations").max_message_bytes
        give_up = time.monotonic() + self.timeout_s
        while len(answers) < len(sent):
            for records in self._consumer.poll(timeout_ms=20).values():
                now = time.perf_counter()
                for record in records:
                    if record.value is None:  # a user was erased
                        continue
                    answer = decode(Recommendation, record.value, max_bytes=limit)
                    started = sent.get(answer.request_id)
                    if started is not None and answer.request_id not in answers:
                        answers[answer.request_id] = Answer(answer, now - started)
            if time.monotonic() > give_up:
                missing = sorted(set(sent) - set(answers))
                if not missing:
                    break
                msg = (
                    f"{len(missing)} of {len(sent)} requests were not answered within "
                    f"{self.timeout_s:g} s, the first is {missing[0]!r}: are the stream workers "
                    f"ready, and is the topic prefix {self.names.prefix!r} theirs?"
                )
                raise ServiceError(msg)
        return answers
