"""The core's `Store` on a Faust table: reads see writes at once, writes are sent in batches."""

from __future__ import annotations

import asyncio

from streams.engine import StateTable

__all__ = ["TableStore"]

_ABSENT = object()


class TableStore:
    """Puts the core's states into a table.

    `put` is kept here until `drain` hands it on, which an agent awaits once a batch: a state that
    changes ten times in a batch is written once. All agents of a worker share one store, so that
    each sees what the others did. Bounded by the states of one batch.

    Parameters
    ----------
    table
        The changelogged table behind it.
    """

    def __init__(self, table: StateTable) -> None:
        self._table = table
        self._staged: dict[tuple[int, str], bytes | None] = {}
        self._draining = asyncio.Lock()

    def get(self, partition: int, key: str) -> bytes | None:
        """Return what was put last."""
        staged = self._staged.get((partition, key), _ABSENT)
        if staged is _ABSENT:
            return self._table.get(partition, key.encode())
        assert staged is None or isinstance(staged, bytes), "only put stages values"
        return staged

    def put(self, partition: int, key: str, value: bytes | None) -> None:
        """Set or delete, seen at once, sent by `drain`."""
        self._staged[partition, key] = value

    async def drain(self) -> None:
        """Hand every staged write to the table, which keeps it in order.

        One at a time: what another drain has taken is handed on too when this returns.
        """
        async with self._draining:
            while self._staged:
                place = next(iter(self._staged))
                value = self._staged.pop(place)
                await self._table.put(place[0], place[1].encode(), value)
