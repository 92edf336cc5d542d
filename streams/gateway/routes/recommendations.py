"""`POST /v1/recommendations` and `GET /v1/users/{user_id}/recommendations`: slates."""

from __future__ import annotations

import asyncio
import hashlib
import uuid
from typing import Any, NamedTuple

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from litestar.params import JSONBody

from cherryrec.codec import decode, encode
from cherryrec.errors import CherryRecError, ServiceError
from cherryrec.events import Recommendation, RecommendationRequest, instant
from cherryrec.tracing import Header
from streams.gateway.answers import (
    SLATE_BYTES,
    Question,
    Served,
    ServedSlate,
    request_of,
    served,
    without,
)
from streams.gateway.calls import Needs, StrictRequest
from streams.gateway.gateway import Gateway
from streams.gateway.paths import UserId
from streams.gateway.problems import NOT_FOUND, NOT_NOW, UNUSABLE, ProblemError, problems
from streams.gateway.slates import REFUSED, Kept, articles_in
from streams.gateway.tracing import traced

__all__ = ["newest_slate", "recommend"]

JSON = "application/json"

NOT_MODIFIED = ResponseSpec(None, description="There is no newer one", generate_examples=False)
_REFUSED = REFUSED.encode()


@post(
    "/v1/recommendations",
    guards=[Needs("send")],
    status_code=200,
    summary="Ask for a slate and wait for it",
    responses=problems(400, 413, 415, 422, 503),
)
async def recommend(
    data: JSONBody[Question], gateway: NamedDependency[Gateway], request: StrictRequest
) -> Response[ServedSlate]:
    """Send the request, and answer with its slate and the reasons for each place.

    After the request's deadline and a margin the newest slate of the user that was published stands
    in, marked `stale`, or what is read most now, marked `popular`. A request that no worker can use
    is answered 422 with the reason.
    """
    now = instant(round(gateway.clock(), 3))
    question = request_of(data, request_id=uuid.uuid4().hex, now=now)
    with traced(gateway.tracer, request.headers, request_id=question.request_id) as call:
        value, call.served = await _slate(gateway, question, call.headers)
    gateway.metrics.served.labels(call.served).inc()
    return Response(_any(served(value, call.served)), media_type=JSON)


async def _slate(
    gateway: Gateway, request: RecommendationRequest, headers: tuple[Header, ...]
) -> tuple[bytes, Served]:
    """Return the answer to a request, the one that it had before, or what stands in."""
    kept = gateway.slates.of(request.user_id)
    if kept is not None and kept.request_id == request.request_id:
        value = _showable(gateway, kept).value
        if value is not None:
            return value, "answer"
    try:
        value = await _answer(gateway, request, headers)
    except ServiceError as error:
        return _instead(gateway, request, str(error))
    if value is None:
        waited_s = gateway.wait_s(request.deadline_ms)
        return _instead(gateway, request, f"no answer has come within {waited_s:g} s")
    if _REFUSED in value:
        slate = decode(Recommendation, value, max_bytes=SLATE_BYTES)
        if slate.degraded == REFUSED:
            raise ProblemError(UNUSABLE, slate.refused or "no worker can use the request")
    return value, "answer"


@get(
    "/v1/users/{user_id:str}/recommendations",
    guards=[Needs("read")],
    summary="The newest slate of a user",
    responses={304: NOT_MODIFIED, **problems(404, 503)},
)
async def newest_slate(
    user_id: UserId,
    gateway: NamedDependency[Gateway],
    request: StrictRequest,
) -> Response[Recommendation]:
    """Return the newest slate that was published for a user, without asking for another.

    Its `ETag` changes with the slate: sent as `If-None-Match`, it is answered 304 while there is no
    newer one. Articles that were retracted since are left out, and then the tag changes as well.
    """
    kept = await gateway.search.of_user(user_id)
    slate = None if kept is None else _showable(gateway, kept)
    if slate is None or slate.value is None:
        what = "no slate" if slate is None else "no article that may be shown in the newest slate"
        msg = f"{what} of user {user_id!r} is there: ask for one with POST /v1/recommendations"
        raise ProblemError(NOT_FOUND, msg)
    headers = {
        "ETag": slate.tag,
        "Cache-Control": f"private, max-age={gateway.config.max_age_s}",
        "Vary": "Authorization, X-Api-Key",
    }
    wanted = request.headers.get("if-none-match", "")
    known = {one.strip().removeprefix("W/") for one in wanted.split(",")}
    if slate.tag in known or "*" in known:
        return Response(_any(None), status_code=304, headers=headers)
    return Response(_any(slate.value), media_type=JSON, headers=headers)


async def _answer(
    gateway: Gateway, request: RecommendationRequest, headers: tuple[Header, ...]
) -> bytes | None:
    """Send a request and wait for its answer; None if none comes in time.

    One that is waited for already is not sent again: both calls are given the one answer.

    Raises
    ------
    ServiceError
        Kafka has not taken it.
    ProblemError
        More requests wait than may.
    """
    waiting = gateway.waiting
    if len(waiting) >= gateway.config.max_waiting:
        msg = f"{len(waiting):,} requests wait for their answers already: try again in a second"
        raise ProblemError(NOT_NOW, msg, headers={"Retry-After": "1"})
    name, user_id, wait_s = request.request_id, request.user_id, gateway.wait_s(request.deadline_ms)
    until_s = asyncio.get_running_loop().time() + wait_s
    is_asked = waiting.is_expected(name, user_id)
    answer = waiting.expect(name, user_id)
    try:
        if not is_asked:
            try:
                await gateway.send("requests", user_id, encode(request), headers, within_s=wait_s)
            except CherryRecError as error:  # an answer that has come all the same is one
                waiting.fail(name, user_id, error)
        return await waiting.until(answer, until_s)
    finally:
        waiting.forget(name, user_id, answer)


def _instead(gateway: Gateway, request: RecommendationRequest, reason: str) -> tuple[bytes, Served]:
    """Return what there is, where there is no answer to the request.

    Raises
    ------
    ProblemError
        There is nothing.
    """
    kept = gateway.slates.of(request.user_id)
    value = None if kept is None else _showable(gateway, kept).value
    if value is not None and articles_in(value):
        return value, "stale"
    popular = gateway.articles.popular(request, now_s=gateway.clock())
    if popular.slate:
        return encode(popular), "popular"
    msg = f"{reason}, and nothing is known that could stand in: try again in some seconds"
    raise ProblemError(NOT_NOW, msg, headers={"Retry-After": "2"})


class _Showable(NamedTuple):
    """A kept slate as it may be shown now: None where nothing of it may, and its tag."""

    value: bytes | None
    tag: str


def _showable(gateway: Gateway, kept: Kept) -> _Showable:
    """Return a kept slate without what is known to be withheld, mostly as it was published."""
    withheld = gateway.articles.withheld(kept.value, now_s=gateway.clock())
    if not withheld:
        return _Showable(kept.value, kept.tag)
    shown = hashlib.sha256("\0".join(sorted(withheld)).encode()).hexdigest()[:8]
    return _Showable(without(kept.value, withheld), f'{kept.tag[:-1]}-{shown}"')


def _any(content: object) -> Any:
    """Pass bytes for the message that they are: they go out as they came from Kafka."""
    return content
