from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from cherryrec.supervised import Answer, ProbeServer
from cherryrec.supervised.probes import MAX_CONNECTIONS


@pytest.fixture
def server() -> Iterator[ProbeServer]:
    made: list[float] = []

    def metrics() -> Answer:
        made.append(time.monotonic())
        return Answer(200, b"%d" % len(made))

    server = ProbeServer({"/ready": lambda: Answer(200, b"ready\n"), "/metrics": metrics})
    server.start()
    yield server
    server.stop()


def get(server: ProbeServer, path: str, timeout_s: float = 10.0) -> tuple[int, bytes]:
    url = f"http://127.0.0.1:{server.port}{path}"
    try:
        with urllib.request.urlopen(url, timeout=timeout_s) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def test_path_that_is_none_says_which_there_are(server: ProbeServer) -> None:
    assert get(server, "/nothing") == (404, b"try /metrics, /ready\n")


def test_metrics_asked_for_twice_at_once_are_made_once(server: ProbeServer) -> None:
    assert [get(server, "/metrics") for _ in range(3)] == [(200, b"1")] * 3


def test_slow_clients_keep_no_probe_out(server: ProbeServer) -> None:
    slow = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(MAX_CONNECTIONS)]
    for connection in slow:
        connection.sendall(b"GET /ready HTTP/1.1\r\nX-Slow: ")

    answer = get(server, "/ready")

    for connection in slow:
        connection.close()
    assert answer == (200, b"ready\n")


@pytest.mark.slow
def test_loop_turns_while_hundreds_ask_at_once_and_slowly(server: ProbeServer) -> None:
    def ask() -> None:
        with contextlib.suppress(OSError):
            get(server, "/metrics", timeout_s=5.0)

    async def longest_turn_s() -> float:
        longest = 0.0
        for _ in range(100):
            began = time.perf_counter()
            await asyncio.sleep(0.005)
            longest = max(longest, time.perf_counter() - began)
        return longest

    threads = [threading.Thread(target=ask) for _ in range(200)]
    for thread in threads:
        thread.start()
    longest_s = asyncio.run(longest_turn_s())
    for thread in threads:
        thread.join()

    assert longest_s < 1.0
