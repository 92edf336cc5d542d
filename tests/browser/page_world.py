"""A gateway with its page on a port, over a Kafka in memory, with a paper's worth of news."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from cherryrec.codec import decode, encode
from cherryrec.evaluation.generate.words import CATEGORIES
from cherryrec.evaluation.generate.world import TOPICS, build_world
from cherryrec.events import (
    ArticlePublished,
    Click,
    DeadLetter,
    Evaluation,
    EvaluationRequest,
    Event,
    Impression,
    Inquiry,
    RecommendationRequest,
    instant,
    seconds,
)
from cherryrec.pipeline import EvaluatorConfig, PipelineConfig, Send
from cherryrec.snapshots import SERVING, STATE
from cherryrec.system import LocalSystem
from streams.gateway.live import Groups
from streams.gateway.page import page_routes
from streams.status import Lag, Member
from tests.streams.gateway.memory_kafka import Sent
from tests.streams.gateway.served import ServedGateway

TOPICS_OF = ("clicks", "impressions", "requests", "profile-updates")


def news(n: int, *, now_s: float) -> list[ArticlePublished]:
    """Return generated articles, no two of one title, published over the last hours."""
    world = build_world(
        np.random.default_rng(3), n_users=1, n_articles=n, starts_at=now_s - 86_400.0, days=1.0
    )
    found: dict[str, ArticlePublished] = {}
    for number, article_id in enumerate(world.article_ids):
        title = world.headlines[number][0]
        found.setdefault(
            title,
            ArticlePublished(
                article_id=article_id,
                title=title,
                category=CATEGORIES[TOPICS[int(world.topic[number])][0]].name,
                published_at=instant(now_s - 60.0 * (n - number)),
            ),
        )
    return list(found.values())


def evaluate(question: EvaluationRequest) -> Evaluation:
    """Judge as a language model would that likes long titles."""
    longest = max(len(one.title) for one in question.candidates)
    return Evaluation(
        request_id=question.request_id,
        user_id=question.user_id,
        evaluations={one.article_id: len(one.title) / longest for one in question.candidates},
    )


class StillWatch:
    """Groups as they would be with two stream workers and a learner."""

    def __init__(self) -> None:
        self.groups = Groups(
            at_s=time.time(),
            lags=tuple(Lag(group="stream", topic=topic, n=n) for n, topic in enumerate(TOPICS_OF)),
            members=(
                Member(
                    group="stream",
                    name="cherryrec-stream",
                    host="10.0.0.5",
                    partitions={topic: [0, 1] for topic in TOPICS_OF},
                ),
                Member(
                    group="stream",
                    name="cherryrec-stream",
                    host="10.0.0.6",
                    partitions={topic: [2, 3] for topic in TOPICS_OF},
                ),
                Member(
                    group="learner",
                    name="cherryrec-learner",
                    host="10.0.0.5",
                    partitions={"examples": [0]},
                ),
            ),
        )

    async def run(self, is_wanted: Callable[[], bool]) -> None:
        """Say the same for ever."""


class PageWorld(ServedGateway):
    """Runs the gateway in a thread, and the whole system behind it; a context manager.

    What the gateway sends, and what follows from it in the system, is on its topics at once.
    """

    def __init__(self, *, is_demo: bool = False, **config: Any) -> None:
        self.articles: list[ArticlePublished] = []
        self.watch = StillWatch()
        super().__init__(
            core=PipelineConfig(evaluator=EvaluatorConfig(deadline_ms=1_000)),
            pages=partial(page_routes, label_after_s=60.0, is_demo=is_demo, watch=self.watch),
            rate_per_s=0.0,
            **config,
        )
        self.system = LocalSystem(
            PipelineConfig(evaluator=EvaluatorConfig(enabled=True)),
            evaluate=evaluate,
            on_send=self._follows,
        )
        self.kafka.answer = self.answer
        self._at_s: float | None = None  # when all that is sent comes; None: now

    def publish(self, topic: str, *events: Event, at_s: float | None = None) -> None:
        """Have events come from Kafka, now by default; the system does not hear of them."""
        now_s = time.time() if at_s is None else at_s

        def put() -> None:
            for event in events:
                self.kafka.publish(topic, event, at_s=now_s)

        self.in_loop(put)

    def publish_all(self, events: Sequence[tuple[str, Event]]) -> None:
        """Have events of several topics come from Kafka now, in their order."""
        now_s = time.time()

        def put() -> None:
            for topic, event in events:
                self.kafka.publish(topic, event, at_s=now_s)

        self.in_loop(put)

    def answer(self, sent: Sent) -> Event | None:
        """Let topics and system have what the gateway has sent; return what answers it."""
        topic, key, value = sent
        self._put(topic, key, value)
        match topic:
            case "articles" if value is None:
                self.system.retract(key.decode())
            case "inquiries":
                return self.system.ask(decode(Inquiry, value))
            case "requests":
                self.system.recommend(decode(RecommendationRequest, value))
            case "clicks":
                self.system.send(decode(Click, value))
            case "impressions":
                self.system.send(decode(Impression, value))
        return None

    def _follows(self, send: Send) -> None:
        """Put on its topic what followed in the system."""
        if send.topic in {"recommendations", "labelled-slates"} and send.event is not None:
            self._put(send.topic, send.key.encode(), encode(send.event))

    def _put(self, topic: str, key: bytes | None, value: bytes | None) -> None:
        self.kafka.put(topic, key, value, at_s=time.time() if self._at_s is None else self._at_s)

    def fill(self, *, minutes: int = 60, n_articles: int = 120, n_readers: int = 60) -> None:
        """Let the last minutes of a paper's life come, from articles to refusals."""
        self.in_loop(lambda: self._fill(minutes, n_articles, n_readers))

    def _fill(self, minutes: int, n_articles: int, n_readers: int) -> None:
        rng, now_s = np.random.default_rng(0), time.time()
        self.articles = news(n_articles, now_s=now_s)
        ids = [one.article_id for one in self.articles]
        for article in self.articles:
            self._at_s = seconds(article.published_at) if article.published_at else now_s
            self._put("articles", article.article_id.encode(), encode(article))
            self.system.send(article)
        for minute in range(minutes, 0, -1):
            learner = self.system.learner
            self._at_s = now_s - 60.0 * minute
            for name in (SERVING, STATE):
                self._put("models", name.encode(), encode(learner.snapshot(name)))
            for number in range(4):
                user = f"U{rng.integers(n_readers)}"
                self._turn(rng, ids, user, at_s=self._at_s + 10.0 * number, minute=minute)
        letter = DeadLetter(
            reason="Object missing required field `event_id`",
            source_topic="cherryrec.clicks",
            source_partition=2,
            source_offset=41,
            received_at=instant(now_s),
            key=b"U7",
            value=b"{}",
        )
        for _ in range(3):
            self._put("dead-letters", letter.key, encode(letter))
        self._at_s = None

    def _turn(
        self, rng: np.random.Generator, ids: list[str], user: str, *, at_s: float, minute: int
    ) -> None:
        """Let one reader be answered and open something; stories rise and fall."""
        name, self._at_s = f"r{rng.integers(1 << 60)}", at_s
        request = RecommendationRequest(
            request_id=name,
            user_id=user,
            requested_at=instant(at_s),
            slate_size=10,
            deadline_ms=0 if rng.random() < 0.5 else None,
        )
        self._put("requests", user.encode(), encode(request))
        self._at_s = at_s + float(rng.gamma(2.0, 0.004))
        slate = [item.article_id for item in self.system.recommend(request).slate]
        peaks = np.array([ids.index(one) % 12 * 5 for one in slate])
        appeal = 3.0 * np.exp(-((peaks - (60 - minute)) ** 2) / 200.0)
        opened = slate[int(np.argmax(appeal + rng.gumbel(size=len(slate))))]
        impression = Impression(
            impression_id=name,
            user_id=user,
            articles=tuple(slate),
            shown_at=instant(at_s),
            request_id=name,
        )
        click = Click(
            event_id=name,
            user_id=user,
            article_id=opened,
            clicked_at=instant(at_s + 2.0),
            impression_id=name,
        )
        for topic, event in (("impressions", impression), ("clicks", click)):
            self._put(topic, user.encode(), encode(event))
            self.system.send(event)
        self.system.advance(at_s)
