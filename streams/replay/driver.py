"""Replay through Kafka: a log's messages to the real topics, its recommendations back.

Rows go in windows: the requests of a window, then, when all are answered, what was shown and
clicked. Nothing of a row's labels is sent before its own answer is here, so the protocol is
prequential; what a row can know lags by the rows in flight, which is what serving is like.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from cherryrec.codec import decode, encode
from cherryrec.errors import BadMessage, ConfigError, ServiceError
from cherryrec.evaluation.mind_rows import MindImpression
from cherryrec.evaluation.replay import Judge, LearnedRecord, LogMessages, Turn
from cherryrec.events import Event, Recommendation
from cherryrec.topics import topic_named
from streams.replay.session import Session
from streams.replay.watch import ModelWatch

__all__ = ["KafkaReplay", "ReplaySettings", "refusal_of_turn"]

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaySettings:
    """How a replay drives the topics.

    Parameters
    ----------
    window
        Requests in flight at once, above 0: more is faster and staler.
    pause_s
        Wait after a window's clicks are sent and before the next requests, in seconds: a site has
        seconds there, in which labels and models reach every worker.
    label_delay_s
        How long after a slate its labels are made, in seconds of event time.
    settle_s
        Wait after articles and profiles are sent and before the first request, in seconds.
    """

    window: int = 1
    pause_s: float = 0.0
    label_delay_s: float = 0.0
    settle_s: float = 2.0

    def __post_init__(self) -> None:
        if self.window < 1:
            msg = f"window must be at least 1, got {self.window}"
            raise ConfigError(msg)
        if not self.pause_s >= 0:
            msg = f"pause_s must be at least 0, got {self.pause_s}"
            raise ConfigError(msg)


class KafkaReplay:
    """Drives one log through the topics of a running system.

    Parameters
    ----------
    session
        An open session.
    settings
        Pace.
    check
        Raises when a part of the system is given up; called while the replay waits for models.
    """

    def __init__(
        self,
        session: Session,
        settings: ReplaySettings | None = None,
        *,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        self.session = session
        self.settings = settings or ReplaySettings()
        self.learned = LearnedRecord(window=self.settings.window)
        self.halted_s = 0.0
        """How long the replay waited for models that stood still."""
        self._check = check
        self._judged: list[tuple[Turn, int]] = []
        self.latencies_s: list[float] = []
        self.refused: dict[str, str] = {}
        """Rows that were not replayed, by impression id, and why."""

    def run(
        self,
        rows: Iterable[MindImpression],
        messages: LogMessages,
        judge: Judge,
        progress: Progress | None = None,
    ) -> None:
        """Replay rows in time order, judging each before its labels are sent.

        A row whose messages no worker takes, because they are over a limit or of a time that
        cannot be, is left out and kept in `refused`; so is one that a worker refuses.

        Raises
        ------
        ServiceError
            A request was not answered in time, models stood still for too long, or what was
            measured does not carry: too few labels, or not learned, or not followed.
        """
        size = self.settings.window
        turns = []
        for turn in map(messages.turn, rows):
            for article in turn.articles:
                if refusal("articles", article) is None:
                    self.session.send("articles", article.article_id, article)
            reason = refusal_of_turn(turn)
            if reason is None:
                turns.append(turn)
            else:
                self._refuse(turn.row.impression_id, reason)
                if turn.profile is not None and refusal("profile-updates", turn.profile) is None:
                    self._send_profiles([turn])  # later rows of the user have none
                if progress is not None:
                    progress(1)
        self._send_profiles(turns[: 2 * size])
        self.session.flush()
        time.sleep(self.settings.settle_s)
        with ModelWatch(self.session, self.learned, check=self._check) as watch:
            for start in range(0, len(turns), size):
                window = turns[start : start + size]
                self._check()
                watch.poll()
                self._rank(window, judge)
                # Profiles go ahead of the requests that need them by a whole window.
                self._send_profiles(turns[start + 2 * size : start + 3 * size])
                self._show(window, judge)
                time.sleep(self.settings.pause_s)
                watch.keep_up()
                if progress is not None:
                    progress(len(window))
            for slate_id in self._due():
                self.learned.expect(slate_id)
            watch.settle()
            self.halted_s = watch.halted_s
        faults = self.learned.faults()
        if faults:
            msg = (
                f"the replay measured no models that learn ({'; '.join(faults)}): its metrics are "
                "not told; see the logs of the learner and the stream workers"
            )
            raise ServiceError(msg)

    def _rank(self, window: Sequence[Turn], judge: Judge) -> None:
        rows = {turn.request.request_id: turn.row.impression_id for turn in window}
        answers = self.session.ask_all(
            [turn.request for turn in window],
            refused=lambda request_id, reason: self._refuse(rows[request_id], reason),
        )
        for turn in window:
            answer = answers.get(turn.request.request_id)
            if answer is None:
                continue
            self.latencies_s.append(answer.latency_s)
            version = answer.recommendation.versions.get("models", 0)
            self.learned.ranked(int(version), at_s=time.time())
            if _is_clicked(turn, answer.recommendation):
                self._judged.append((turn, answer.partition))
            judge.rank(turn.row, answer.recommendation)
            judge.rank_baselines(turn.row)

    def _show(self, window: Sequence[Turn], judge: Judge) -> None:
        for turn in window:
            if turn.row.impression_id in self.refused:
                continue
            self.session.send("impressions", turn.impression.user_id, turn.impression)
            for click in turn.clicks:
                self.session.send("clicks", click.user_id, click)
            judge.learn(turn.row)
        self.session.flush()

    def _due(self) -> Iterator[str]:
        """Return the clicked slates whose labels are due: event time has passed their delay."""
        newest: dict[int, float] = {}
        for turn, partition in self._judged:
            newest[partition] = max(newest.get(partition, 0.0), turn.time_s)
        for turn, partition in self._judged:
            if turn.time_s + self.settings.label_delay_s < newest[partition]:
                yield turn.slate_id

    def _send_profiles(self, turns: Sequence[Turn]) -> None:
        for turn in turns:
            if turn.profile is not None:
                self.session.send("profile-updates", turn.profile.user_id, turn.profile)

    def _refuse(self, impression_id: str, reason: str) -> None:
        self.refused[impression_id] = reason


def _is_clicked(turn: Turn, recommendation: Recommendation) -> bool:
    """Whether an article was clicked that the slate has, with its features."""
    ranked = {item.article_id for item in recommendation.slate}
    return any(click.article_id in ranked for click in turn.clicks)


def refusal_of_turn(turn: Turn) -> str | None:
    """Return why no worker would take a turn's messages; None: they would."""
    events: list[tuple[str, Event]] = [
        ("requests", turn.request),
        ("impressions", turn.impression),
        *(("clicks", click) for click in turn.clicks),
    ]
    if turn.profile is not None:
        events.append(("profile-updates", turn.profile))
    return next((reason for topic, one in events if (reason := refusal(topic, one))), None)


def refusal(name: str, event: Event) -> str | None:
    """Return why workers would refuse an event on a topic, by the codec that they read it with.

    Examples
    --------
    >>> from cherryrec.events import Deadline
    >>> refusal("deadlines", Deadline(request_id="r" * 300, user_id="u1"))
    'deadlines: Expected `str` of length <= 256 - at `$.request_id`'
    """
    topic = topic_named(name)
    try:
        decode(topic.message, encode(event), max_bytes=topic.max_message_bytes)
    except (BadMessage, UnicodeEncodeError) as error:
        return f"{name}: {error}"
    return None
