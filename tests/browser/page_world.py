"""A gateway with its page on a port, over a Kafka in memory, with a paper's worth of news."""

from __future__ import annotations

import asyncio
import threading
import time
from types import TracebackType
from typing import Any, Self

import numpy as np
import uvicorn

from cherryrec.codec import decode
from cherryrec.evaluation.generate.words import CATEGORIES
from cherryrec.evaluation.generate.world import TOPICS, build_world
from cherryrec.events import (
    ArticlePublished,
    Click,
    DeadLetter,
    Event,
    Impression,
    Recommendation,
    RecommendationRequest,
    Recommended,
    SlateLabelled,
    instant,
)
from cherryrec.knrs import KnrsConfig
from cherryrec.learner import SERVING, STATE, Learner
from cherryrec.pipeline import EvaluatorConfig, PipelineConfig
from cherryrec.vans import VansConfig
from streams.config import KafkaConfig
from streams.gateway.app import create_app
from streams.gateway.config import GatewayConfig
from streams.gateway.gateway import Gateway
from streams.gateway.live import Groups
from streams.gateway.page import page_routes
from streams.stack import free_port
from streams.status import Lag, Member
from tests.streams.gateway.memory_kafka import MemoryKafka, Sent

TOPICS_OF = ("clicks", "impressions", "requests", "profile-updates")
REASONS = {
    "ctr_1h": 0.62,
    "category_lift": 0.31,
    "text_last": 0.12,
    "clicks_10m": 0.08,
    "age": -0.21,
    "seen_times": -0.09,
    "others": 0.04,
}


def news(n: int, *, now_s: float) -> list[ArticlePublished]:
    """Return generated articles, published over the last hours."""
    world = build_world(
        np.random.default_rng(3), n_users=1, n_articles=n, starts_at=now_s - 86_400.0, days=1.0
    )
    return [
        ArticlePublished(
            article_id=article_id,
            title=world.headlines[number][0],
            category=CATEGORIES[TOPICS[int(world.topic[number])][0]].name,
            published_at=instant(now_s - 60.0 * (n - number)),
        )
        for number, article_id in enumerate(world.article_ids)
    ]


