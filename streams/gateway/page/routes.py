"""What the page asks for: itself, live snapshots, and titles with counts of the articles it shows.

The files are open to everyone, as they hold nothing but the page; numbers and titles need a key
with the right to read. None of these routes is in the API's documents: they change with the page.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, QueryParameter
from litestar.response import Stream

from streams.gateway.calls import Needs
from streams.gateway.gateway import Gateway
from streams.gateway.live import GroupWatch, LiveStream, LiveView, View, Watch
from streams.gateway.page.files import PageFile, page_files
from streams.gateway.paths import UserId
from streams.gateway.problems import NOT_FOUND, ProblemError

__all__ = ["page_routes"]

NEWEST: dict[str, int | None] = {
    "articles": None,
    "impressions": 2_000,
    "clicks": 2_000,
    "profile-updates": 100,
    "requests": 2_000,
    "recommendations": 2_000,
    "labelled-slates": 2_000,
    "models": 40,
    "dead-letters": 200,
}
"""How many of the newest records of each partition a start reads; None: all."""

MAX_IDS = 100
_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'"
)


def page_routes(
    gateway: Gateway, *, label_after_s: float, is_demo: bool = False, watch: Watch | None = None
) -> list[HTTPRouteHandler]:
    """Return the routes of the page; its view follows the gateway's feed from its start.

    Parameters
    ----------
    gateway
        Whose feed is folded; it is not started yet.
    label_after_s
        How long after an impression its labels are learned, in seconds.
    is_demo
        Whether the view is there in which a reader is played by hand.
    watch
        Says how the groups stand; absent: Kafka is asked.
    """
    view = LiveView(gateway.kafka.prefix, label_after_s=label_after_s)
    for topic, follow in view.handlers().items():
        gateway.feed.add(topic, follow, newest=NEWEST[topic])

    def is_stopping() -> bool:
        return gateway.is_stopping()  # who serves it says so later than now

    stream = LiveStream(
        view,
        watch or GroupWatch(gateway.kafka, clock=gateway.clock),
        closed=gateway.gates.closed,
        is_stopping=is_stopping,
        clock=gateway.clock,
    )
    found = page_files()

    @get("/", include_in_schema=False)
    async def index(request: Request[Any, Any, Any]) -> Response[bytes]:
        return _file(found["index.html"], request)

    @get("/page/{name:path}", include_in_schema=False)
    async def file(name: FromPath[str], request: Request[Any, Any, Any]) -> Response[bytes]:
        one = found.get(name.lstrip("/"))
        if one is None:
            msg = f"no file {name!r} is of the page: it begins at /"
            raise ProblemError(NOT_FOUND, msg)
        return _file(one, request)

    @get("/page/settings.json", include_in_schema=False)
    async def settings() -> dict[str, bool]:
        return {"demo": is_demo, "wants_key": gateway.keys.are_wanted}

    @get("/page/live/{view_name:str}", guards=[Needs("read")], include_in_schema=False)
    async def live(view_name: FromPath[View]) -> Stream:
        events: AsyncGenerator[bytes] = stream.events(view_name)
        return Stream(events, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})

    @get("/page/articles", guards=[Needs("read")], include_in_schema=False)
    async def articles(
        ids: Annotated[list[str], QueryParameter(name="id", min_items=1, max_items=MAX_IDS)],
    ) -> dict[str, dict[str, Any]]:
        now_s = gateway.clock()
        stories = view.stories
        rates = stories.base_rates(now_s=now_s)
        known = {article_id: stories.known(article_id) for article_id in ids}
        return {
            article_id: {
                **msgspec.to_builtins(one),
                **stories.counts(article_id, now_s=now_s),
                **rates,
            }
            for article_id, one in known.items()
            if one is not None
        }

    @get("/page/slates/{user_id:str}", guards=[Needs("read")], include_in_schema=False)
    async def slate(user_id: UserId) -> Response[bytes]:
        kept = await gateway.search.of_user(user_id)
        content = b"null" if kept is None else kept.value
        return Response(content, media_type="application/json")

    return [index, file, settings, live, articles, slate]


def _file(one: PageFile, request: Request[Any, Any, Any]) -> Response[bytes]:
    """Answer with a file, or that the browser has it."""
    headers = {"ETag": one.tag, "Cache-Control": "no-cache", "Content-Security-Policy": _CSP}
    if request.headers.get("if-none-match") == one.tag:
        return Response(b"", status_code=304, headers=headers)
    return Response(one.content, media_type=one.media_type, headers=headers)
