from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from faust.types import TP

from cherryrec.errors import ConfigError, ServiceError
from streams.engine import EngineSettings, RecordingSender, state_table
from streams.engine.storing import STORE_DELAY_S
from streams.engine.table import StateTable

pytestmark = pytest.mark.asyncio


@pytest.fixture(params=["memory://", "rocksdb://"])
def make_app(request: pytest.FixtureRequest, settings: EngineSettings, build_app: Any) -> Any:
    def make() -> Any:
        app = build_app(replace(settings, store=request.param))
        app.conf.tabledir.mkdir(parents=True, exist_ok=True)
        return app

    return make


@pytest.fixture
def sender() -> RecordingSender:
    return RecordingSender(holds=True)


@pytest.fixture
def table(make_app: Any, sender: RecordingSender) -> StateTable:
    return state_table(make_app(), "profiles", sender=sender)


async def stored() -> None:
    await asyncio.sleep(STORE_DELAY_S * 3)


async def test_write_is_read_at_once_and_only_in_its_partition(table: StateTable) -> None:
    await table.put(1, b"k", b"v")

    assert table.get(1, b"k") == b"v"
    assert table.get(2, b"k") is None


async def test_write_goes_to_the_changelog_with_its_partition(
    table: StateTable, sender: RecordingSender
) -> None:
    await table.put(1, b"k", b"v")
    await table.put(3, b"k", None)

    changelog = "unit-profiles-changelog"
    assert sender.sent == [(changelog, b"k", b"v", 1), (changelog, b"k", None, 3)]


async def test_write_is_stored_only_when_the_changelog_has_it(
    table: StateTable, sender: RecordingSender
) -> None:
    store: Any = table.data
    await table.put(1, b"k", b"v")
    await stored()
    before = store.read(1, b"k")

    sender.acknowledge()
    await stored()

    assert before is None
    assert store.read(1, b"k") == b"v"
    assert table.get(1, b"k") == b"v"


async def test_failed_changelog_write_is_never_stored(
    table: StateTable, sender: RecordingSender
) -> None:
    store: Any = table.data
    delivery = await table.put(1, b"k", b"v")

    sender.fail(ConnectionError("gone"))
    await stored()

    assert store.read(1, b"k") is None
    assert isinstance(delivery.exception(), ConnectionError)


async def test_deleted_key_is_gone_before_and_after_it_is_stored(
    table: StateTable, sender: RecordingSender
) -> None:
    await table.put(1, b"k", b"v")
    sender.acknowledge()
    await stored()

    await table.put(1, b"k", None)
    on_its_way = table.get(1, b"k"), dict(table.items(1))
    sender.acknowledge()
    await stored()

    assert on_its_way == (None, {})
    assert (table.get(1, b"k"), dict(table.items(1))) == (None, {})


async def test_items_are_the_newest_values_of_one_partition(
    table: StateTable, sender: RecordingSender
) -> None:
    await table.put(1, b"a", b"1")
    await table.put(1, b"b", b"1")
    await table.put(2, b"c", b"1")
    sender.acknowledge()
    await stored()
    await table.put(1, b"b", b"2")

    assert dict(table.items(1)) == {b"a": b"1", b"b": b"2"}


async def test_writes_of_a_partition_reach_the_changelog_in_their_order(
    table: StateTable, sender: RecordingSender
) -> None:
    class Slow(RecordingSender):
        async def send(self, *args: Any, **kwargs: Any) -> Any:
            await asyncio.sleep(0.02 if kwargs["value"] == b"first" else 0.0)
            return await super().send(*args, **kwargs)

    slow = Slow()
    table._sender = slow

    await asyncio.gather(table.put(1, b"k", b"first"), table.put(1, b"k", b"second"))

    assert [value for _, _, value, _ in slow.sent] == [b"first", b"second"]
    assert table.get(1, b"k") == b"second"


@pytest.mark.slow
async def test_write_in_a_partition_that_moved_is_refused(table: StateTable) -> None:
    await assign(table, {1, 2})

    with pytest.raises(ServiceError, match=r"'profiles' must be written in a partition of this"):
        await table.put(3, b"k", b"v")


@pytest.mark.slow
async def test_partition_that_moved_away_is_empty_when_read(
    table: StateTable, sender: RecordingSender
) -> None:
    await assign(table, {1, 2})
    await table.put(1, b"k", b"v")

    await assign(table, {2}, revoked={1})

    assert table.partitions_owned == {2}
    assert dict(table._overlay.writes(1)) == {}


async def test_hook_gets_the_partitions_after_recovery(make_app: Any) -> None:
    seen: list[frozenset[int]] = []

    async def hook(partitions: frozenset[int]) -> None:
        seen.append(partitions)

    table = state_table(make_app(), "t", sender=RecordingSender(), on_recovered=hook)
    await table.on_recovery_completed(changelog(table, {0, 2}), set())

    assert seen == [frozenset({0, 2})]


