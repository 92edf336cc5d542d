"""A past log through a running system, before it goes live: profiles, counters and models from it.

The messages are those of a replay, as a site would have sent them, with their own event times; no
one judges the answers. Requests are answered at once, without CnLE. At the end attribution windows
are closed by ticks, and what was labelled and learned is counted: a backfill loses nothing or says
what.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from kafka import TopicPartition

from cherryrec.codec import decode, encode
from cherryrec.errors import BadMessage, ServiceError
from cherryrec.evaluation.replay import Turn
from cherryrec.events import (
    Click,
    DeadLetter,
    Event,
    Example,
    FeedbackTick,
    Impression,
    RecommendationRequest,
    SlateLabelled,
    instant,
    seconds,
)
from cherryrec.pipeline.times import STALE_S
from cherryrec.snapshots import SERVING
from cherryrec.topics import topic_named
from streams.admin_client import Admin
from streams.config import KafkaConfig
from streams.records import TopicWriter
from streams.replay.driver import refusal_of_turn
from streams.replay.session import Session

__all__ = ["Backfill", "Backfilled"]

_PATIENCE_S = 60.0
_SETTLE_S = 2.0
_POLL_MS = 100
_LAST = 16
_TIMES: dict[str, tuple[type[Event], str]] = {
    "impressions": (Impression, "shown_at"),
    "clicks": (Click, "clicked_at"),
    "requests": (RecommendationRequest, "requested_at"),
}


@dataclass(slots=True)
class Backfilled:
    """What a backfill has sent, and what became of it.

    `refused` are rows that no worker takes, by impression id; `clicked` the slates that must be
    labelled, `labelled` those that were, `examples` what is to be learned of, `n_learned` how many
    were; `dead_letters` counts messages refused meanwhile, by topic.
    """

    sent: Counter[str] = field(default_factory=Counter)
    answered: int = 0
    refused: dict[str, str] = field(default_factory=dict)
    clicked: set[str] = field(default_factory=set)
    labelled: set[str] = field(default_factory=set)
    examples: set[str] = field(default_factory=set)
    n_learned: int = 0
    dead_letters: Counter[str] = field(default_factory=Counter)

    @property
    def is_whole(self) -> bool:
        """Whether every slate that was clicked is labelled, and every example learned."""
        return self.clicked <= self.labelled and self.n_learned >= len(self.examples) > 0

    def faults(self) -> list[str]:
        """Say what was lost; empty where nothing was."""
        faults = []
        missing = len(self.clicked - self.labelled)
        if missing:
            faults.append(f"{missing:,} of {len(self.clicked):,} clicked slates are not labelled")
        if self.n_learned < len(self.examples):
            n = len(self.examples)
            faults.append(f"{self.n_learned:,} of {n:,} examples are learned: does a learner run?")
        faults += [f"{n:,} dead letters of {t}" for t, n in sorted(self.dead_letters.items())]
        return faults


class Backfill:
    """Sends a log's turns through an open session and counts what came of them.

    Turns whose impressions name no request ask none: the models learn from the site's slates.

    Parameters
    ----------
    session
        An open session.
    kafka
        The cluster.
    window
        Requests in flight at once, above 0.
    attribution_window_s
        That of the workers, in seconds of event time.
    """

    def __init__(
        self, session: Session, kafka: KafkaConfig, *, window: int, attribution_window_s: float
    ) -> None:
        self.session = session
        self.kafka = kafka
        self.window = window
        self.attribution_window_s = attribution_window_s
        self.done = Backfilled()
        self._n_before = 0
        self._consumer: Any = None

    def newest_s(self) -> float:
        """Return the newest event time that sites have sent so far; 0 for none."""
        consumer = self.session.follow(*_TIMES)
        newest_s = 0.0
        for place in consumer.assignment():
            message, name = _TIMES[place.topic.removeprefix(self.session.names.prefix)]
            for record in self._last(consumer, place):
                try:
                    event = decode(message, record.value)
                except BadMessage:
                    continue
                newest_s = max(newest_s, seconds(getattr(event, name)))
        consumer.close()
        return newest_s

    def run(self, turns: Sequence[Turn], progress: Callable[[int], None]) -> Backfilled:
        """Send all turns in time order, then close their windows and wait for the learner.

        Raises
        ------
        ServiceError
            A request was not answered in time, or the workers do not work off what was sent.
        """
        self._consumer = self.session.follow("labelled-slates", "examples", "dead-letters")
        self._n_before = self._n_learned()
        kept = []
        for turn in turns:
            reason = refusal_of_turn(turn)
            if reason is None:
                kept.append(turn)
                for article in turn.articles:
                    self._send("articles", article.article_id, article)
            else:
                self.done.refused[turn.row.impression_id] = reason
                progress(1)
        self._send_profiles(kept[: 2 * self.window])
        self.session.flush()
        time.sleep(_SETTLE_S)
        start = 0
        while start < len(kept):
            end = self._end(kept, start)
            self._window(kept[start:end])
            # Profiles go ahead of the requests that need them by a whole window.
            self._send_profiles(kept[start + 2 * self.window : end + 2 * self.window])
            progress(end - start)
            start = end
        if kept:
            self._wait_applied()
            self._close_windows(kept[-1].time_s)
            self._wait_learned()
        self._consumer.close()
        return self.done

    def _end(self, turns: Sequence[Turn], start: int) -> int:
        """Return where the window that begins there ends.

        Where no answers say how far the workers are, one of its partitions may be read to its end
        before another: it spans no more time than features may be behind.
        """
        end = min(start + self.window, len(turns))
        if turns[start].impression.request_id is None:
            until_s = turns[start].time_s + STALE_S
            while turns[end - 1].time_s > until_s:
                end -= 1
        return end

    def _window(self, turns: Sequence[Turn]) -> None:
        refused = self.done.refused.__setitem__
        asked = [turn for turn in turns if turn.impression.request_id is not None]
        answers = self.session.ask_all([turn.request for turn in asked], refused=refused)
        self.done.sent["requests"] += len(asked)
        self.done.answered += len(answers)
        refusals = {turn.row.impression_id for turn in asked} - set(answers)
        for turn in turns:
            if turn.row.impression_id in refusals:
                continue
            self._send("impressions", turn.impression.user_id, turn.impression)
            for click in turn.clicks:
                self._send("clicks", click.user_id, click)
            if turn.clicks:
                self.done.clicked.add(turn.slate_id)
        self.session.flush()
        if not asked:  # no answer says that the workers have got so far
            self._wait_applied()

    def _send_profiles(self, turns: Sequence[Turn]) -> None:
        for turn in turns:
            if turn.profile is not None:
                self._send("profile-updates", turn.profile.user_id, turn.profile)

    def _send(self, topic: str, key: str, event: Any) -> None:
        self.session.send(topic, key, event)
        self.done.sent[topic] += 1

    def _wait_applied(self) -> None:
        """Wait until workers have committed all impressions and clicks: a tick must not overtake.

        Raises
        ------
        ServiceError
            They stand still.
        """
        group = f"{self.kafka.prefix}stream"
        consumer = self.session.follow("impressions", "clicks")
        ends = {place: consumer.position(place) for place in consumer.assignment()}
        consumer.close()
        behind, moved_s = -1, time.monotonic()
        with Admin(self.kafka) as admin:
            while behind:
                committed = admin.list_group_offsets(group)[group]
                done = {place: one.offset for place, one in committed.items()}
                before = behind
                behind = sum(max(0, end - done.get(place, 0)) for place, end in ends.items())
                if behind != before:
                    moved_s = time.monotonic()
                if time.monotonic() - moved_s > _PATIENCE_S:
                    msg = (
                        f"stream workers must work off what was sent, {behind:,} impressions and "
                        f"clicks have waited for {_PATIENCE_S:g} s: do all of them run?"
                    )
                    raise ServiceError(msg)
                time.sleep(0.2)

    def _close_windows(self, last_s: float) -> None:
        """Let event time pass the last slate's window on every partition."""
        ended = instant(last_s + self.attribution_window_s + 1.0)
        refusals: list[Exception] = []
        with TopicWriter(self.kafka, "feedback") as writer:
            for number in range(self.kafka.partitions):
                tick = FeedbackTick(partition=number, time=ended)
                key = str(number).encode()
                writer.send(key, encode(tick), refused=refusals.append, partition=number)
            writer.flush()
        if refusals:
            msg = f"Kafka must take the ticks that close windows: {refusals[0]}"
            raise ServiceError(msg)

    def _wait_learned(self) -> None:
        """Wait until all is labelled and learned, or nothing goes on.

        The learner may be ahead of what is read of `examples` here, so the count is of a topic
        that has been read to its end since.
        """
        moved_s, before = time.monotonic(), (-1, -1, -1)
        while time.monotonic() - moved_s < _PATIENCE_S:
            is_read = self._take()
            self.done.n_learned = self._n_learned() - self._n_before
            if is_read and self.done.is_whole:
                return
            reached = len(self.done.labelled), len(self.done.examples), self.done.n_learned
            if reached != before:
                before, moved_s = reached, time.monotonic()

    def _take(self) -> bool:
        """Count labels, examples and dead letters that have come; return whether those are all."""
        names = self.session.names
        ends = self._consumer.end_offsets(list(self._consumer.assignment()))
        for place, records in self._consumer.poll(timeout_ms=_POLL_MS).items():
            topic = topic_named(place.topic.removeprefix(names.prefix))
            for record in records:
                event: Any = decode(topic.message, record.value, max_bytes=topic.max_message_bytes)
                if isinstance(event, SlateLabelled):
                    self.done.labelled.add(event.slate_id)
                elif isinstance(event, Example):
                    self.done.examples.add(event.example_id)
                elif isinstance(event, DeadLetter):
                    self.done.dead_letters[event.source_topic] += 1
        return all(self._consumer.position(place) >= end for place, end in ends.items())

    def _n_learned(self) -> int:
        """Return how many examples the models in use have learned of."""
        consumer = self.session.follow("models")
        place = TopicPartition(self.session.names("models"), 0)
        found = [r.value for r in self._last(consumer, place) if r.key == SERVING.encode()]
        consumer.close()
        heads = [msgspec.json.decode(value, type=_Head) for value in found if value is not None]
        return heads[-1].n_examples if heads else 0

    @staticmethod
    def _last(consumer: Any, place: TopicPartition) -> list[Any]:
        """Read the last records of a partition."""
        end = consumer.position(place)
        start = consumer.beginning_offsets([place])[place]
        others = [one for one in consumer.assignment() if one != place]
        consumer.pause(*others)
        consumer.seek(place, max(start, end - _LAST))
        found: list[Any] = []
        while consumer.position(place) < end:
            found += consumer.poll(timeout_ms=_POLL_MS).get(place, [])
        consumer.resume(*others)
        return found


class _Head(msgspec.Struct):
    """What is read of a snapshot: not its arrays."""

    n_examples: int
