"""A call for a slate is one trace with its request, and says what it was given."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cherryrec.tracing import trace_headers
from tests.spans import PARENT, TRACE_ID, Spans, trace_id_of
from tests.streams.gateway.conftest import NOW_S, SEND, World, a_worker, bearer

COME = {**bearer(SEND), PARENT[0]: PARENT[1].decode()}


@pytest.fixture
def spans(world: World) -> Spans:
    spans = Spans(lambda: NOW_S)
    world.gateway.tracer = spans.tracer
    return spans


def ask(world: World, **headers: str) -> int:
    body = {"user_id": "reader-7"}
    answer = world.client.post("/v1/recommendations", json=body, headers={**COME, **headers})
    return int(answer.status_code)


def test_a_call_and_its_request_are_of_the_caller_s_trace(world: World, spans: Spans) -> None:
    world.kafka.answer = a_worker

    assert ask(world) == 200

    (headers,) = world.kafka.headers
    span = spans.one("POST /v1/recommendations")
    assert spans.trace_ids() == {TRACE_ID} == {trace_id_of(headers)}
    assert span.context is not None
    assert f"{span.context.span_id:016x}" in dict(headers)["traceparent"].decode()
    attributes = dict(span.attributes or {})
    assert attributes.pop("cherryrec.request_id")
    assert attributes == {
        "http.request.method": "POST",
        "http.route": "/v1/recommendations",
        "cherryrec.served": "answer",
    }
    assert "reader-7" not in span.to_json()


def test_a_span_names_the_request_by_the_id_that_its_caller_gave(
    world: World, spans: Spans
) -> None:
    world.kafka.answer = a_worker

    world.ask(user_id="reader-7", request_id="mine")

    attributes = spans.one("POST /v1/recommendations").attributes or {}
    assert attributes["cherryrec.request_id"] == "mine"


def test_a_call_that_is_given_nothing_is_a_failure(world: World, spans: Spans) -> None:
    assert ask(world) == 503

    assert spans.one("POST /v1/recommendations").status.description == "ProblemError"


def test_where_traces_are_off_the_context_goes_on_as_it_came(world: World) -> None:
    world.kafka.answer = a_worker

    assert ask(world, tracestate="rojo=1", baggage="user=reader-7") == 200
    assert ask(world, traceparent="") == 200

    first, second = world.kafka.headers
    assert trace_headers(first) == first == (PARENT, ("tracestate", b"rojo=1"))
    assert dict(second).get("traceparent", b"") == b""


def test_a_call_without_a_context_begins_a_trace(
    make_world: Callable[..., World],
) -> None:
    world = make_world(margin_ms=30)
    spans = Spans(lambda: NOW_S)
    world.gateway.tracer = spans.tracer
    world.kafka.answer = a_worker

    assert world.ask(user_id="u").status_code == 200

    (headers,) = world.kafka.headers
    assert spans.trace_ids() == {trace_id_of(headers)}
