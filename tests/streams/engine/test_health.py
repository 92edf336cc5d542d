from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio

from cherryrec.errors import ServiceError
from streams.engine import Gates, HealthServer, Metrics

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def server() -> AsyncIterator[HealthServer]:
    server = HealthServer(Gates(catalogue="is behind"), Metrics())
    await server.start()
    yield server
    await server.stop()


async def get(server: HealthServer, path: str) -> tuple[int, str]:
    url = f"http://127.0.0.1:{server.port}{path}"
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return response.status, await response.text()


async def test_worker_is_not_ready_until_every_gate_is_open(server: HealthServer) -> None:
    before = await get(server, "/ready")
    server.gates.open("catalogue")
    after = await get(server, "/ready")

    assert before == (503, '{"ready": false, "waiting_for": {"catalogue": "is behind"}}')
    assert after == (200, '{"ready": true, "waiting_for": {}}')


async def test_gate_that_closes_again_makes_the_worker_unready(server: HealthServer) -> None:
    server.gates.open("catalogue")
    server.gates.close("catalogue", "fell behind")

    assert (await get(server, "/ready"))[0] == 503


async def test_worker_lives_while_it_is_not_ready(server: HealthServer) -> None:
    assert await get(server, "/live") == (200, '{"live": true}')


async def test_crashed_worker_does_not_live() -> None:
    server = HealthServer(Gates(), Metrics(), is_alive=lambda: False)
    await server.start()
    try:
        assert (await get(server, "/live"))[0] == 503
    finally:
        await server.stop()


async def test_metrics_are_prometheus_text(server: HealthServer) -> None:
    server.metrics.count("clicks", "applied", 3)

    status, text = await get(server, "/metrics")

    assert status == 200
    assert 'cherryrec_events_total{outcome="applied",topic="clicks"} 3.0' in text
    assert "cherryrec_ready 0.0" in text


async def test_taken_port_is_one_clear_error(server: HealthServer) -> None:
    second = HealthServer(Gates(), Metrics(), port=server.port)

    with pytest.raises(ServiceError, match=f"must listen on 127.0.0.1:{server.port}, got"):
        await second.on_start()
