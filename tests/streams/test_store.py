"""The store of the core on a table: what is put is handed on before anyone who put it goes on."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from streams.engine import StateTable
from streams.store import TableStore

pytestmark = pytest.mark.asyncio


class SlowTable:
    """A table whose changelog takes writes only when told."""

    def __init__(self) -> None:
        self.values: dict[tuple[int, bytes], bytes | None] = {}
        self.sent: list[bytes] = []
        self.may_send = asyncio.Event()

    def get(self, partition: int, key: bytes) -> bytes | None:
        return self.values.get((partition, key))

    async def put(self, partition: int, key: bytes, value: bytes | None) -> None:
        self.values[partition, key] = value
        await self.may_send.wait()
        self.sent.append(key)


def store_on(table: SlowTable) -> TableStore:
    return TableStore(cast(StateTable, cast(Any, table)))


async def test_put_is_seen_at_once_and_written_once() -> None:
    table = SlowTable()
    table.may_send.set()
    store = store_on(table)
    store.put(0, "u", b"1")
    store.put(0, "u", b"2")

    assert store.get(0, "u") == b"2"
    await store.drain()

    assert table.sent == [b"u"]
    assert store.get(0, "u") == b"2"


async def test_drain_returns_only_when_what_another_drain_took_is_handed_on_too() -> None:
    """An agent's events were once acknowledged while another agent's drain held their state."""
    table = SlowTable()
    store = store_on(table)
    store.put(0, "yours", b"1")
    mine = asyncio.ensure_future(store.drain())
    await asyncio.sleep(0)

    yours = asyncio.ensure_future(store.drain())
    await asyncio.sleep(0.01)
    has_waited = not yours.done()
    table.may_send.set()
    await asyncio.gather(mine, yours)

    assert has_waited
    assert table.sent == [b"yours"]


async def test_writes_go_in_the_order_of_their_last_put_and_deletions_after_them() -> None:
    """What a state names is in the changelog before the state, and leaves it afterwards."""
    table = SlowTable()
    table.may_send.set()
    store = store_on(table)
    store.put(0, "state", b"1")
    store.put(0, "old part", b"1")
    store.put(0, "old part", None)
    store.put(0, "part", b"2")
    store.put(0, "state", b"2")

    assert store.get(0, "old part") is None
    await store.drain()

    assert table.sent == [b"part", b"state", b"old part"]


async def test_a_deletion_that_is_put_again_is_written() -> None:
    table = SlowTable()
    table.may_send.set()
    store = store_on(table)
    store.put(0, "u", None)
    store.put(0, "u", b"1")

    await store.drain()

    assert (table.sent, store.get(0, "u")) == ([b"u"], b"1")
