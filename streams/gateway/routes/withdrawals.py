"""`DELETE /v1/articles/{article_id}` and `DELETE /v1/users/{user_id}`: records without a value."""

from __future__ import annotations

import logging
from datetime import timedelta

import msgspec
from litestar import delete
from litestar.di import NamedDependency

from cherryrec.events import instant
from cherryrec.events.base import Time
from cherryrec.topics import retained_topics
from streams.gateway.calls import Needs, StrictRequest, caller_of
from streams.gateway.gateway import Gateway
from streams.gateway.paths import ArticleId, UserId
from streams.gateway.problems import problems
from streams.gateway.transport import Outgoing

__all__ = ["Erased", "Retracted", "erase", "retract"]

logger = logging.getLogger(__name__)


class Retracted(msgspec.Struct, frozen=True, kw_only=True):
    """An article that is in no slate made or given from now on.

    Those that lie on `recommendations` still name it.
    """

    article_id: str


class Erased(msgspec.Struct, frozen=True, kw_only=True):
    """A user of whom profile, open requests and last slate are gone.

    `events_gone_by` says until when past events lie on each topic; Kafka deletes whole segments, so
    somewhat later. Events that are sent from now on begin a new profile.
    """

    user_id: str
    events_gone_by: dict[str, Time]


@delete(
    "/v1/articles/{article_id:str}",
    guards=[Needs("administer")],
    status_code=200,
    summary="Take an article out of every later slate",
    responses=problems(503),
)
async def retract(
    article_id: ArticleId, gateway: NamedDependency[Gateway], request: StrictRequest
) -> Retracted:
    """Retract an article, as `cherryrec retract` does; publishing it again brings it back.

    Answered when Kafka has acknowledged it, whether the article is known or not.
    """
    await gateway.send("articles", article_id, None)
    logger.warning("article %r was retracted by %s", article_id, caller_of(request).name)
    return Retracted(article_id=article_id)


@delete(
    "/v1/users/{user_id:str}",
    guards=[Needs("administer")],
    status_code=200,
    summary="Erase a user",
    responses=problems(503),
)
async def erase(
    user_id: UserId, gateway: NamedDependency[Gateway], request: StrictRequest
) -> Erased:
    """Erase a user everywhere, as `cherryrec erase` does, and say what time alone can erase."""
    key = user_id.encode()
    topics = ("profile-updates", "recommendations")
    for error in await gateway.send_all([Outgoing(topic, key, None) for topic in topics]):
        if error is not None:
            raise error
    logger.warning("a user was erased by %s", caller_of(request).name)
    now = instant(gateway.clock())
    return Erased(
        user_id=user_id,
        events_gone_by={
            topic.name: now + timedelta(seconds=topic.retention_s) for topic in retained_topics()
        },
    )
