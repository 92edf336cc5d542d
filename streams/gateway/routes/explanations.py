"""`GET /v1/requests/{request_id}/explanation`: the waterfall of a slate."""

from __future__ import annotations

from typing import Annotated

from litestar import get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from cherryrec.topics import topic_named
from streams.gateway.calls import Needs
from streams.gateway.explanation import Explanation, explain
from streams.gateway.gateway import Gateway
from streams.gateway.paths import RequestId
from streams.gateway.problems import NOT_FOUND, ProblemError, problems

__all__ = ["explanation"]

User = Annotated[
    str | None,
    QueryParameter(
        min_length=1,
        max_length=256,
        description="The user who asked: the search is quicker, one partition instead of all.",
    ),
]


@get(
    "/v1/requests/{request_id:str}/explanation",
    guards=[Needs("read")],
    summary="Why a slate is what it is",
    responses=problems(404, 503),
)
async def explanation(
    request_id: RequestId, gateway: NamedDependency[Gateway], user: User = None
) -> Explanation:
    """Rebuild the exact score of every article of the slate that answered a request.

    Each contribution comes with what it does in words. Slates are kept for a day, of each user
    perhaps only the newest.
    """
    slate = await gateway.search.of_request(request_id, user)
    if slate is None:
        topic = topic_named("recommendations")
        msg = (
            f"no slate of request {request_id!r} is on {gateway.names(topic.name)}: slates are "
            f"kept for {topic.retention_s // 3_600} h, of each user perhaps only the newest; is "
            "the id right, and was the request answered?"
        )
        raise ProblemError(NOT_FOUND, msg)
    return explain(slate, gateway.articles.catalogue)
