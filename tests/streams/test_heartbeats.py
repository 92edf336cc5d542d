"""Quiet compacted partitions get a record that says nothing; old local copies are not trusted."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import faust
import pytest

from cherryrec.topics import ERASABLE, HEARTBEAT_KEY, TOPICS
from streams.engine import RecordingSender
from streams.engine.stores import RocksPartitions
from streams.heartbeats import Heartbeats


class FakeTable:
    def __init__(self) -> None:
        self.n_written = 0

    def write_out(self) -> None:
        self.n_written += 1


def test_heartbeat_goes_to_each_partition_of_this_worker_without_a_value() -> None:
    sender, table = RecordingSender(), FakeTable()
    heartbeats = Heartbeats(sender, ["t1", "t2"], lambda: {3, 1}, [table])  # type: ignore[list-item]

    asyncio.run(heartbeats.beat())

    assert sender.sent == [
        (topic, HEARTBEAT_KEY, None, n) for n in (1, 3) for topic in ("t1", "t2")
    ]
    assert table.n_written == 1


def test_every_compacted_topic_that_is_keyed_by_user_is_emptied_of_the_erased() -> None:
    keyed = {one.name for one in TOPICS if "compact" in one.cleanup and one.key == "user_id"}

    assert keyed <= set(ERASABLE)
    assert {"stream-profiles-changelog", "stream-requests-changelog"} <= set(ERASABLE)


@pytest.fixture
def store(tmp_path: Path) -> RocksPartitions:
    app = faust.App("heartbeats", datadir=tmp_path, store="rocksdb://")
    table = app.Table("t", partitions=1)
    store = RocksPartitions("rocksdb://", app, table, table_name="t", driver="rocksdict")
    Path(store.partition_path(0)).parent.mkdir(parents=True, exist_ok=True)
    return store


def test_copy_that_was_written_out_too_long_ago_is_known(store: RocksPartitions) -> None:
    assert not store.is_older(0, 60.0)  # nobody has said when

    store.write(0, {b"k": b"v"}, 7)
    store.write_out(0)

    assert not store.is_older(0, 60.0)
    stamp = store._stamp(0)
    os.utime(stamp, (time.time() - 61.0,) * 2)
    assert store.is_older(0, 60.0)
    assert store.read(0, b"k") == b"v"
    store.forget(0)
    assert not store.is_older(0, 60.0)
