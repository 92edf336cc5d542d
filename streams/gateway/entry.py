"""What every call passes first and last: its id, its caller, limits, headers, numbers, the log."""

from __future__ import annotations

import asyncio
import contextvars
import ipaddress
import logging
import math
import re
import uuid
from time import perf_counter

from litestar.datastructures import Headers
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPResponseStartEvent, HTTPScope, Message, Receive, Scope, Send

from streams.gateway.gateway import Gateway
from streams.gateway.keys import Caller
from streams.gateway.problems import MEDIA_TYPE, NOT_NOW, TOO_MANY, WRONG_HOST, ProblemError

__all__ = ["PROBES", "SECURITY_HEADERS", "Entry", "RequestIds"]

logger = logging.getLogger(__name__)

PROBES = frozenset({"/live", "/ready", "/metrics"})
"""Paths outside keys and limits, as those of the workers are: they hold nothing of a user."""

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
        "object-src 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""On every answer; what sets one of them itself keeps its own."""

_HEADERS = [
    (name.lower().encode(), value.encode())
    for name, value in {**SECURITY_HEADERS, "Cache-Control": "no-store"}.items()
]
_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_BEARER = "bearer "
_request_id = contextvars.ContextVar("request_id", default="")


class RequestIds(logging.Filter):
    """Adds to each line logged within a call the id of that call."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Add it; every line is written."""
        request_id = _request_id.get()
        if request_id:
            record.msg = f"{record.getMessage()} [{request_id}]"
            record.args = ()
        return True


class Entry:
    """Wraps the app, so that what finds no route passes it as well.

    Parameters
    ----------
    app
        What answers.
    gateway
        Its keys, limits and metrics.
    """

    def __init__(self, app: ASGIApp, gateway: Gateway) -> None:
        self.app = app
        self.gateway = gateway

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call."""
        if scope["type"] != ScopeType.HTTP:
            await self.app(scope, receive, send)
            return
        call = Headers.from_scope(scope)
        request_id = _id_of(call)
        token = _request_id.set(request_id)
        state = scope.setdefault("state", {})
        state["request_id"] = request_id
        started, status = perf_counter(), 0

        async def passed_on(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                allow = _methods_of(scope) if scope["method"] == "OPTIONS" else None
                _add_headers(message, request_id, allow)
            await send(message)

        try:
            caller = self._caller(scope, call)
            state["caller"] = caller
            self._check(scope, call, caller)
            await self.app(scope, receive, passed_on)
        except ProblemError as problem:
            await _answer(problem, request_id, passed_on)
        except asyncio.CancelledError:
            if status:
                raise
            msg = "this gateway is ending: ask again, another one may answer"
            ending = ProblemError(NOT_NOW, msg, headers={"Retry-After": "1"})
            await _answer(ending, request_id, passed_on)
        finally:
            self._note(scope, status, perf_counter() - started)
            _request_id.reset(token)

    def _caller(self, scope: Scope, headers: Headers) -> Caller:
        shown = headers.get("x-api-key")
        authorization = headers.get("authorization", "")
        if shown is None and authorization[: len(_BEARER)].lower() == _BEARER:
            shown = authorization[len(_BEARER) :].strip()
        client = scope.get("client")
        return self.gateway.keys.caller(shown, address=client[0] if client else "unknown")

    def _check(self, scope: Scope, headers: Headers, caller: Caller) -> None:
        """Refuse calls beyond the limit, and calls to a name that is not ours."""
        if scope["path"] in PROBES:
            return
        gateway = self.gateway
        if not gateway.keys.are_wanted and not _is_local(headers.get("host", "")):
            msg = (
                f"without keys only calls to this machine by its own name are answered, got host "
                f"{headers.get('host', '')!r}: use 127.0.0.1 or localhost, or set keys"
            )
            raise ProblemError(WRONG_HOST, msg)
        wait_s = gateway.limits.wait_s(caller.name)
        if wait_s:
            gateway.metrics.limited.inc()
            config = gateway.config
            msg = (
                f"at most {config.rate_per_s:g} calls a second in the long run, and {config.burst} "
                f"at once, are answered: wait {wait_s:.2g} s"
            )
            raise ProblemError(TOO_MANY, msg, headers={"Retry-After": str(math.ceil(wait_s))})

    def _note(self, scope: HTTPScope, status: int, took_s: float) -> None:
        """Count a call, and log one that was not answered as it was meant."""
        path = scope.get("path_template") or "unmatched"
        method = scope["method"] if path != "unmatched" else "any"
        metrics = self.gateway.metrics
        metrics.calls.labels(path, method, str(status)).inc()
        metrics.latency_s.labels(path).observe(took_s)
        if status >= 500:
            level = logging.WARNING
        elif status >= 400:
            level = logging.INFO
        else:
            level = logging.DEBUG
        if logger.isEnabledFor(level):
            caller = scope["state"].get("caller")
            name = caller.name if caller is not None and caller.has_key else "no key"
            logger.log(level, "%d %s %s %.1f ms, %s", status, method, path, 1e3 * took_s, name)


def _id_of(headers: Headers) -> str:
    """Return the id that a caller has given its call, or a new one."""
    given = headers.get("x-request-id", "")
    return given if _ID.fullmatch(given) else uuid.uuid4().hex


def _is_local(host: str) -> bool:
    """Whether a Host header names this machine: a page of elsewhere could name it otherwise.

    Examples
    --------
    >>> _is_local("localhost:6070"), _is_local("[::1]:6070"), _is_local("evil.example")
    (True, True, False)
    """
    name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    name = name.strip("[]").lower()
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _methods_of(scope: HTTPScope) -> str:
    """Return the methods of a path; Litestar 2.25 names those of its first handler only."""
    path = scope.get("path_template")
    routes = (route for route in scope["litestar_app"].routes if route.path_format == path)
    return ", ".join(sorted({method for route in routes for method in route.methods}))


def _add_headers(message: HTTPResponseStartEvent, request_id: str, allow: str | None) -> None:
    """Add what every answer has, unless the answer has its own."""
    headers = [*message["headers"], (b"x-request-id", request_id.encode())]
    named = {name.lower() for name, _ in headers}
    headers += [pair for pair in _HEADERS if pair[0] not in named]
    if allow is not None:
        headers = [pair for pair in headers if pair[0].lower() != b"allow"]
        headers.append((b"allow", allow.encode()))
    message["headers"] = headers


async def _answer(problem: ProblemError, request_id: str, send: Send) -> None:
    """Answer a call that no route has been asked for."""
    body = problem.document(request_id)
    headers = {"Content-Type": MEDIA_TYPE, "Content-Length": str(len(body)), **problem.headers}
    start: HTTPResponseStartEvent = {
        "type": "http.response.start",
        "status": problem.kind.status,
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
    }
    await send(start)
    await send({"type": "http.response.body", "body": body, "more_body": False})
