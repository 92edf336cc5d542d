"""One trace through real Kafka: from the header of a request to that of its recommendation."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from cherryrec.codec import encode
from cherryrec.events import instant
from streams.stack import Child, free_port, start_child
from tests.integration.collector import Collector, collector
from tests.integration.system import ROOT, WAIT_S, System
from tests.spans import PARENT, TRACE_ID, trace_id_of
from tests.worlds import START_S, article, request

pytestmark = pytest.mark.timeout(180)

SCRIPT = ROOT / "tests" / "gpu_worker" / "scripted_worker.py"


class Traced(System):
    """A stream worker that asks CnLE, a gpu worker with a scripted model, and a collector."""

    def __init__(self, servers: str, prefix: str, folder: Path, spans: Collector) -> None:
        environment = {
            "CHERRYREC_EVALUATOR_ENABLED": "true",
            "CHERRYREC_EVALUATOR_DEADLINE_MS": "20000",
            "CHERRYREC_TRACING_ENDPOINT": spans.url,
        }
        super().__init__(servers, prefix, folder, environment)
        self.spans = spans

    def start_gpu(self) -> Child:
        port = free_port()
        settings = {
            "bootstrap_servers": self.servers,
            "prefix": self.names.prefix,
            "http_port": port,
            "endpoint": self.spans.url,
        }
        child = start_child(
            "gpu",
            [sys.executable, str(SCRIPT), json.dumps(settings)],
            log_file=self.folder / "logs" / "gpu.log",
            http_port=port,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        self.children.append(child)
        child.wait_ready(WAIT_S)
        return child

    def start_gateway(self) -> Child:
        port = free_port()
        own = {
            "CHERRYREC_KAFKA_BOOTSTRAP_SERVERS": self.servers,
            "CHERRYREC_KAFKA_PREFIX": self.names.prefix,
            "CHERRYREC_GATEWAY_MARGIN_MS": "20000",
        }
        child = start_child(
            "gateway",
            [sys.executable, "-m", "cherryrec.cli", "serve", "--port", str(port)],
            log_file=self.folder / "logs" / "gateway.log",
            http_port=port,
            env={**os.environ, **self.environment, **own},
        )
        self.children.append(child)
        child.wait_ready(WAIT_S)
        return child

    def ask(self, name: str, *, headers: list[tuple[str, bytes]]) -> None:
        producer = self.producer()
        asked = request(name, START_S + 60, user_id="u")
        topic = self.names("requests")
        producer.send(topic, key=b"u", value=encode(asked), headers=headers)
        producer.flush()
        producer.close()

    def headers(self, topic: str) -> list[Any]:
        return [record.headers for record in self.records(topic)]


@pytest.fixture
def traced(kafka: str, prefix: str, tmp_path: Path) -> Iterator[Traced]:
    with collector() as spans:
        system = Traced(kafka, prefix, tmp_path, spans)
        try:
            for number in range(8):
                published = article(number, published_at=instant(START_S))
                system.send("articles", published.article_id, published)
            yield system
        finally:
            system.stop()


@pytest.mark.slow
def test_one_trace_from_request_to_recommendation(traced: Traced) -> None:
    first, gpu = traced.start(name="first"), traced.start_gpu()
    traced.ask("r1", headers=[PARENT, ("site", b"its own")])
    traced.wait_until(lambda: len(traced.recommendations()) == 1)
    first.kill()  # whoever comes next may read the request again, and answer it again
    second = traced.start(name="second")
    traced.ask("r2", headers=[])
    traced.wait_until(lambda: {one.request_id for one in traced.recommendations()} == {"r1", "r2"})
    gpu.stop()
    second.stop()  # and the spans of the last second are sent

    for topic in ("evaluation-requests", "evaluations", "recommendations"):
        own, *others = (trace_id_of(headers) for headers in traced.headers(topic))
        assert own == TRACE_ID, topic
        assert len({*others} - {TRACE_ID}) == 1, "r2 has a trace of its own"
        theirs = others[-1]
    judged = {("cherryrec-gpu", name) for name in ("read evaluation-requests", "evaluate")}
    assert judged <= traced.spans.of_trace(TRACE_ID)
    steps = {
        *("read requests", "select", "send evaluation-requests"),
        *("read evaluations", "rank", "send recommendations"),
    }
    asked_again = {("cherryrec-gpu", "read evaluation-requests")}  # the same prompt: it was known
    assert traced.spans.of_trace(theirs) == asked_again | {
        ("cherryrec-stream", step) for step in steps
    }
    assert {one.rung for one in traced.recommendations()} == {"evaluated", "cached"}
    assert traced.dead_letters() == []


@pytest.mark.slow
def test_a_call_over_http_is_of_one_trace_with_what_the_worker_does(traced: Traced) -> None:
    stream, gateway = traced.start(), traced.start_gateway()

    answer = httpx.post(
        f"http://127.0.0.1:{gateway.http_port}/v1/recommendations",
        json={"user_id": "u", "deadline_ms": 0},
        headers={PARENT[0]: PARENT[1].decode()},
        timeout=60.0,
    )
    gateway.stop()
    stream.stop()

    assert (answer.status_code, answer.json()["served"]) == (200, "answer")
    steps = {"read requests", "select", "rank", "send recommendations"}
    assert traced.spans.of_trace(TRACE_ID) == {
        ("cherryrec-gateway", "POST /v1/recommendations"),
        *(("cherryrec-stream", step) for step in steps),
    }
