"""Replay through Kafka: a log's messages to the real topics, its recommendations back.

Rows go in windows: the requests of a window, then, when all are answered, what was shown and
clicked. Nothing of a row's labels is sent before its own answer is here, so the protocol is
prequential; what a row can know lags by the rows in flight, which is what serving is like.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from cherryrec.codec import decode, encode
from cherryrec.errors import ServiceError
from cherryrec.evaluation.mind_rows import MindImpression
from cherryrec.evaluation.replay import Judge, LogMessages, Turn
from cherryrec.events import Event, Recommendation
from cherryrec.topics import TopicNames, topic_named

__all__ = ["KafkaReplay", "ReplaySettings"]

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaySettings:
    """How a replay drives the topics.

    Parameters
    ----------
    window
        Requests in flight at once, above 0: more is faster and staler.
    answer_timeout_s
        How long an answer is waited for before the replay gives up, in seconds.
    settle_s
        Wait after articles and profiles are sent and before the first request, in seconds.
    """

    window: int = 16
    answer_timeout_s: float = 60.0
    settle_s: float = 2.0


@dataclass(slots=True)
class _Answer:
    recommendation: Recommendation
    latency_s: float


@dataclass(slots=True)
class KafkaReplay:
    """Drives one log through the topics of a running system.

    Parameters
    ----------
    client
        Settings of kafka-python's clients: bootstrap servers, security.
    names
        Full topic names.
    settings
        Pace and patience.
    """

    client: dict[str, Any]
    names: TopicNames
    settings: ReplaySettings = field(default_factory=ReplaySettings)
    latencies_s: list[float] = field(default_factory=list)

    def run(
        self,
        rows: Iterable[MindImpression],
        messages: LogMessages,
        judge: Judge,
        progress: Progress | None = None,
    ) -> None:
        """Replay rows in time order, judging each before its labels are sent.

        Raises
        ------
        ServiceError
            A request was not answered in time.
        """
        producer = KafkaProducer(linger_ms=1, max_request_size=4 << 20, **self.client)
        consumer = self._consumer()
        try:
            turns = [messages.turn(row) for row in rows]
            self._send_articles(producer, turns)
            self._send_profiles(producer, turns[: 2 * self.settings.window])
            time.sleep(self.settings.settle_s)
            for window, following in _with_next(turns, self.settings.window):
                self._window(producer, consumer, window, following, judge)
                if progress is not None:
                    progress(len(window))
            producer.flush()
        finally:
            producer.close()
            consumer.close()

    def _window(
        self,
        producer: KafkaProducer,
        consumer: KafkaConsumer,
        window: Sequence[Turn],
        following: Sequence[Turn],
        judge: Judge,
    ) -> None:
        sent: dict[str, float] = {}
        for turn in window:
            sent[turn.request.request_id] = time.perf_counter()
            self._send(producer, "requests", turn.request.user_id, turn.request)
        # Profiles are a window ahead of the requests that need them.
        self._send_profiles(producer, following)
        producer.flush()
        answers = self._answers(consumer, sent)
        for turn in window:
            answer = answers[turn.request.request_id]
            self.latencies_s.append(answer.latency_s)
            judge.rank(turn.row, answer.recommendation)
            judge.rank_baselines(turn.row)
        for turn in window:
            self._send(producer, "impressions", turn.impression.user_id, turn.impression)
            for click in turn.clicks:
                self._send(producer, "clicks", click.user_id, click)
            judge.learn(turn.row)
        producer.flush()

    def _answers(self, consumer: KafkaConsumer, sent: dict[str, float]) -> dict[str, _Answer]:
        answers: dict[str, _Answer] = {}
        give_up = time.monotonic() + self.settings.answer_timeout_s
        while len(answers) < len(sent):
            for records in consumer.poll(timeout_ms=20).values():
                now = time.perf_counter()
                for record in records:
                    answer = decode(
                        Recommendation,
                        record.value,
                        max_bytes=topic_named("recommendations").max_message_bytes,
                    )
                    started = sent.get(answer.request_id)
                    if started is not None and answer.request_id not in answers:
                        answers[answer.request_id] = _Answer(answer, now - started)
            if time.monotonic() > give_up:
                missing = sorted(set(sent) - set(answers))
                msg = (
                    f"{len(missing)} of {len(sent)} requests were not answered within "
                    f"{self.settings.answer_timeout_s:g} s, the first is {missing[0]!r}: are the "
                    "stream workers ready, and with this topic prefix?"
                )
                raise ServiceError(msg)
        return answers

    def _consumer(self) -> KafkaConsumer:
        topic = self.names("recommendations")
        consumer = KafkaConsumer(fetch_max_wait_ms=10, **self.client)
        partitions = consumer.partitions_for_topic(topic)
        if not partitions:
            consumer.close()
            msg = f"topic {topic!r} must be there: run `cherryrec topics create`"
            raise ServiceError(msg)
        places = [TopicPartition(topic, partition) for partition in sorted(partitions)]
        consumer.assign(places)
        consumer.seek_to_end(*places)
        for place in places:
            consumer.position(place)
        return consumer

    def _send_articles(self, producer: KafkaProducer, turns: Sequence[Turn]) -> None:
        for turn in turns:
            for article in turn.articles:
                self._send(producer, "articles", article.article_id, article)
        producer.flush()

    def _send_profiles(self, producer: KafkaProducer, turns: Sequence[Turn]) -> None:
        for turn in turns:
            if turn.profile is not None:
                self._send(producer, "profile-updates", turn.profile.user_id, turn.profile)

    def _send(self, producer: KafkaProducer, topic: str, key: str, event: Event) -> None:
        producer.send(self.names(topic), key=key.encode(), value=encode(event))


def _with_next(turns: Sequence[Turn], size: int) -> Iterator[tuple[Sequence[Turn], Sequence[Turn]]]:
    """Yield windows of turns, each with the one two windows on, whose profiles it sends ahead."""
    for start in range(0, len(turns), size):
        yield turns[start : start + size], turns[start + 2 * size : start + 3 * size]
