"""The OpenAPI document and the app: each keeps what the other says."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from litestar.handlers import HTTPRouteHandler
from schemathesis import GenerationMode

from cherryrec.pipeline import EvaluatorConfig, PipelineConfig
from streams.config import KafkaConfig
from streams.gateway.app import create_app
from streams.gateway.calls import Needs
from streams.gateway.config import GatewayConfig
from streams.gateway.gateway import Gateway
from tests.streams.gateway import contract
from tests.streams.gateway.conftest import ADMIN, READ, SEND, World, a_worker, bearer
from tests.streams.gateway.inquired import answering
from tests.streams.gateway.memory_kafka import MemoryKafka

KEY = READ + SEND + ADMIN
OF_A_RUNNING_SYSTEM = ("/status", "/profile", "/what-if", "/why-not/{article_id}")
"""Paths that a Kafka or workers answer: tests/integration/test_gateway.py asks them."""


@pytest.fixture
def document(world: World) -> Any:
    return world.client.get("/openapi.json").json()


def test_every_path_of_the_api_needs_a_right_and_says_so(world: World, document: Any) -> None:
    for route in world.client.app.routes:
        for handler in getattr(route, "route_handlers", ()):
            assert isinstance(handler, HTTPRouteHandler)
            if not route.path.startswith("/v1/") or handler.http_methods == {"OPTIONS"}:
                continue
            rights = [guard for guard in handler.guards or () if isinstance(guard, Needs)]
            assert len(rights) == 1, f"{route.path} must need one right"
            (method,) = handler.http_methods
            operation = document["paths"][route.path_format][method.lower()]
            assert operation["security"] == [{"bearer": []}, {"key": []}]
            assert operation["summary"] and operation["description"]


def test_bounds_of_messages_are_in_the_document(document: Any) -> None:
    question = document["components"]["schemas"]["Question"]["properties"]
    served = document["components"]["schemas"]["ServedSlate"]

    assert question["deadline_ms"]["anyOf"][0] == {
        "type": "integer",
        "minimum": 0,
        "maximum": 600_000,
    }
    assert question["exclude"]["anyOf"][0]["items"]["minLength"] == 1
    assert "default" not in question["request_id"]
    assert {"schema", "served", "slate"} <= set(served["required"])


def test_an_answer_is_what_the_document_says(world: World, document: Any) -> None:
    world.kafka.answer = a_worker
    schema = {"$ref": "#/components/schemas/ServedSlate", "components": document["components"]}

    jsonschema.validate(world.ask(user_id="u1").json(), schema)


def test_documents_need_no_key(world: World) -> None:
    topics = world.client.get("/asyncapi.json").json()

    assert topics["channels"]["clicks"]["address"] == "cherryrec.clicks"


@pytest.mark.slow
def test_no_call_is_answered_otherwise_than_the_document_says() -> None:
    assert contract.map_body(None, {"a": [5.0]}) == {"a": [5]}
    wrong = {"propensities": [-1, 2], "articles": ["a"]}
    assert contract.map_body(None, wrong) == wrong
    keys = {"read_keys": (KEY,), "send_keys": (KEY,), "admin_keys": (KEY,)}
    gateway = Gateway(
        KafkaConfig(),
        GatewayConfig(**keys, margin_ms=1),
        core=PipelineConfig(evaluator=EvaluatorConfig(deadline_ms=1)),
        transport=MemoryKafka,
    )
    assert isinstance(gateway.transport, MemoryKafka)
    gateway.transport.answer = lambda sent: answering(sent) or a_worker(sent)
    api = schemathesis.openapi.from_asgi("/openapi.json", create_app(gateway))
    n_calls = 0

    for result in api.get_all_operations():
        operation = result.ok()
        if operation.path.endswith(OF_A_RUNNING_SYSTEM):
            continue
        for mode in GenerationMode:
            if not operation.body and not operation.path_parameters and mode.is_negative:
                continue

            @given(operation.as_strategy(generation_mode=mode))
            @settings(
                max_examples=40,
                derandomize=True,
                database=None,
                suppress_health_check=list(HealthCheck),
            )
            def call(case: schemathesis.Case) -> None:
                nonlocal n_calls
                n_calls += 1
                case.call_and_validate(headers=bearer(KEY))

            call()

    assert n_calls > 200
