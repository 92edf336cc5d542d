"""Ten thousand bodies that are no messages: each is refused, and the process does not grow."""

from __future__ import annotations

import http.client
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from cherryrec.codec import decode
from cherryrec.errors import BadMessage
from streams.agents import input_rules
from streams.gateway.answers import Question
from streams.gateway.incoming import events_in, read_event
from streams.stack import Child, free_port, start_child

N_BODIES = 10_000
N_WARM = 1_000
MOST_GROWTH_MB = 8.0
QUESTION = b'{"user_id": "U7", "slate_size": 5, "candidates": ["A1", "A2"], "deadline_ms": 200}'
EVENT = (
    b'{"topic": "clicks", "event_id": "E1", "user_id": "U7", "article_id": "A1", '
    b'"clicked_at": "2026-01-05T00:00:00Z"}'
)
WRONG = (b"7", b'""', b"null", b"[]", b'"' + b"u" * 300 + b'"')
RULES = input_rules(max_future_s=600.0, max_embargo_s=600.0)


def damaged(draw: random.Random, body: bytes) -> bytes:
    """Draw one of the ways in which a body goes wrong."""
    at = draw.randrange(len(body))
    return draw.choice(
        [
            body[:at],
            body[:at] + bytes([draw.randrange(256)]) + body[at + 1 :],
            body.replace(b'"U7"', draw.choice(WRONG)),
            body.replace(b":", b"", 1),
            draw.randbytes(draw.randrange(1, 2_000)),
            b"[" * draw.randrange(1, 5_000),
            b'{"a":' * draw.randrange(1, 2_000),
            b"1e999999",
            b'"' + body.replace(b'"', b'\\"') + b'"',
            b"\x1f\x8b" + body,
            body.decode().encode("utf-16"),
            b"[" + b",".join([b"{}"] * draw.randrange(1, 500)) + b"]",
        ]
    )


def is_refused(path: str, body: bytes) -> bool:
    try:
        if path == "/v1/recommendations":
            decode(Question, body)
        else:
            for one in events_in(body):
                read_event(one, RULES, now_s=time.time())
                return False
    except BadMessage:
        return True
    return False


def bodies() -> Iterator[tuple[str, bytes]]:
    draw = random.Random(0)
    n = 0
    while n < N_BODIES:
        path, body = draw.choice([("/v1/recommendations", QUESTION), ("/v1/events", EVENT)])
        bad = damaged(draw, body)
        if bad and is_refused(path, bad):
            yield path, bad
            n += 1


def resident_mb(child: Child) -> float:
    fields = Path(f"/proc/{child.process.pid}/statm").read_text().split()
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Child]:
    """A gateway whose Kafka does not answer: what is refused does not come that far."""
    port = free_port()
    own = {
        "CHERRYREC_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
        "CHERRYREC_GATEWAY_RATE_PER_S": "0",
    }
    child = start_child(
        "gateway",
        [sys.executable, "-m", "cherryrec.cli", "serve", "--port", str(port)],
        log_file=tmp_path / "gateway.log",
        http_port=port,
        env={**os.environ, **own},
    )
    yield child
    child.kill()


def connected(port: int) -> http.client.HTTPConnection:
    give_up_s = time.monotonic() + 60.0
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.connect()
        except OSError:
            assert time.monotonic() < give_up_s, "the gateway must listen"
            time.sleep(0.1)
        else:
            return connection


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from /proc")
def test_ten_thousand_malformed_bodies_are_refused_in_flat_memory(gateway: Child) -> None:
    statuses: Counter[int] = Counter()
    before_mb = 0.0

    with closing(connected(gateway.http_port)) as connection:
        for number, (path, body) in enumerate(bodies()):
            connection.request("POST", path, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            statuses[answer.status] += 1
            if number == N_WARM:
                before_mb = resident_mb(gateway)
    grown_mb = resident_mb(gateway) - before_mb

    assert all(400 <= status < 500 for status in statuses), statuses
    assert sum(statuses.values()) == N_BODIES
    print(f"{N_BODIES:,} bodies, {grown_mb:+.1f} MB after the first {N_WARM:,}; {dict(statuses)}")
    assert grown_mb < MOST_GROWTH_MB, f"grew by {grown_mb:.1f} MB"
