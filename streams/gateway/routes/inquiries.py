"""What an editor asks about one user: profile, what if, why not; nothing is kept of it."""

from __future__ import annotations

import asyncio
import uuid
from typing import Annotated, Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter

from cherryrec.codec import encode
from cherryrec.events import Inquiry, InquiryAnswer, InquiryKind, WhatIf, instant
from cherryrec.inquiries import check_parts
from streams.gateway.calls import Needs
from streams.gateway.gateway import Gateway
from streams.gateway.inquiries import answered
from streams.gateway.paths import ArticleId, UserId
from streams.gateway.problems import NO_ANSWER, NOT_NOW, ProblemError, problems

__all__ = ["profile", "what_if", "why_not"]

_NUMBER_OF_READS = QueryParameter(ge=0, le=1_000, description="How many of the last reads.")
_SLATE_SIZE = QueryParameter(ge=1, le=100, description="Places of the slate it fell out of.")


@get(
    "/v1/users/{user_id:str}/profile",
    guards=[Needs("read")],
    summary="What is known of a user",
    responses=problems(422, 503, 504),
)
async def profile(
    user_id: UserId,
    gateway: NamedDependency[Gateway],
    n_history: Annotated[int, _NUMBER_OF_READS] = 50,
) -> Response[InquiryAnswer]:
    """Return interests, what the site says, the last reads and counts, as the workers hold them.

    A user never seen, or erased, is not known: `is_known` is false.
    """
    return await _ask(gateway, user_id, "profile", n_history=n_history)


@post(
    "/v1/users/{user_id:str}/what-if",
    guards=[Needs("read")],
    status_code=200,
    summary="The slate of now, and under other conditions",
    responses=problems(413, 415, 422, 503, 504),
)
async def what_if(
    user_id: UserId, data: JSONBody[WhatIf], gateway: NamedDependency[Gateway]
) -> Response[InquiryAnswer]:
    """Return the slate that a request of now would get, and beside it what is asked for.

    With another history, or without parts of the system; without either there is the first slate
    alone. The language model is not asked.
    """
    check_parts(gateway.core, data.without)
    conditions = {name: getattr(data, name) for name in data.__struct_fields__ if name != "schema"}
    return await _ask(gateway, user_id, "what_if", **conditions)


@get(
    "/v1/users/{user_id:str}/why-not/{article_id:str}",
    guards=[Needs("read")],
    summary="Why a user does not see an article",
    responses=problems(422, 503, 504),
)
async def why_not(
    user_id: UserId,
    article_id: ArticleId,
    gateway: NamedDependency[Gateway],
    slate_size: Annotated[int, _SLATE_SIZE] = 10,
) -> Response[InquiryAnswer]:
    """Say at which step an article falls out of the slate of now, and by how much.

    Or that it is in it, and where.
    """
    return await _ask(gateway, user_id, "why_not", article_id=article_id, slate_size=slate_size)


async def _ask(
    gateway: Gateway, user_id: str, kind: InquiryKind, **fields: Any
) -> Response[InquiryAnswer]:
    """Send an inquiry and return its answer.

    Raises
    ------
    ServiceError
        Kafka has not taken it.
    ProblemError
        No answer has come in time, or none that is one; or more calls wait than may.
    """
    waiting, config = gateway.inquiries, gateway.config
    if len(waiting) >= config.max_waiting:
        msg = f"{len(waiting):,} inquiries wait for their answers already: try again in a second"
        raise ProblemError(NOT_NOW, msg, headers={"Retry-After": "1"})
    inquiry = Inquiry(
        inquiry_id=uuid.uuid4().hex,
        user_id=user_id,
        asked_at=instant(round(gateway.clock(), 3)),
        kind=kind,
        **fields,
    )
    until_s = asyncio.get_running_loop().time() + config.inquiry_wait_s
    answer = waiting.expect(inquiry.inquiry_id, user_id)
    try:
        within_s = config.inquiry_wait_s
        await gateway.send("inquiries", user_id, encode(inquiry), within_s=within_s)
        value = await waiting.until(answer, until_s)
    finally:
        waiting.forget(inquiry.inquiry_id, user_id, answer)
    if value is None:
        msg = (
            f"no worker has answered within {config.inquiry_wait_s:g} s: does a stream worker own "
            "this user's partition (GET /v1/status)? Try again in some seconds"
        )
        raise ProblemError(NO_ANSWER, msg, headers={"Retry-After": "2"})
    content: Any = answered(value)
    return Response(content, media_type="application/json")
