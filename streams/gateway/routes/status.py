"""`GET /v1/status`: how the whole system stands, as `cherryrec status` shows it."""

from __future__ import annotations

import asyncio

from litestar import get
from litestar.di import NamedDependency

from streams.gateway.calls import Needs
from streams.gateway.gateway import Gateway
from streams.gateway.problems import problems
from streams.status import Status, collect, faults

__all__ = ["StatusCache", "SystemStatus", "status"]


class SystemStatus(Status, frozen=True, kw_only=True):
    """How the system stands, and what is wrong with it: a sentence a fault, with what to do."""

    faults: tuple[str, ...] = ()


class StatusCache:
    """The newest status, asked anew when it is older than `gateway.status_s`; one asks at a time.

    Parameters
    ----------
    gateway
        Whose cluster and parts are asked.
    """

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._lock = asyncio.Lock()
        self._found: SystemStatus | None = None
        self._at_s = 0.0

    async def get(self) -> SystemStatus:
        """Return it; asking runs in a thread, as it takes its time."""
        async with self._lock:
            loop = asyncio.get_running_loop()
            age_s = loop.time() - self._at_s
            if self._found is None or age_s > self._gateway.config.status_s:
                self._found = await asyncio.to_thread(self._asked)
                self._at_s = loop.time()
            return self._found

    def _asked(self) -> SystemStatus:
        config = self._gateway.config
        parts = dict(part.split("=", 1) for part in config.parts)
        found = collect(self._gateway.kafka, parts)
        wrong = faults(found, model_stale_s=self._gateway.stream.model_stale_s)
        fields = {name: getattr(found, name) for name in found.__struct_fields__}
        return SystemStatus(**fields, faults=tuple(one.sentence for one in wrong))


@get(
    "/v1/status",
    guards=[Needs("read")],
    summary="How the system stands, and what is wrong",
    responses=problems(),
)
async def status(status_cache: NamedDependency[StatusCache]) -> SystemStatus:
    """Say how far everything is behind, what models serve, what slates were made, what is wrong.

    A few seconds old at most. A Kafka that does not answer is one of the faults.
    """
    return await status_cache.get()
