"""`GET /v1/articles/{article_id}`: an article in numbers."""

from __future__ import annotations

from litestar import get
from litestar.di import NamedDependency

from streams.gateway.articles import ArticleNumbers
from streams.gateway.calls import Needs
from streams.gateway.gateway import Gateway
from streams.gateway.paths import ArticleId
from streams.gateway.problems import NOT_FOUND, ProblemError, problems

__all__ = ["article_numbers"]


@get(
    "/v1/articles/{article_id:str}",
    guards=[Needs("read")],
    summary="An article in numbers",
    responses=problems(404),
)
async def article_numbers(
    article_id: ArticleId, gateway: NamedDependency[Gateway]
) -> ArticleNumbers:
    """Say how old an article is, how it is read, and in how many slates it was of late."""
    numbers = gateway.articles.numbers(article_id, now_s=gateway.clock())
    if numbers is None:
        msg = f"article {article_id!r} is not known: neither was it published nor shown lately"
        raise ProblemError(NOT_FOUND, msg)
    return numbers
