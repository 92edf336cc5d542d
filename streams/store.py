"""The core's `Store` on a Faust table: reads see writes at once, writes are sent in batches."""

from __future__ import annotations

import asyncio

from streams.engine import StateTable

__all__ = ["TableStore"]


class TableStore:
    """Puts the core's states into a table.

    `put` is kept here until `drain` hands it on, which an agent awaits once a batch: a state that
    changes ten times in a batch is written once. All agents of a worker share one store, so that
    each sees what the others did. Bounded by the states of one batch.

    Writes are handed on in the order of each key's last `put`, deletions when no write is left: one
    that was put before another is in the changelog before it, and what a state names is deleted
    after the state that no longer names it.

    Parameters
    ----------
    table
        The changelogged table behind it.
    """

    def __init__(self, table: StateTable) -> None:
        self._table = table
        self._writes: dict[tuple[int, str], bytes] = {}
        self._deletions: dict[tuple[int, str], None] = {}
        self._draining = asyncio.Lock()

    def get(self, partition: int, key: str) -> bytes | None:
        """Return what was put last."""
        place = (partition, key)
        if place in self._deletions:
            return None
        written = self._writes.get(place)
        return written if written is not None else self._table.get(partition, key.encode())

    def put(self, partition: int, key: str, value: bytes | None) -> None:
        """Set or delete, seen at once, sent by `drain`."""
        place = (partition, key)
        self._writes.pop(place, None)
        self._deletions.pop(place, None)
        if value is None:
            self._deletions[place] = None
        else:
            self._writes[place] = value

    async def drain(self) -> None:
        """Hand every staged write to the table, which keeps it in order.

        One at a time: what another drain has taken is handed on too when this returns.
        """
        async with self._draining:
            while self._writes or self._deletions:
                staged = self._writes or self._deletions
                place = next(iter(staged))
                value = self._writes.pop(place, None)
                self._deletions.pop(place, None)
                await self._table.put(place[0], place[1].encode(), value)