def slate_for(request: RecommendationRequest, articles: list[str], **fields: Any) -> Recommendation:
    """Answer with articles in their order, each with reasons that sum to its score."""
    scores = [round(sum(REASONS.values()) - 0.05 * place, 6) for place in range(len(articles))]
    return Recommendation(
        request_id=request.request_id,
        user_id=request.user_id,
        requested_at=request.requested_at,
        rung="unevaluated",
        stage="learned",
        versions={"models": 42},
        slate=tuple(
            Recommended(
                article_id=article_id,
                position=place,
                score=scores[place],
                news_value=0.6,
                contributions={**REASONS, "others": REASONS["others"] - 0.05 * place},
                source="rising" if place % 3 == 0 else "alike",
                is_trial=place == 7,
            )
            for place, article_id in enumerate(articles)
        ),
        **fields,
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

    async def run(self) -> None:
        await asyncio.Event().wait()


class PageWorld:
    """Runs the gateway in a thread; a context manager.

    Workers answer each request with the articles that its reader has not opened, the newest first.
    """

    def __init__(self, *, is_demo: bool = False, **config: Any) -> None:
        self.articles: list[ArticlePublished] = []
        self.opened: dict[str, list[str]] = {}
        self.answers_after_s = 0.0
        self.port = free_port()
        self.gateway = Gateway(
            KafkaConfig(bootstrap_servers="127.0.0.1:1"),
            GatewayConfig(port=self.port, rate_per_s=0.0, **config),
            core=PipelineConfig(evaluator=EvaluatorConfig(deadline_ms=1_000)),
            transport=MemoryKafka,
        )
        assert isinstance(self.gateway.transport, MemoryKafka)
        self.kafka = self.gateway.transport
        self.kafka.answer = self.answer
        self.watch = StillWatch()
        routes = page_routes(self.gateway, label_after_s=60.0, is_demo=is_demo, watch=self.watch)
        self._server = uvicorn.Server(
            uvicorn.Config(
                create_app(self.gateway, routes),
                port=self.port,
                log_config=None,
                access_log=False,
                ws="none",
                timeout_graceful_shutdown=1,
            )
        )
        self._thread = threading.Thread(target=self._run)
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.should_exit = True
        self._thread.join()

    def _run(self) -> None:
        async def serve() -> None:
            self._loop = asyncio.get_running_loop()
            await self._server.serve()

        asyncio.run(serve())

    def in_loop(self, call: Any) -> None:
        """Run something where the gateway runs, and wait for it."""
        assert self._loop is not None, "the server has started"

        async def run() -> None:
            call()

        asyncio.run_coroutine_threadsafe(run(), self._loop).result(timeout=30.0)

    def publish(self, topic: str, *events: Event, at_s: float | None = None) -> None:
        """Have events come from Kafka, now by default."""
        now_s = time.time() if at_s is None else at_s

        def put() -> None:
            for event in events:
                self.kafka.publish(topic, event, at_s=now_s)

        self.in_loop(put)

    def answer(self, sent: Sent) -> Event | None:
        """Answer as workers would, and let the topics say what was sent."""
        topic, key, value = sent
        self.kafka.put(topic, key, value, at_s=time.time())
        if topic == "articles" and value is None:
            self.articles = [one for one in self.articles if one.article_id.encode() != key]
        if topic == "clicks":
            click = decode(Click, value)
            self.opened.setdefault(click.user_id, []).append(click.article_id)
        if topic != "requests":
            return None
        request = decode(RecommendationRequest, value)
        read = set(self.opened.get(request.user_id, ()))
        ids = [one.article_id for one in self.articles if one.article_id not in read]
        return slate_for(request, ids[: request.slate_size])

    def fill(self, *, n_articles: int = 120, n_readers: int = 200, seed: int = 0) -> None:
        """Let an hour of a paper's life come, from articles to refusals."""
        rng = np.random.default_rng(seed)
        now_s = time.time()
        self.articles = news(n_articles, now_s=now_s)
        ids = [one.article_id for one in self.articles]
        self.publish("articles", *self.articles, at_s=now_s - 3_600.0)
        learner = Learner(KnrsConfig(), VansConfig())
        for minute in range(60, -1, -1):
            at_s = now_s - 60.0 * minute
            self.publish("models", learner.snapshot(SERVING), learner.snapshot(STATE), at_s=at_s)
            move(learner, rng)
            for _ in range(12 if minute else 40):
                self.turn(rng, ids, f"U{rng.integers(n_readers)}", at_s=at_s, minute=minute)
        letter = DeadLetter(
            reason="Object missing required field `event_id`",
            source_topic="cherryrec.clicks",
            source_partition=2,
            source_offset=41,
            received_at=instant(now_s),
            key=b"U7",
            value=b"{}",
        )
        self.publish("dead-letters", *[letter] * 3, at_s=now_s - 90.0)

    def turn(
        self, rng: np.random.Generator, ids: list[str], user: str, *, at_s: float, minute: int
    ) -> None:
        """Let one reader be answered, shown and labelled; stories rise and fall."""
        name = f"r{rng.integers(1 << 60)}"
        shown = [ids[k] for k in rng.choice(len(ids), 10, replace=False)]
        appeal = np.array(
            [
                3.0 * np.exp(-((ids.index(one) % 12 * 5 - (60 - minute)) ** 2) / 200.0)
                for one in shown
            ]
        )
        order = np.argsort(-(appeal + rng.gumbel(size=10)))
        shown = [shown[k] for k in order]
        chances = np.exp(appeal[order] + 0.3)
        clicked = shown[int(rng.choice(10, p=chances / chances.sum()))]
        request = RecommendationRequest(
            request_id=name, user_id=user, requested_at=instant(at_s), slate_size=10
        )
        rung = "evaluated" if rng.random() < 0.4 else "cached" if rng.random() < 0.2 else None
        slate = slate_for(request, shown)
        if rung is not None:
            fields = {one: getattr(slate, one) for one in slate.__struct_fields__}
            slate = Recommendation(**(fields | {"rung": rung}))
        later_s = at_s + float(rng.gamma(2.0, 0.004))
        self.publish("requests", request, at_s=at_s)
        self.publish("recommendations", slate, at_s=later_s)
        impression = Impression(
            impression_id=name,
            user_id=user,
            articles=tuple(shown),
            shown_at=instant(at_s),
            request_id=name,
        )
        self.publish("impressions", impression, at_s=later_s)
        click = Click(
            event_id=name, user_id=user, article_id=clicked, clicked_at=instant(at_s + 1.0)
        )
        self.publish("clicks", click, at_s=later_s)
        labelled = SlateLabelled(
            slate_id=name,
            shown_at=instant(at_s),
            articles=tuple(shown),
            clicked=tuple(one == clicked for one in shown),
            categories=("",) * 10,
        )
        self.publish("labelled-slates", labelled, at_s=later_s)


def move(learner: Learner, rng: np.random.Generator) -> None:
    """Move what a learner's weights are, as an hour of learning would."""
    weights = learner.vans.stacker.weights
    weights *= np.exp(0.05 * rng.normal(size=len(weights)))
    learner.n_examples += 12
