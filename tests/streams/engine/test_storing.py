from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping

import pytest

from cherryrec.errors import ServiceError
from streams.engine import Gates, Metrics
from streams.engine.overlay import Overlay
from streams.engine.storing import RETRY_S, STORE_DELAY_S, StoreHealth, Storing

pytestmark = pytest.mark.asyncio


class FullDisk:
    """Partitions whose writes fail in the partitions that are told to."""

    def __init__(self) -> None:
        self.full: set[int] = set()
        self.values: dict[int, dict[bytes, bytes | None]] = {}
        self.offsets: dict[int, list[int]] = {}

    def read(self, partition: int, key: bytes) -> bytes | None:
        return self.values.get(partition, {}).get(key)

    def write(self, partition: int, changes: Mapping[bytes, bytes | None], offset: int) -> None:
        if partition in self.full:
            msg = "No space left on device"
            raise OSError(msg)
        self.values.setdefault(partition, {}).update(changes)
        self.offsets.setdefault(partition, []).append(offset)

    def scan(self, partition: int) -> Iterator[tuple[bytes, bytes]]:
        raise NotImplementedError

    def forget(self, partition: int) -> None:
        raise NotImplementedError


class World:
    """A table's way to its store, with a clock to advance."""

    def __init__(self, *, max_bytes: int = 1_000) -> None:
        self.now_s = 0.0
        self.disk = FullDisk()
        self.overlay = Overlay()
        self.gates = Gates()
        self.metrics = Metrics()
        self.reasons: list[ServiceError] = []
        health = StoreHealth("t", gates=self.gates, metrics=self.metrics, max_bytes=max_bytes)
        self.storing = Storing(
            self.overlay,
            lambda: self.disk,
            health=health,
            give_up=self.reasons.append,
            clock=lambda: self.now_s,
        )

    def write(self, partition: int, key: bytes, value: bytes, *, offset: int) -> None:
        self.overlay.put(partition, key, value)
        self.overlay.acknowledge(partition, key, value, offset=offset)

    def store(self, *, is_last: bool = False) -> None:
        self.storing.now(lambda partition: partition < 9, is_last=is_last)

    def shown(self, name: str) -> float | None:
        return self.metrics.registry.get_sample_value(name, {"table": "t"})


async def test_write_that_failed_is_stored_with_what_followed_it_and_never_a_hole() -> None:
    world = World()
    world.disk.full = {1}
    world.write(1, b"a", b"1", offset=4)
    world.store()
    world.disk.full = set()
    world.write(1, b"b", b"2", offset=5)
    world.store()  # too soon after the failure: nothing of the partition is stored
    before = dict(world.disk.offsets)

    world.now_s = RETRY_S
    world.store()

    assert before == {}
    assert world.disk.values == {1: {b"a": b"1", b"b": b"2"}}
    assert world.disk.offsets == {1: [5]}
    assert not world.overlay.holds(1, b"a")


async def test_other_partitions_of_the_same_call_are_stored() -> None:
    world = World()
    world.disk.full = {1}
    for partition in (0, 1, 2):
        world.write(partition, b"k", b"v", offset=7)

    world.store()

    assert world.disk.offsets == {0: [7], 2: [7]}
    assert world.overlay.get(1, b"k", default=None) == b"v"


async def test_failure_is_seen_in_gate_and_metrics_and_said_once_a_streak(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = World()
    world.disk.full = {1}
    world.write(1, b"k", b"v", offset=0)
    for tick in range(3):
        world.now_s = tick * RETRY_S
        world.store()
    closed = world.gates.closed()
    n_failures = world.shown("cherryrec_store_failures_total")
    n_bytes = world.shown("cherryrec_unstored_bytes")

    world.disk.full = set()
    world.now_s = 3 * RETRY_S
    world.store()

    assert closed == {"table-t": "2 bytes of its writes cannot be stored: No space left on device"}
    assert (n_failures, n_bytes) == (3.0, 2.0)
    assert world.gates.is_ready
    assert world.shown("cherryrec_unstored_bytes") == 0.0
    said = [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]
    assert len(said) == 2
    assert "If the disk is full, free space" in said[0]
    assert "nothing left that waits" in said[1]


async def test_more_than_the_bound_in_memory_ends_the_worker_with_its_reason() -> None:
    world = World(max_bytes=100)
    world.disk.full = {1}
    world.write(1, b"k", b"v" * 60, offset=0)
    world.store()
    assert not world.reasons

    world.write(1, b"l", b"v" * 60, offset=1)
    world.now_s = RETRY_S
    world.store()

    assert "must keep at most 100 bytes in memory" in str(world.reasons[0])
    assert "got 122" in str(world.reasons[0])


async def test_value_written_again_counts_once_against_the_bound() -> None:
    world = World(max_bytes=100)
    world.disk.full = {1}
    for offset in range(10):
        world.write(1, b"k", b"v" * 60, offset=offset)
    world.store()

    assert not world.reasons


async def test_partition_that_moved_away_leaves_nothing_that_waits() -> None:
    world = World()
    world.disk.full = {1}
    world.write(1, b"k", b"v", offset=0)
    world.store()

    world.storing.drop(1)
    world.store()

    assert world.gates.is_ready
    assert not world.overlay.holds(1, b"k")


async def test_stopping_tries_once_more_and_goes_on() -> None:
    world = World()
    world.disk.full = {1}
    world.write(1, b"k", b"v", offset=0)
    world.store()
    world.disk.full = set()

    world.store(is_last=True)

    assert world.disk.offsets == {1: [0]}


async def test_what_failed_is_tried_again_by_itself() -> None:
    world = World()
    world.disk.full = {1}
    world.write(1, b"k", b"v", offset=0)
    world.storing.soon(lambda _: True)
    await asyncio.sleep(3 * STORE_DELAY_S)
    world.disk.full = set()
    world.now_s = RETRY_S

    await asyncio.sleep(RETRY_S + 3 * STORE_DELAY_S)

    assert world.disk.offsets == {1: [0]}
