"""`/live`, `/ready`, `/metrics`: the gateway's own state, outside the keys as the workers'."""

from __future__ import annotations

from litestar import Response, get
from litestar.di import NamedDependency
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from cherryrec.supervised import instance_headers
from streams.gateway.gateway import Gateway

__all__ = ["live", "metrics", "ready"]


@get("/live", summary="Whether the process lives", include_in_schema=False)
async def live(gateway: NamedDependency[Gateway]) -> Response[dict[str, bool]]:
    """Answer 200 while the event loop turns."""
    is_alive = gateway.loop_watch.is_turning()
    status = 200 if is_alive else 503
    return Response({"live": is_alive}, status_code=status, headers=instance_headers())


@get("/ready", summary="Whether it can answer, and why not", include_in_schema=False)
async def ready(gateway: NamedDependency[Gateway]) -> Response[dict[str, object]]:
    """Answer 503 and the reasons until Kafka answers and what is on the topics is read."""
    closed = gateway.gates.closed()
    content: dict[str, object] = {"ready": not closed, "waiting_for": closed}
    status = 503 if closed else 200
    return Response(content, status_code=status, headers=instance_headers())


@get("/metrics", summary="Numbers for Prometheus", include_in_schema=False, sync_to_thread=True)
def metrics(gateway: NamedDependency[Gateway]) -> Response[bytes]:
    """Answer with the registry in Prometheus' text form."""
    gateway.metrics.ready.set(1.0 if gateway.gates.is_ready else 0.0)
    return Response(generate_latest(gateway.metrics.registry), media_type=CONTENT_TYPE_LATEST)
