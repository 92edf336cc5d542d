"""The app: the routes, what every call passes, and when the gateway starts and stops."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from litestar import Litestar, Router
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import License
from litestar.types import ControllerRouterHandler

from cherryrec import __version__
from streams.gateway.calls import StrictRequest
from streams.gateway.documents import DESCRIPTION
from streams.gateway.entry import Entry
from streams.gateway.gateway import Gateway
from streams.gateway.problems import problem_handlers
from streams.gateway.routes import ROUTES, Documents, OpenApiJson, StatusCache

__all__ = ["create_app"]


def create_app(gateway: Gateway, more: Sequence[ControllerRouterHandler] = ()) -> Litestar:
    """Return the ASGI app of a gateway; it starts the gateway when it is started.

    Parameters
    ----------
    gateway
        What the routes are given as `gateway`.
    more
        Route handlers and routers besides those of the API.
    """
    documents, status_cache = Documents(gateway), StatusCache(gateway)

    async def start() -> None:
        gateway.loop_watch.follow(asyncio.get_running_loop())
        await gateway.start()

    async def stop() -> None:
        await gateway.stop()
        gateway.loop_watch.stop()

    app = Litestar(
        route_handlers=[*ROUTES, *more],
        dependencies={
            "gateway": Provide(lambda: gateway, sync_to_thread=False),
            "documents": Provide(lambda: documents, sync_to_thread=False),
            "status_cache": Provide(lambda: status_cache, sync_to_thread=False),
        },
        exception_handlers=problem_handlers(),
        request_class=StrictRequest,
        request_max_body_size=gateway.config.max_body_bytes,
        on_startup=[start],
        on_shutdown=[stop],
        openapi_config=OpenAPIConfig(
            title="CherryRec",
            version=__version__,
            description=DESCRIPTION,
            license=License(name="Apache-2.0", identifier="Apache-2.0"),
            use_handler_docstrings=True,
            openapi_router=Router("/openapi", route_handlers=[], include_in_schema=False),
            render_plugins=[OpenApiJson(documents)],
        ),
        logging_config=None,
    )
    app.asgi_handler = Entry(app.asgi_handler, gateway)
    return app
