"""A gateway over a Kafka in memory on a real port, in a thread."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self

import uvicorn
from litestar.handlers import HTTPRouteHandler

from cherryrec.pipeline import PipelineConfig
from streams.config import KafkaConfig
from streams.gateway.app import create_app
from streams.gateway.config import GatewayConfig
from streams.gateway.gateway import Gateway
from streams.stack import free_port
from tests.streams.gateway.memory_kafka import MemoryKafka


class ServedGateway:
    """Listens inside its `with`.

    Parameters
    ----------
    core
        How slates are made; the defaults where absent.
    pages
        Makes what is served beside the API, of the gateway.
    config
        Of the gateway.
    """

    def __init__(
        self,
        *,
        core: PipelineConfig | None = None,
        pages: Callable[[Gateway], Sequence[HTTPRouteHandler]] = lambda _: (),
        **config: Any,
    ) -> None:
        self.port = free_port()
        self.gateway = Gateway(
            KafkaConfig(bootstrap_servers="127.0.0.1:1"),
            GatewayConfig(port=self.port, **config),
            core=core or PipelineConfig(),
            transport=MemoryKafka,
        )
        assert isinstance(self.gateway.transport, MemoryKafka)
        self.kafka = self.gateway.transport
        self._server = uvicorn.Server(
            uvicorn.Config(
                create_app(self.gateway, pages(self.gateway)),
                port=self.port,
                log_config=None,
                access_log=False,
                ws="none",
                http="httptools",
                timeout_graceful_shutdown=3,
            )
        )
        self.gateway.is_stopping = lambda: self._server.should_exit
        self._thread = threading.Thread(target=self._run)
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        give_up_s = time.monotonic() + 10.0
        while not self._server.started:
            assert time.monotonic() < give_up_s, "the server must start"
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

    def in_loop(self, call: Callable[[], None]) -> None:
        """Run something where the gateway runs, and wait for it."""
        assert self._loop is not None, "the server has started"

        async def run() -> None:
            call()

        asyncio.run_coroutine_threadsafe(run(), self._loop).result(timeout=240.0)
