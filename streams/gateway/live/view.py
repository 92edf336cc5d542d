"""Everything the page shows of the whole system, folded from records as they come.

Each handler takes one record of its topic and changes bounded state; `snapshot` says it as plain
values. Nothing here reads a clock: the time of a record is the broker's, the time of a snapshot its
caller's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, Protocol, TypeVar, get_args

import msgspec

from cherryrec.codec import decode
from cherryrec.errors import BadMessage
from cherryrec.events import (
    ArticlePublished,
    Click,
    DeadLetter,
    Event,
    Impression,
    Recommendation,
    SlateLabelled,
)
from cherryrec.topics import HEARTBEAT_KEY, topic_named
from streams.gateway.live.groups import Groups
from streams.gateway.live.judging import SHOWN, OnlineJudge
from streams.gateway.live.latencies import Latencies
from streams.gateway.live.letters import Letters
from streams.gateway.live.models import ModelWatch
from streams.gateway.live.stories import HORIZONS_S, N_BUCKETS, Stories
from streams.gateway.live.windows import WindowedCounts

__all__ = ["VIEWS", "Follow", "LiveView", "Record", "View"]

View = Literal["now", "ranking", "stories"]
VIEWS: tuple[View, ...] = get_args(View)
"""What a snapshot is of; the page's other views ask for what they show."""

COUNTED = ("requests", "recommendations", "impressions", "clicks", "articles", "profile-updates")
"""Topics whose events are counted by the second."""

_LADDER_S = 300.0
_RATE_S = 10.0

E = TypeVar("E", bound=Event)


class Record(Protocol):
    """What is read of a consumer's record; `timestamp` in milliseconds, by the broker."""

    @property
    def key(self) -> bytes | None:
        """The key."""

    @property
    def value(self) -> bytes | None:
        """The message; None is a tombstone."""

    @property
    def timestamp(self) -> int:
        """When the broker took it."""


Follow = Callable[[Any], None]


class _RequestHead(msgspec.Struct):
    """What is read of a request."""

    request_id: str


_REQUEST = msgspec.json.Decoder(_RequestHead)


