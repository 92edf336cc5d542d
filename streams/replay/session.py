"""A client of the running system: sends events, asks for recommendations and waits for them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Any, Self

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from cherryrec.codec import decode, encode
from cherryrec.errors import ServiceError
from cherryrec.events import Event, Recommendation, RecommendationRequest
from cherryrec.supervised import connected
from cherryrec.topics import TopicNames, topic_named
from streams.engine import READ_COMMITTED
from streams.producing import SafeProducer

__all__ = ["Answer", "Session"]


@dataclass(frozen=True, slots=True)
class Answer:
    """A recommendation, how long it took from sending the request, and its partition."""

    recommendation: Recommendation
    latency_s: float
    partition: int = 0


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
        self._producer: SafeProducer | None = None
        self._consumer: Any = None
        self._refusals: dict[str, str] = {}

    def __enter__(self) -> Self:
        """Connect; only recommendations made from now on are seen."""
        self._producer = SafeProducer(self._connected)
        try:
            self._consumer = self.follow("recommendations")
        except BaseException:
            self._producer.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Disconnect."""
        try:
            self._open().close()
        finally:
            self._consumer.close()

    def send(self, topic: str, key: str, event: Event | None) -> None:
        """Send one event (None is a tombstone); `flush` waits for it and tells what was refused."""
        value = None if event is None else encode(event)
        name = event.request_id if isinstance(event, RecommendationRequest) else key
        self._open().send(
            self.names(topic),
            key=key.encode(),
            value=value,
            refused=partial(self._refused, topic, name),
        )

    def flush(self) -> None:
        """Wait until everything sent is acknowledged.

        Raises
        ------
        ServiceError
            Kafka refused an event that is no request.
        """
        self._open().flush()
        for place, reason in self._refusals.items():
            if not place.startswith("requests:"):
                msg = f"Kafka must take {place!r}: {reason}"
                raise ServiceError(msg)

    def ask(self, request: RecommendationRequest) -> Answer:
        """Send one request and wait for its answer."""
        return self.ask_all([request])[request.request_id]

    def ask_all(
        self,
        requests: Sequence[RecommendationRequest],
        *,
        refused: Callable[[str, str], None] | None = None,
    ) -> dict[str, Answer]:
        """Send requests at once and wait for all answers, by request id.

        Parameters
        ----------
        requests
            Each with an id of its own.
        refused
            Told the id of each request that Kafka or a worker has refused, and why; it has no
            answer here. Absent, one that Kafka has refused is an error.

        Raises
        ------
        ServiceError
            One was not answered in time, or Kafka has refused it.
        """
        sent: dict[str, float] = {}
        for request in requests:
            sent[request.request_id] = time.perf_counter()
            self.send("requests", request.user_id, request)
        self.flush()
        answers = self._answers(sent)
        for request_id in sorted(set(sent) - set(answers)):
            reason = self._refusals.pop(f"requests:{request_id}")
            if refused is None:
                msg = f"request {request_id!r} was refused: {reason}"
                raise ServiceError(msg)
            refused(request_id, reason)
        if refused is not None:
            for request_id, answer in list(answers.items()):
                if answer.recommendation.degraded == "request_refused":
                    refused(request_id, answers.pop(request_id).recommendation.refused or "")
        return answers

    def follow(self, *names: str) -> Any:
        """Return a consumer of all partitions of topics, from now on; the caller closes it.

        Raises
        ------
        ServiceError
            A topic is not there.
        """
        consumer = connected(
            KafkaConsumer,
            fetch_max_wait_ms=5,
            max_partition_fetch_bytes=4 << 20,
            isolation_level=READ_COMMITTED,
            **self._client,
        )
        try:
            self._go_to_the_end(consumer, names)
        except BaseException:
            consumer.close()
            raise
        return consumer

    def _go_to_the_end(self, consumer: Any, names: Sequence[str]) -> None:
        """Give a consumer all partitions of topics, from now on."""
        places = []
        for topic in map(self.names, names):
            partitions = consumer.partitions_for_topic(topic)
            if not partitions:
                msg = f"topic {topic!r} must be there: run `cherryrec topics create`"
                raise ServiceError(msg)
            places += [TopicPartition(topic, partition) for partition in sorted(partitions)]
        consumer.assign(places)
        consumer.seek_to_end(*places)
        for place in places:
            consumer.position(place)

    def _answers(self, sent: dict[str, float]) -> dict[str, Answer]:
        answers: dict[str, Answer] = {}
        limit = topic_named("recommendations").max_message_bytes
        give_up = time.monotonic() + self.timeout_s
        while missing := self._missing(sent, answers):
            for place, records in self._consumer.poll(timeout_ms=20).items():
                now = time.perf_counter()
                for record in records:
                    if record.value is None:  # a user was erased
                        continue
                    answer = decode(Recommendation, record.value, max_bytes=limit)
                    if answer.refused is not None:
                        self._refused("requests", answer.request_id, answer.refused)
                        continue
                    started = sent.get(answer.request_id)
                    if started is not None and answer.request_id not in answers:
                        answers[answer.request_id] = Answer(answer, now - started, place.partition)
            if time.monotonic() > give_up and (missing := self._missing(sent, answers)):
                msg = (
                    f"{len(missing)} of {len(sent)} requests were not answered within "
                    f"{self.timeout_s:g} s, the first is {missing[0]!r}: are the stream workers "
                    f"ready, and is the topic prefix {self.names.prefix!r} theirs?"
                )
                raise ServiceError(msg)
        return answers

    def _missing(self, sent: dict[str, float], answers: dict[str, Answer]) -> list[str]:
        """Return the requests that are neither answered nor refused."""
        open_ids = set(sent) - set(answers)
        return sorted(one for one in open_ids if f"requests:{one}" not in self._refusals)

    def _refused(self, topic: str, name: str, reason: object) -> None:
        """Keep why an event was refused, the first reason of each."""
        self._refusals.setdefault(f"{topic}:{name}", str(reason) or repr(reason))

    def _connected(self) -> Any:
        return connected(KafkaProducer, linger_ms=1, max_request_size=5 << 20, **self._client)

    def _open(self) -> SafeProducer:
        assert self._producer is not None, "a session is used inside its `with`"
        return self._producer
