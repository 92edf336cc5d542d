"""Whether a worker lives and whether it is ready, over HTTP: /live, /ready, /metrics."""

from __future__ import annotations

import json
from collections.abc import Callable

from mode import Service
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from cherryrec.supervised import Answer, Gates, ProbeServer
from streams.engine.metrics import Metrics

__all__ = ["Gates", "HealthServer"]


class HealthServer(Service):
    """Serves /live, /ready and /metrics from threads; a service to start before the app.

    Parameters
    ----------
    gates
        Shared with the parts that open and close them.
    metrics
        What /metrics shows.
    host, port
        Where to listen; port 0 takes a free one, which `port` then holds.
    is_alive
        Answers /live with 503 when false; absent: always alive.
    """

    def __init__(
        self,
        gates: Gates,
        metrics: Metrics,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        is_alive: Callable[[], bool] | None = None,
    ) -> None:
        super().__init__()
        self.gates = gates
        self.metrics = metrics
        self._is_alive = is_alive
        self._server = ProbeServer(
            {"/live": self._live, "/ready": self._ready, "/metrics": self._metrics},
            host=host,
            port=port,
        )

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._server.port

    async def on_start(self) -> None:
        """Listen.

        Raises
        ------
        ServiceError
            The port is taken.
        """
        self._server.start()
        self.log.info("health at http://%s:%d/ready", self._server.host, self.port)

    async def on_stop(self) -> None:
        """Stop listening."""
        self._server.stop()

    def _live(self) -> Answer:
        """Answer 200 while the worker's loop turns and nothing has crashed."""
        is_alive = self._is_alive is None or self._is_alive()
        return _json({"live": is_alive}, is_good=is_alive)

    def _ready(self) -> Answer:
        """Answer 503 and the reasons until every gate is open."""
        closed = self.gates.closed()
        return _json({"ready": not closed, "waiting_for": closed}, is_good=not closed)

    def _metrics(self) -> Answer:
        """Answer with the registry in Prometheus' text form."""
        self.metrics.ready.set(1.0 if self.gates.is_ready else 0.0)
        return Answer(200, generate_latest(self.metrics.registry), CONTENT_TYPE_LATEST)


def _json(content: object, *, is_good: bool) -> Answer:
    body = json.dumps(content).encode()
    return Answer(200 if is_good else 503, body, "application/json; charset=utf-8")
