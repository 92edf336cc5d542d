"""What can be asked of the gateway, a group of paths a file; `ROUTES` are all of them."""

from __future__ import annotations

from streams.gateway.routes.probes import live, metrics, ready
from streams.gateway.routes.recommendations import newest_slate, recommend
from streams.gateway.routes.status import StatusCache, status

__all__ = [
    "ROUTES",
    "StatusCache",
    "live",
    "metrics",
    "newest_slate",
    "ready",
    "recommend",
    "status",
]

ROUTES = (live, ready, metrics, recommend, newest_slate, status)
"""Every route handler of the API itself."""
