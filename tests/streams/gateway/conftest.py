"""A gateway over a Kafka in memory, and clients that show a key or none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from litestar.testing import TestClient

from cherryrec.codec import decode
from cherryrec.events import Event, Recommendation, RecommendationRequest, Recommended
from cherryrec.pipeline import EvaluatorConfig, PipelineConfig
from streams.config import KafkaConfig
from streams.gateway.app import create_app
from streams.gateway.config import GatewayConfig
from streams.gateway.gateway import Gateway
from tests.streams.gateway.memory_kafka import MemoryKafka, Sent

READ, SEND, ADMIN = (name * 16 for name in "rsa")
NOW_S = 1_767_571_200.0


class World:
    """A gateway, its Kafka, and a client."""

    def __init__(self, client: TestClient[Any], gateway: Gateway) -> None:
        self.client = client
        self.gateway = gateway
        assert isinstance(gateway.transport, MemoryKafka)
        self.kafka = gateway.transport

    def ask(self, **body: object) -> Any:
        return self.client.post("/v1/recommendations", json=body, headers=bearer(SEND))


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def slate_of(request: RecommendationRequest, *articles: str) -> Recommendation:
    return Recommendation(
        request_id=request.request_id,
        user_id=request.user_id,
        requested_at=request.requested_at,
        slate=tuple(
            Recommended(
                article_id=article_id,
                position=position,
                score=0.5,
                news_value=0.25,
                contributions={"age": -0.25, "ctr_1h": 0.75},
            )
            for position, article_id in enumerate(articles)
        ),
    )


def a_worker(sent: Sent) -> Event | None:
    """Answer a request with two articles."""
    topic, _, value = sent
    if topic != "requests":
        return None
    return slate_of(decode(RecommendationRequest, value), "a1", "a2")


@pytest.fixture
def make_world() -> Iterator[Callable[..., World]]:
    clients = []

    def make(**changes: Any) -> World:
        keys = {"read_keys": (READ,), "send_keys": (SEND,), "admin_keys": (ADMIN,)}
        gateway = Gateway(
            KafkaConfig(),
            GatewayConfig(**(keys | changes)),
            core=PipelineConfig(evaluator=EvaluatorConfig(deadline_ms=20)),
            clock=lambda: NOW_S,
            transport=MemoryKafka,
        )
        client = TestClient(create_app(gateway), base_url="http://127.0.0.1:6070")
        clients.append(client)
        client.__enter__()
        return World(client, gateway)

    yield make
    for client in clients:
        client.__exit__(None, None, None)


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    return make_world(margin_ms=30)
