"""Finds slates that are not remembered: reads their topic from its end, one search at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager

import msgspec
from aiokafka.structs import ConsumerRecord

from cherryrec.codec import decode
from cherryrec.errors import BadMessage
from cherryrec.events import Recommendation
from cherryrec.topics import topic_named
from streams.gateway.problems import NOT_NOW, ProblemError
from streams.gateway.slates import Kept, NewestSlates
from streams.gateway.transport import Transport

__all__ = ["SlateSearch"]

TOPIC = "recommendations"
_MAX_BYTES = topic_named(TOPIC).max_message_bytes


class SlateSearch:
    """Looks for slates in memory first, then on the topic.

    Parameters
    ----------
    transport
        Reads the topic.
    slates
        What is remembered; told which users have no slate at all.
    within_s
        How long a search may take, waiting for the one before included, in seconds.
    """

    def __init__(self, transport: Transport, slates: NewestSlates, *, within_s: float) -> None:
        self._transport = transport
        self._slates = slates
        self._within_s = within_s
        self._lock = asyncio.Lock()

    async def of_user(self, user_id: str) -> Kept | None:
        """Return the newest slate of a user; None where there is none.

        Raises
        ------
        ProblemError
            The search took too long.
        ServiceError
            Kafka does not answer.
        """
        slates = self._slates
        if (kept := slates.of(user_id)) is not None or slates.has_none(user_id):
            return kept
        key = user_id.encode()
        async with self._records(key) as records:
            async for record in records:
                if record.key != key:
                    continue
                slates.take_old(record)
                if slates.of(user_id) is not None or slates.has_none(user_id):
                    break
            else:
                slates.note_none(user_id)
        return slates.of(user_id)

    async def of_request(self, request_id: str, user_id: str | None) -> Recommendation | None:
        """Return the slate that answered a request; None where it is no longer there.

        The user makes the search shorter: one partition is read. Errors are as of `of_user`.
        """
        kept = None if user_id is None else self._slates.of(user_id)
        if kept is not None and kept.request_id == request_id:
            return decode(Recommendation, kept.value, max_bytes=_MAX_BYTES)
        key = None if user_id is None else user_id.encode()
        mark = msgspec.json.encode(request_id)
        async with self._records(key) as records:
            async for record in records:
                if record.value is None or mark not in record.value:
                    continue
                try:
                    slate = decode(Recommendation, record.value, max_bytes=_MAX_BYTES)
                except BadMessage:
                    continue
                if slate.request_id == request_id and user_id in {None, slate.user_id}:
                    return slate
        return None

    @asynccontextmanager
    async def _records(self, key: bytes | None) -> AsyncIterator[AsyncGenerator[ConsumerRecord]]:
        """Wait for the search before, read the topic from its end, and see to it that it ends."""
        try:
            async with (
                asyncio.timeout(self._within_s),
                self._lock,
                aclosing(self._transport.newest_first(TOPIC, key)) as records,
            ):
                yield records
        except TimeoutError as error:
            msg = (
                f"a search through {TOPIC!r} must end within {self._within_s:g} s, it has not: "
                "name the user, or ask again when less is going on"
            )
            raise ProblemError(NOT_NOW, msg, headers={"Retry-After": "10"}) from error
