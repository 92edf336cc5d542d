"""Whether a worker lives and whether it is ready, over HTTP: /live, /ready, /metrics."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web
from mode import Service
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from cherryrec.errors import ServiceError
from streams.engine.metrics import Metrics

__all__ = ["Gates", "HealthServer"]


class Gates:
    """What a worker waits for before it is ready; each gate names why it is closed.

    Examples
    --------
    >>> gates = Gates(catalogue="has not caught up with articles")
    >>> gates.closed()
    {'catalogue': 'has not caught up with articles'}
    >>> gates.open("catalogue")
    >>> gates.is_ready
    True
    >>> gates.close("catalogue", "is 1,200 articles behind")
    >>> gates.is_ready
    False
    """

    def __init__(self, **closed: str) -> None:
        self._closed = dict(closed)

    def open(self, gate: str) -> None:
        """Open a gate; opening an open one does nothing."""
        self._closed.pop(gate, None)

    def close(self, gate: str, reason: str) -> None:
        """Close a gate, saying why."""
        self._closed[gate] = reason

    def closed(self) -> dict[str, str]:
        """Return the closed gates and why, in alphabetical order."""
        return dict(sorted(self._closed.items()))

    @property
    def is_ready(self) -> bool:
        """Whether every gate is open."""
        return not self._closed


class HealthServer(Service):
    """Serves /live, /ready and /metrics; a service to start before the app.

    Parameters
    ----------
    gates
        Shared with the parts that open and close them.
    metrics
        What /metrics shows.
    host, port
        Where to listen; port 0 takes a free one, which `port` then holds.
    is_alive
        Answers /live with 503 when false; absent: alive while the loop answers.
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
        self.host = host
        self.port = port
        self._is_alive = is_alive
        self._runner: web.AppRunner | None = None

    async def on_start(self) -> None:
        """Listen.

        Raises
        ------
        ServiceError
            The port is taken.
        """
        app = web.Application()
        app.router.add_get("/live", self._live)
        app.router.add_get("/ready", self._ready)
        app.router.add_get("/metrics", self._metrics)
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self.host, self.port).start()
        except OSError as error:
            await self._runner.cleanup()
            msg = f"health server must listen on {self.host}:{self.port}, got {error.strerror}"
            raise ServiceError(msg) from error
        self.port = self._runner.addresses[0][1]
        self.log.info("health at http://%s:%d/ready", self.host, self.port)

    async def on_stop(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _live(self, _: web.Request) -> web.Response:
        """Answer 200 while the worker's loop turns and nothing has crashed."""
        is_alive = self._is_alive is None or self._is_alive()
        return web.json_response({"live": is_alive}, status=200 if is_alive else 503)

    async def _ready(self, _: web.Request) -> web.Response:
        """Answer 503 and the reasons until every gate is open."""
        closed = self.gates.closed()
        status = 503 if closed else 200
        return web.json_response({"ready": not closed, "waiting_for": closed}, status=status)

    async def _metrics(self, _: web.Request) -> web.Response:
        """Answer with the registry in Prometheus' text form."""
        self.metrics.ready.set(1.0 if self.gates.is_ready else 0.0)
        return web.Response(
            body=generate_latest(self.metrics.registry),
            headers={"Content-Type": CONTENT_TYPE_LATEST},
        )
