"""Callers that go, and a gateway that ends, in the middle of a call."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import time
from typing import Any

import httpx
import pytest

from streams.config import KafkaConfig
from streams.gateway.config import GatewayConfig
from streams.gateway.entry import Entry
from streams.gateway.gateway import Gateway
from tests.streams.gateway.memory_kafka import MemoryKafka
from tests.streams.gateway.served import ServedGateway

HEAD = (
    b"POST /v1/recommendations HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    b"Content-Type: application/json\r\nContent-Length: 100\r\n\r\n"
)
SCOPE = {
    "type": "http",
    "method": "POST",
    "path": "/v1/recommendations",
    "headers": [(b"host", b"127.0.0.1")],
    "client": ("127.0.0.1", 4_711),
}


def test_a_caller_that_goes_before_its_body_is_whole_is_no_fault_of_ours(
    caplog: pytest.LogCaptureFixture,
) -> None:
    counted = 'cherryrec_gateway_calls_total{method="POST",path="/v1/recommendations",status="400"}'

    with ServedGateway() as served, caplog.at_level(logging.WARNING):
        with socket.create_connection(("127.0.0.1", served.port)) as caller:
            caller.sendall(HEAD + b'{"user_id": "u')
            time.sleep(0.1)
        give_up_s, shown = time.monotonic() + 10.0, ""
        while counted not in shown and time.monotonic() < give_up_s:
            shown = httpx.get(f"{served.url}/metrics").text

    assert f"{counted} 1.0" in shown
    assert not [one for one in caplog.records if one.name.startswith("streams.gateway")]


async def cut(*, has_begun: bool) -> list[Any]:
    """Cancel a call as the server does when its patience ends; return what was answered."""
    sent: list[Any] = []

    async def waits(_scope: Any, _receive: Any, send: Any) -> None:
        if has_begun:
            await send({"type": "http.response.start", "status": 200, "headers": []})
        await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message)

    gateway = Gateway(KafkaConfig(), GatewayConfig(), transport=MemoryKafka)
    call: Any = Entry(waits, gateway)(dict(SCOPE), None, send)  # type: ignore[arg-type]
    task = asyncio.create_task(call)
    await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.wait([task])
    return [*sent, task.cancelled()]


@pytest.mark.asyncio
async def test_a_call_that_is_cut_by_a_stop_is_told_to_come_again() -> None:
    start, body, is_cancelled = await cut(has_begun=False)

    assert (start["status"], dict(start["headers"])[b"retry-after"]) == (503, b"1")
    assert json.loads(body["body"])["detail"].startswith("this gateway is ending")
    assert not is_cancelled


@pytest.mark.asyncio
async def test_an_answer_that_has_begun_is_not_begun_again() -> None:
    start, is_cancelled = await cut(has_begun=True)

    assert (start["status"], is_cancelled) == (200, True)
