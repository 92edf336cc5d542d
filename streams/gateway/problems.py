"""What is answered where something is wrong: problem documents by RFC 9457."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.openapi import ResponseSpec

from cherryrec.errors import BadMessage, CherryRecError, ServiceError
from streams.gateway.incoming import RefusedEvent

__all__ = [
    "BAD_MESSAGE",
    "BROKEN",
    "KINDS",
    "MEDIA_TYPE",
    "NOT_ALLOWED",
    "NOT_FOUND",
    "NOT_JSON",
    "NOT_NOW",
    "NO_ANSWER",
    "NO_KEY",
    "TOO_LONG",
    "TOO_MANY",
    "UNUSABLE",
    "WRONG_HOST",
    "WRONG_METHOD",
    "Kind",
    "Problem",
    "ProblemError",
    "problem_handlers",
    "problems",
]

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of problem: its name in `type`, its status, and what it is in a few words."""

    name: str
    status: int
    title: str


BAD_MESSAGE = Kind("bad-message", 400, "The body is not the message that is wanted here")
NO_KEY = Kind("no-key", 401, "A key is needed")
NOT_ALLOWED = Kind("not-allowed", 403, "The key does not have the right")
NOT_FOUND = Kind("not-found", 404, "There is no such thing")
WRONG_METHOD = Kind("wrong-method", 405, "The path does not know this method")
TOO_LONG = Kind("too-long", 413, "The body or the batch is too long")
NOT_JSON = Kind("not-json", 415, "The body must be JSON")
WRONG_HOST = Kind("wrong-host", 421, "The host is not this gateway")
UNUSABLE = Kind("unusable", 422, "The message cannot be used")
TOO_MANY = Kind("too-many", 429, "Too many calls")
BROKEN = Kind("broken", 500, "A fault of the gateway")
NOT_NOW = Kind("not-now", 503, "It cannot be answered now")
NO_ANSWER = Kind("no-answer", 504, "No worker has answered in time")

KINDS = (
    BAD_MESSAGE,
    NO_KEY,
    NOT_ALLOWED,
    NOT_FOUND,
    WRONG_METHOD,
    TOO_LONG,
    NOT_JSON,
    WRONG_HOST,
    UNUSABLE,
    TOO_MANY,
    BROKEN,
    NOT_NOW,
    NO_ANSWER,
)
"""The kinds; `type` is `urn:cherryrec:problem:<name>`."""

_BY_STATUS = {kind.status: kind for kind in KINDS}


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is wrong, by RFC 9457: `detail` says what was wanted, what came, and what to do.

    `request_id` is that of the answer's X-Request-Id, by which the gateway's log knows the call;
    `refused` names the events of a batch of which none was taken.
    """

    type: str
    title: str
    status: int
    detail: str
    request_id: str = ""
    refused: tuple[RefusedEvent, ...] = ()


class ProblemError(Exception):
    """Ends a call with a problem document.

    Parameters
    ----------
    kind
        One of `KINDS`.
    detail
        What was wanted, what came, what to do.
    headers
        Sent with it.
    refused
        The events of a batch that were not taken.
    """

    def __init__(
        self,
        kind: Kind,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        refused: Sequence[RefusedEvent] = (),
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.headers = dict(headers or {})
        self.refused = tuple(refused)

    def document(self, request_id: str) -> bytes:
        """Return the problem as JSON."""
        problem = Problem(
            type=f"urn:cherryrec:problem:{self.kind.name}",
            title=self.kind.title,
            status=self.kind.status,
            detail=self.detail,
            request_id=request_id,
            refused=self.refused,
        )
        return msgspec.json.encode(problem)


def problems(*statuses: int) -> dict[int, ResponseSpec]:
    """Return the problems that a route answers with, for its documentation.

    Those that every route may answer with are added: 400, no key, no right, too many, broken.
    """
    return {
        status: ResponseSpec(
            Problem,
            media_type=MEDIA_TYPE,
            description=_BY_STATUS[status].title,
            generate_examples=False,
        )
        for status in sorted({400, 401, 403, 421, 429, 500, *statuses})
    }


def problem_handlers() -> dict[Any, Any]:
    """Return Litestar's exception handlers: every error becomes a problem document."""
    return {Exception: _answer}


def _answer(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    problem = _problem(error)
    if problem.kind.status == HTTPStatus.INTERNAL_SERVER_ERROR:
        logger.error("a call failed", exc_info=error)
    return Response(
        problem.document(request.scope["state"].get("request_id", "")),
        status_code=problem.kind.status,
        media_type=MEDIA_TYPE,
        headers=problem.headers,
    )


def _problem(error: Exception) -> ProblemError:
    """Return the problem that an error is."""
    match error:
        case ProblemError():
            return error
        case BadMessage():
            return ProblemError(BAD_MESSAGE, str(error))
        case ServiceError():
            return ProblemError(NOT_NOW, str(error), headers={"Retry-After": "2"})
        case HTTPException(status_code=status) if status in _BY_STATUS and status < 500:
            headers = {str(name): str(value) for name, value in (error.headers or {}).items()}
            return ProblemError(_BY_STATUS[status], _detail(error), headers=headers)
        case HTTPException(status_code=status) if 400 <= status < 500:
            return ProblemError(BAD_MESSAGE, _detail(error))
        case CherryRecError():
            return ProblemError(BROKEN, str(error))
    return ProblemError(BROKEN, "the gateway's log says more, by the id of this call")


def _detail(error: HTTPException) -> str:
    """Say what Litestar refuses in words of ours, with the fields it names."""
    match error.status_code:
        case 404:
            return "no such path: /openapi.json lists those there are"
        case 405:
            return "this path is asked by another method: /openapi.json says by which"
        case 413:
            return "the body is longer than gateway.max_body_bytes allows: send less at once"
    extra = error.extra if isinstance(error.extra, list) else []
    named = [f"{one.get('key', '')}: {one.get('message', '')}" for one in extra]
    return "; ".join(named) or error.detail or "the call cannot be understood"