@pytest.mark.slow
async def test_partition_that_left_and_came_back_is_gained_although_nobody_recovered_between(
    make_app: Any,
) -> None:
    """Its state was once taken for what this worker had left: what the other did was lost."""
    gained: list[frozenset[int]] = []

    async def hook(_: frozenset[int]) -> None:
        gained.append(table.partitions_gained)

    table = state_table(make_app(), "t", sender=RecordingSender(), on_recovered=hook)
    await assign(table, {1, 2})
    await table.on_recovery_completed(changelog(table, {1, 2}), set())
    await assign(table, {2}, revoked={1})
    await assign(table, {1, 2}, gained={1})
    await table.on_recovery_completed(changelog(table, {1, 2}), set())

    assert gained == [{1, 2}, {1}]
    assert table.partitions_gained == frozenset()


@pytest.mark.slow
async def test_rebalance_during_the_hook_leaves_its_partitions_gained(make_app: Any) -> None:
    async def hook(_: frozenset[int]) -> None:
        await assign(table, {1, 2}, gained={2})

    table = state_table(make_app(), "t", sender=RecordingSender(), on_recovered=hook)
    await assign(table, {1})
    await table.on_recovery_completed(changelog(table, {1}), set())

    assert table.partitions_gained == {1, 2}


async def test_failing_hook_stops_the_worker(make_app: Any) -> None:
    async def hook(_: frozenset[int]) -> None:
        msg = "cannot rebuild"
        raise ValueError(msg)

    table = state_table(make_app(), "t", sender=RecordingSender(), on_recovered=hook)
    await table.on_recovery_completed(changelog(table, {0}), set())

    assert table.crashed


async def test_unknown_store_is_refused(settings: EngineSettings, build_app: Any) -> None:
    table = state_table(
        build_app(replace(settings, store="redis://")), "t", sender=RecordingSender()
    )

    with pytest.raises(ConfigError, match="rocksdb:// or memory://, got 'redis:"):
        table.get(0, b"k")


class TestOnDisk:
    """What only RocksDB keeps."""

    @pytest.fixture
    def make_app(self, settings: EngineSettings, build_app: Any) -> Any:
        def make() -> Any:
            app = build_app(replace(settings, store="rocksdb://"))
            app.conf.tabledir.mkdir(parents=True, exist_ok=True)
            return app

        return make

    async def test_offset_is_persisted_with_the_write_it_belongs_to(
        self, table: StateTable, sender: RecordingSender
    ) -> None:
        (tp,) = changelog(table, {1})
        await table.put(1, b"a", b"1")
        await table.put(1, b"b", b"1")
        before = table.persisted_offset(tp)

        sender.acknowledge()
        await stored()

        assert before is None
        assert table.persisted_offset(tp) == 1

    @pytest.mark.slow
    async def test_reopened_store_holds_what_was_acknowledged_and_nothing_else(
        self, table: StateTable, sender: RecordingSender, make_app: Any
    ) -> None:
        await table.put(1, b"acknowledged", b"1")
        sender.acknowledge()
        await stored()
        await table.put(1, b"lost", b"1")
        await table.data.stop()

        again = state_table(make_app(), "profiles", sender=RecordingSender())

        assert dict(again.items(1)) == {b"acknowledged": b"1"}

    @pytest.mark.slow
    async def test_copy_ahead_of_its_changelog_is_deleted(
        self, table: StateTable, sender: RecordingSender, caplog: pytest.LogCaptureFixture
    ) -> None:
        for partition in (1, 2):
            for _ in range(3):
                await table.put(partition, b"k", b"v")
        sender.acknowledge()
        await stored()
        ends = {1: 3, 2: 2}  # partition 2 has lost its last record

        async def highwaters(*tps: TP) -> dict[TP, int]:
            return {tp: ends[tp.partition] for tp in tps}

        table.app.consumer.highwaters = highwaters  # type: ignore[method-assign]
        await table._forget_inconsistent(changelog(table, {1, 2}))

        assert table.get(1, b"k") == b"v"
        assert table.get(2, b"k") is None
        assert "partition 2 is at offset 2, its changelog ends at 2: deleted" in caplog.text


def changelog(table: StateTable, partitions: set[int]) -> set[TP]:
    return {TP(table.changelog_topic_name, partition) for partition in partitions}


async def assign(
    table: StateTable,
    partitions: set[int],
    *,
    revoked: set[int] | None = None,
    gained: set[int] | None = None,
) -> None:
    """Rebalance; what is gained is all, or nothing where something is revoked."""
    newest = gained or (set() if revoked else partitions)

    async def highwaters(*tps: TP) -> dict[TP, int]:
        return dict.fromkeys(tps, 1_000)

    table.app.consumer.highwaters = highwaters  # type: ignore[method-assign]
    await table.on_rebalance(
        changelog(table, partitions),
        changelog(table, revoked or set()),
        changelog(table, newest),
    )
