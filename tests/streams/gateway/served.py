"""A gateway over a Kafka in memory on a real port, in a thread."""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import Any, Self

import uvicorn

from streams.config import KafkaConfig
from streams.gateway.app import create_app
from streams.gateway.config import GatewayConfig
from streams.gateway.gateway import Gateway
from streams.stack import free_port
from tests.streams.gateway.memory_kafka import MemoryKafka


class ServedGateway:
    """Listens inside its `with`."""

    def __init__(self, **config: Any) -> None:
        self.port = free_port()
        self.gateway = Gateway(
            KafkaConfig(bootstrap_servers="127.0.0.1:1"),
            GatewayConfig(port=self.port, **config),
            transport=MemoryKafka,
        )
        assert isinstance(self.gateway.transport, MemoryKafka)
        self.kafka = self.gateway.transport
        self._server = uvicorn.Server(
            uvicorn.Config(
                create_app(self.gateway), port=self.port, log_config=None, http="httptools"
            )
        )
        self._thread = threading.Thread(target=self._server.run)

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
