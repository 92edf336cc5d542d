"""How a call is read: rights before anything, then JSON by the codec, as strict as from Kafka."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.exceptions import InternalServerException
from litestar.handlers import BaseRouteHandler

from cherryrec.codec import decode
from cherryrec.events import Event
from streams.gateway.keys import Caller, Right
from streams.gateway.problems import BAD_MESSAGE, NO_KEY, NOT_ALLOWED, NOT_JSON, ProblemError

__all__ = ["Needs", "StrictRequest", "caller_of"]


@dataclass(frozen=True, slots=True)
class Needs:
    """A guard that lets only callers with a right through; async, or Litestar takes a thread."""

    right: Right

    async def __call__(
        self, connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler
    ) -> None:
        """Raise a `ProblemError` where the caller does not have the right."""
        caller = caller_of(connection)
        if self.right in caller.rights:
            return
        if caller.has_key:
            msg = f"this needs a key with the right to {self.right}, {caller.name} has it not"
            raise ProblemError(NOT_ALLOWED, msg)
        msg = (
            f"this needs a key with the right to {self.right}: send it as `Authorization: Bearer "
            "KEY` or `X-Api-Key: KEY`"
        )
        raise ProblemError(NO_KEY, msg, headers={"WWW-Authenticate": "Bearer"})


def caller_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Caller:
    """Return who calls, as the entry has found out."""
    caller = connection.scope["state"]["caller"]
    assert isinstance(caller, Caller), "the entry has put it there"
    return caller


class StrictRequest(Request[Any, Any, Any]):
    """A request whose body is decoded by the codec.

    Litestar's own way takes `"5"` for a number and 0 for a time: what Kafka's side refuses would be
    taken here.
    """

    async def body(self) -> bytes:
        """Return the body, which must be said to be JSON.

        Raises
        ------
        ProblemError
            It is said to be something else, or does not come to its end.
        """
        kind, _ = self.content_type
        if self.method in {"POST", "PUT", "PATCH"} and kind != "application/json":
            msg = f"Content-Type must be application/json, got {kind or 'none'!r}"
            raise ProblemError(NOT_JSON, msg)
        try:
            raw = await super().body()
        except InternalServerException as error:  # so Litestar calls it, as a fault of ours
            msg = "the caller has gone before its body was whole"
            raise ProblemError(BAD_MESSAGE, msg) from error
        if not raw and self.method == "POST":
            msg = "the body must be JSON, got nothing"
            raise ProblemError(BAD_MESSAGE, msg)
        return raw

    async def json(self) -> Any:
        """Return the message that the route takes.

        Raises
        ------
        BadMessage
            The body is no such message.
        """
        field = self.route_handler.parsed_data_field
        assert field is not None, "only routes that take a message ask for it"
        message = field.annotation
        assert issubclass(message, Event), "routes take events"
        return decode(message, await self.body())