class LiveView:
    """The state of the page: rates, ladder, waits, dead letters, ranking, models, stories.

    Parameters
    ----------
    prefix
        Put before every topic name.
    label_after_s
        How long after an impression its labels are learned, in seconds; shown beside the ranking.
    """

    def __init__(self, prefix: str, *, label_after_s: float) -> None:
        self.n_read = 0
        """Records so far: a snapshot is as new as this says."""
        self.stories = Stories()
        self.models = ModelWatch()
        self.judge = OnlineJudge()
        self.letters = Letters(prefix)
        self._label_after_s = label_after_s
        self._newest_s: float | None = None
        self._rates: WindowedCounts[str] = WindowedCounts(window_s=60.0, bucket_s=1.0)
        self._ladder: WindowedCounts[str] = WindowedCounts(window_s=_LADDER_S, bucket_s=10.0)
        self._degraded: WindowedCounts[str] = WindowedCounts(window_s=_LADDER_S, bucket_s=10.0)
        self._waits = Latencies(window_s=_LADDER_S)

    def handlers(self) -> dict[str, Follow]:
        """Return topic (without its prefix) → what takes one record of it; none raises."""
        by_topic: dict[str, Callable[[Record, float], None]] = {
            "articles": self._article,
            "impressions": self._impression,
            "clicks": self._click,
            "profile-updates": lambda record, now_s: None,
            "requests": self._request,
            "recommendations": self._recommendation,
            "labelled-slates": self._labelled,
            "models": self._model,
            "dead-letters": self._letter,
        }
        return {topic: self._following(topic, take) for topic, take in by_topic.items()}

    def snapshot(self, view: View, *, now_s: float, groups: Groups) -> dict[str, Any]:
        """Say how everything stands at `now_s`, epoch seconds, as plain values for JSON."""
        parts: Mapping[View, Callable[[float, Groups], dict[str, Any]]] = {
            "now": self._now,
            "ranking": self._ranking,
            "stories": self._stories,
        }
        newest_s = self._newest_s
        return {
            "view": view,
            "at_s": now_s,
            "n_read": self.n_read,
            "silent_s": None if newest_s is None else max(0.0, now_s - newest_s),
            "kafka_error": groups.error,
            **parts[view](now_s, groups),
        }

    def _following(self, topic: str, take: Callable[[Record, float], None]) -> Follow:
        is_counted = topic in COUNTED

        def follow(record: Record) -> None:
            if record.key == HEARTBEAT_KEY and record.value is None:
                return
            now_s = record.timestamp / 1_000.0
            self.n_read += 1
            self._newest_s = now_s if self._newest_s is None else max(self._newest_s, now_s)
            if is_counted:
                self._rates.add(topic, now_s=now_s)
            take(record, now_s)

        return follow

    def _article(self, record: Record, now_s: float) -> None:
        if record.value is None:
            self.stories.retracted((record.key or b"").decode(errors="replace"), now_s=now_s)
        elif (article := _read("articles", ArticlePublished, record)) is not None:
            self.stories.published(article)

    def _impression(self, record: Record, now_s: float) -> None:
        if (impression := _read("impressions", Impression, record)) is not None:
            self.stories.shown(impression.articles, now_s=now_s)

    def _click(self, record: Record, now_s: float) -> None:
        if (click := _read("clicks", Click, record)) is not None:
            self.stories.clicked(click.article_id, now_s=now_s)

    def _request(self, record: Record, now_s: float) -> None:
        try:
            self._waits.requested(_REQUEST.decode(record.value or b"").request_id, now_s)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return  # the workers say on dead-letters what is wrong with it

    def _recommendation(self, record: Record, now_s: float) -> None:
        slate = _read("recommendations", Recommendation, record)
        if slate is None:
            return
        self._waits.answered(slate.request_id, now_s)
        self._ladder.add(slate.rung or "refused", now_s=now_s)
        if slate.degraded is not None:
            self._degraded.add(slate.degraded, now_s=now_s)
        self.judge.answered(slate, now_s=now_s)

    def _labelled(self, record: Record, now_s: float) -> None:
        if (slate := _read("labelled-slates", SlateLabelled, record)) is not None:
            self.judge.labelled(slate, now_s=now_s)

    def _model(self, record: Record, now_s: float) -> None:
        if record.value is not None:
            self.models.add(record.value, at_s=now_s)

    def _letter(self, record: Record, now_s: float) -> None:
        if (letter := _read("dead-letters", DeadLetter, record)) is not None:
            self.letters.add(letter, now_s=now_s)

    def _now(self, now_s: float, groups: Groups) -> dict[str, Any]:
        # The second that has just begun is not over: the ten before it are the rate.
        recent = self._rates.totals(now_s=now_s - 1.0, within_s=_RATE_S)
        waits = self._waits.quantiles(now_s=now_s)
        return {
            "topics": [
                {
                    "topic": topic,
                    "per_s": recent[topic] / _RATE_S,
                    "series": self._rates.series(topic, now_s=now_s - 1.0),
                }
                for topic in COUNTED
            ],
            "ladder": dict(self._ladder.totals(now_s=now_s)),
            "degraded": dict(self._degraded.totals(now_s=now_s)),
            "wait_ms": None if waits is None else {"p50": waits[0], "p99": waits[1]},
            "n_dead_letters": self.letters.n(now_s=now_s),
            "reasons": self.letters.reasons(now_s=now_s),
            "letters": [msgspec.to_builtins(one) for one in reversed(self.letters.newest)],
            "groups": msgspec.to_builtins(groups),
        }

    def _ranking(self, now_s: float, groups: Groups) -> dict[str, Any]:
        hour = self.judge.hour
        newest = self.models.newest
        return {
            "metrics": SHOWN,
            "label_after_s": self._label_after_s,
            "n_judged": hour.n(now_s=now_s),
            "n_passed_over": self.judge.n_passed_over,
            "means": hour.means(now_s=now_s),
            "minutes": hour.series(now_s=now_s),
            "model": None if newest is None else msgspec.to_builtins(newest),
            "model_age_s": None if newest is None else max(0.0, now_s - newest.at_s),
            "points": [msgspec.to_builtins(point) for point in self.models.points()],
            "alarms": self.models.alarms,
        }

    def _stories(self, now_s: float, groups: Groups) -> dict[str, Any]:
        horizons: dict[str, Any] = {}
        for name, horizon_s in HORIZONS_S.items():
            rising, falling, most = self.stories.moving(name, now_s=now_s)
            horizons[name] = {
                "bucket_s": horizon_s / N_BUCKETS,
                "rising": msgspec.to_builtins(rising),
                "falling": msgspec.to_builtins(falling),
                "most": msgspec.to_builtins(most),
            }
        return {
            "n_articles": len(self.stories),
            "horizons": horizons,
            "gone": [
                {"at_s": at_s, "article_id": key, "title": title}
                for at_s, key, title in self.stories.gone()
            ],
        }


def _read(topic: str, message: type[E], record: Record) -> E | None:
    """Decode a record; None for what the workers refuse as well, and name on `dead-letters`."""
    try:
        return decode(message, record.value, max_bytes=topic_named(topic).max_message_bytes)
    except BadMessage:
        return None
