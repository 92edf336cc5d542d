"""Asks Kafka now and then who owns what and how far behind it is, apart from the event loop."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

import msgspec
from kafka import KafkaAdminClient, KafkaConsumer
from kafka.errors import KafkaError

from cherryrec.supervised import connected
from streams.config import KafkaConfig
from streams.status import Lag, Member, lags, members

__all__ = ["GroupWatch", "Groups"]

logger = logging.getLogger(__name__)

EVERY_S = 3.0
_CONNECT_MS = 3_000
_REASON = 200


class Groups(msgspec.Struct, frozen=True, kw_only=True):
    """What Kafka said of the groups, and when; or why it said nothing.

    Parameters
    ----------
    at_s
        When it last answered, epoch seconds; 0 before it ever has.
    error
        Why it did not answer the last time; "" where it did.
    failure
        What went wrong here the last time it was asked; "" where nothing did.
    """

    at_s: float = 0.0
    lags: tuple[Lag, ...] = ()
    members: tuple[Member, ...] = ()
    error: str = ""
    failure: str = ""


class GroupWatch:
    """Keeps `groups` new while someone looks; asks in a thread, so that nothing waits for it.

    Parameters
    ----------
    kafka
        The cluster, and the prefix of its groups.
    clock
        Wall-clock time in epoch seconds.
    """

    def __init__(self, kafka: KafkaConfig, *, clock: Callable[[], float] = time.time) -> None:
        self.groups = Groups()
        self._kafka = kafka
        self._clock = clock
        self._clients: tuple[Any, Any] | None = None

    async def run(self, is_wanted: Callable[[], bool]) -> None:
        """Ask again and again while that is wanted, then disconnect.

        It ends by itself, and is never cancelled: what a thread asks cannot be stopped in between.
        What nobody thought of ends it no sooner: `groups` says so, and it is asked again.
        """
        while is_wanted():
            if not await self._done(self.ask):
                await self._done(self.close)  # it connects anew
            await asyncio.sleep(EVERY_S)
        await self._done(self.close)

    async def _done(self, call: Callable[[], None]) -> bool:
        """Do something in a thread; return whether it went well, and note what went wrong."""
        try:
            await asyncio.to_thread(call)
        except Exception as error:
            failure = f"{type(error).__name__}: {error}"[:_REASON]
            if failure != self.groups.failure:
                logger.exception("Kafka could not be asked for its groups")
            self.groups = msgspec.structs.replace(self.groups, error="", failure=failure)
            return False
        return True

    def ask(self) -> None:
        """Ask once; where Kafka does not answer, what it said before stays, with the reason."""
        try:
            admin, consumer = self._connected()
            self.groups = Groups(
                at_s=self._clock(),
                lags=lags(admin, consumer, self._kafka.prefix),
                members=members(admin, self._kafka.prefix),
            )
        except (KafkaError, OSError, ValueError) as error:
            reason = f"{type(error).__name__} at {self._kafka.bootstrap_servers}"
            self.groups = msgspec.structs.replace(self.groups, error=reason, failure="")
            self.close()

    def close(self) -> None:
        """Disconnect."""
        if self._clients is not None:
            for client in self._clients:
                client.close()
            self._clients = None

    def _connected(self) -> tuple[Any, Any]:
        if self._clients is None:
            options = {**self._kafka.client_options(), "bootstrap_timeout_ms": _CONNECT_MS}
            admin = connected(KafkaAdminClient, **options)
            try:
                consumer = connected(KafkaConsumer, **options, enable_auto_commit=False)
            except BaseException:
                admin.close()
                raise
            self._clients = (admin, consumer)
        return self._clients
