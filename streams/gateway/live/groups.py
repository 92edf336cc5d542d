"""Asks Kafka now and then who owns what and how far behind it is, apart from the event loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import msgspec
from kafka import KafkaAdminClient, KafkaConsumer
from kafka.errors import KafkaError

from streams.config import KafkaConfig
from streams.status import Lag, Member, lags, members

__all__ = ["GroupWatch", "Groups"]

EVERY_S = 3.0
_CONNECT_MS = 3_000


class Groups(msgspec.Struct, frozen=True, kw_only=True):
    """What Kafka said of the groups, and when; or why it said nothing.

    Parameters
    ----------
    at_s
        When it last answered, epoch seconds; 0 before it ever has.
    error
        Why it did not answer the last time; "" where it did.
    """

    at_s: float = 0.0
    lags: tuple[Lag, ...] = ()
    members: tuple[Member, ...] = ()
    error: str = ""


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
        """
        while is_wanted():
            await asyncio.to_thread(self.ask)
            await asyncio.sleep(EVERY_S)
        await asyncio.to_thread(self.close)

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
            self.groups = msgspec.structs.replace(
                self.groups, error=f"{type(error).__name__} at {self._kafka.bootstrap_servers}"
            )
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
            admin = KafkaAdminClient(**options)
            try:
                self._clients = (admin, KafkaConsumer(**options, enable_auto_commit=False))
            except BaseException:
                admin.close()
                raise
        return self._clients
