"""The gateway over a real Kafka: what is asked over HTTP comes from the workers' topics."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from cherryrec.codec import decode
from cherryrec.events import Click, RecommendationRequest
from streams.records import TopicReader
from streams.stack import Child, free_port, start_child
from tests.integration.own_topics import Topics, slate
from tests.integration.system import System
from tests.worlds import article

READ, SEND, ADMIN = (name * 16 for name in "rsa")
WAIT_S = 40.0
ROOT = Path(__file__).parents[2]

StartGateway = Callable[..., httpx.Client]


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


@pytest.fixture
def start_gateway(topics: Topics, prefix: str, tmp_path: Path) -> Iterator[StartGateway]:
    started: list[Child] = []
    clients: list[httpx.Client] = []

    def start(
        servers: str = topics.kafka.bootstrap_servers, *, wait: bool = True, **settings: str
    ) -> httpx.Client:
        port = free_port()
        own = {
            "CHERRYREC_KAFKA_BOOTSTRAP_SERVERS": servers,
            "CHERRYREC_KAFKA_PREFIX": prefix,
            "CHERRYREC_GATEWAY_READ_KEYS": f'["{READ}"]',
            "CHERRYREC_GATEWAY_SEND_KEYS": f'["{SEND}"]',
            "CHERRYREC_GATEWAY_ADMIN_KEYS": f'["{ADMIN}"]',
            "CHERRYREC_EVALUATOR_DEADLINE_MS": "300",
            **{f"CHERRYREC_GATEWAY_{name.upper()}": value for name, value in settings.items()},
        }
        child = start_child(
            "gateway",
            [sys.executable, "-m", "cherryrec.cli", "serve", "--port", str(port)],
            log_file=tmp_path / f"gateway-{len(started)}.log",
            http_port=port,
            env={**os.environ, **own},
        )
        started.append(child)
        client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10.0)
        clients.append(client)
        _until(lambda: _answers(client, "/ready" if wait else "/live"))
        return client

    yield start
    for client in clients:
        client.close()
    for child in started:
        child.process.terminate()
    try:
        assert [child.process.wait(30) for child in started] == [0] * len(started)
    finally:
        for child in started:
            child.kill()


def _answers(client: httpx.Client, path: str) -> bool:
    try:
        return client.get(path).status_code == 200
    except httpx.TransportError:
        return False


def _until(is_so: Callable[[], bool]) -> None:
    give_up_s = time.monotonic() + WAIT_S
    while not is_so():
        assert time.monotonic() < give_up_s, f"not so after {WAIT_S} s"
        time.sleep(0.1)


def _answer_one(topics: Topics) -> None:
    """Answer the first request on the topic, as a worker would."""
    with TopicReader(topics.kafka, "requests") as reader:
        for record in reader.follow(from_start=True, silence_s=WAIT_S):
            request = decode(RecommendationRequest, record.value)
            topics.put("recommendations", slate(request.request_id, request.user_id))
            return


def test_a_slate_goes_the_whole_way_and_is_given_again(
    topics: Topics, start_gateway: StartGateway
) -> None:
    client = start_gateway()
    worker = threading.Thread(target=_answer_one, args=(topics,))
    worker.start()

    asked = client.post(
        "/v1/recommendations", json={"user_id": "u1", "deadline_ms": 9_000}, headers=bearer(SEND)
    )
    worker.join()
    newest = client.get("/v1/users/u1/recommendations", headers=bearer(READ))
    late = client.post("/v1/recommendations", json={"user_id": "u1"}, headers=bearer(SEND))

    assert (asked.status_code, asked.json()["served"]) == (200, "answer")
    assert newest.json()["request_id"] == asked.json()["request_id"]
    assert (late.status_code, late.json()["served"]) == (200, "stale")


def test_the_status_of_the_system_is_asked_of_kafka(
    topics: Topics, start_gateway: StartGateway
) -> None:
    topics.put("recommendations", slate("r1"), slate("r2"))
    client = start_gateway()

    def is_told() -> bool:  # a broker that has just begun may not know of groups yet
        found = client.get("/v1/status", headers=bearer(READ)).json()
        return bool(found["kafka_error"] == "" and found["n_slates"] == 2)

    _until(is_told)


def test_what_was_published_before_a_start_is_known(
    topics: Topics, start_gateway: StartGateway
) -> None:
    topics.put("recommendations", slate("r1", "u1"), slate("r2", "u1"), slate("r3", "u2"))
    topics.put_raw("recommendations", b"u2", None)

    client = start_gateway()
    found = [
        client.get(f"/v1/users/{user}/recommendations", headers=bearer(READ))
        for user in ("u1", "u2")
    ]

    assert [one.status_code for one in found] == [200, 404]
    assert found[0].json()["request_id"] == "r2"


def test_a_gateway_without_a_broker_says_so_call_by_call(start_gateway: StartGateway) -> None:
    client = start_gateway("127.0.0.1:1", wait=False)

    asked = client.post("/v1/recommendations", json={"user_id": "u1"}, headers=bearer(SEND))
    ready = client.get("/ready")

    assert asked.status_code == 503
    assert "Kafka at 127.0.0.1:1 must answer" in asked.json()["detail"]
    assert (ready.status_code, "connected" in ready.json()["waiting_for"]) == (503, True)


def test_what_a_start_has_not_read_is_found_on_the_topic(
    topics: Topics, start_gateway: StartGateway
) -> None:
    for number in range(3):
        topics.put("recommendations", slate(f"r{number}", "u1"), slate(f"s{number}", "u2"))
    topics.put_raw("recommendations", b"u2", None)

    client = start_gateway(read_slates="0")
    newest, erased, unknown = (
        client.get(f"/v1/users/{user}/recommendations", headers=bearer(READ))
        for user in ("u1", "u2", "u3")
    )
    why = [
        client.get(f"/v1/requests/r0/explanation{query}", headers=bearer(READ))
        for query in ("", "?user=u1")
    ]

    assert (newest.status_code, newest.json()["request_id"]) == (200, "r2")
    assert (erased.status_code, unknown.status_code) == (404, 404)
    assert [one.json()["articles"][0]["steps"][0]["so_far"] for one in why] == [0.75, 0.75]


def test_events_lie_on_their_topics_when_they_are_answered(
    topics: Topics, start_gateway: StartGateway
) -> None:
    client = start_gateway()
    body = [
        {"topic": "articles", "article_id": "A1", "title": "Bridge opens", "category": "local"},
        {"topic": "clicks", "event_id": "E1"},
        *(
            {
                "topic": "clicks",
                "event_id": f"E{number}",
                "user_id": "U7",
                "article_id": "A1",
                "clicked_at": "2026-01-05T00:00:00Z",
            }
            for number in range(50)
        ),
    ]

    answer = client.post("/v1/events", json=body, headers=bearer(SEND))
    clicks = [decode(Click, record.value) for record in topics.records("clicks")]
    retracted = client.delete("/v1/articles/A1", headers=bearer(ADMIN))
    erased = client.delete("/v1/users/U7", headers=bearer(ADMIN))

    assert (answer.status_code, answer.json()["taken"]) == (200, 51)
    assert [one["index"] for one in answer.json()["refused"]] == [1]
    assert [one.event_id for one in clicks] == [f"E{number}" for number in range(50)]
    assert (retracted.status_code, erased.status_code) == (200, 200)
    for topic, key in (
        ("articles", b"A1"),
        ("profile-updates", b"U7"),
        ("recommendations", b"U7"),
    ):
        newest = topics.records(topic)[-1]
        assert (newest.key, newest.value) == (key, None)


def test_no_call_is_answered_otherwise_than_the_document_of_a_running_system_says(
    kafka: str, prefix: str, tmp_path: Path, start_gateway: StartGateway
) -> None:
    system = System(kafka, prefix, tmp_path)
    for number in range(20):
        system.send("articles", f"a{number}", article(number))
    key = READ + SEND + ADMIN
    keys = dict.fromkeys(("read_keys", "send_keys", "admin_keys"), f'["{key}"]')
    try:
        system.start()
        client = start_gateway(**keys, rate_per_s="0", max_wait_s="10", inquiry_wait_s="10")
        ended = subprocess.run(
            [
                Path(sys.executable).with_name("schemathesis"),
                "run",
                f"{client.base_url}/openapi.json",
                "--max-examples=20",
                "--seed=1",
                "--no-color",
                "--request-timeout=20",
                f"--header=Authorization: Bearer {key}",
            ],
            cwd=ROOT,
            env={**os.environ, "SCHEMATHESIS_HOOKS": "tests.streams.gateway.contract"},
            capture_output=True,
            text=True,
        )
    finally:
        system.stop()

    assert ended.returncode == 0, ended.stdout[-6_000:]
    assert "No issues found" in ended.stdout
