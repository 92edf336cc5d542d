"""What can be asked of the gateway, a group of paths a file; `ROUTES` are all of them."""

from __future__ import annotations

from streams.gateway.routes.articles import article_numbers
from streams.gateway.routes.documents import Documents, OpenApiJson, asyncapi, openapi
from streams.gateway.routes.events import take_events
from streams.gateway.routes.explanations import explanation
from streams.gateway.routes.inquiries import profile, what_if, why_not
from streams.gateway.routes.probes import live, metrics, ready
from streams.gateway.routes.recommendations import newest_slate, recommend
from streams.gateway.routes.status import StatusCache, status
from streams.gateway.routes.withdrawals import erase, retract

__all__ = [
    "ROUTES",
    "Documents",
    "OpenApiJson",
    "StatusCache",
    "article_numbers",
    "asyncapi",
    "erase",
    "explanation",
    "live",
    "metrics",
    "newest_slate",
    "openapi",
    "profile",
    "ready",
    "recommend",
    "retract",
    "status",
    "take_events",
    "what_if",
    "why_not",
]

ROUTES = (
    live,
    ready,
    metrics,
    openapi,
    asyncapi,
    recommend,
    newest_slate,
    explanation,
    take_events,
    article_numbers,
    profile,
    what_if,
    why_not,
    retract,
    erase,
    status,
)
"""Every route handler of the API itself."""
