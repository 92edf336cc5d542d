"""How a table's partitions lie on disk: compressed by what records alike have in common."""

from __future__ import annotations

from pathlib import Path

import faust
import numpy as np
import pytest
import rocksdict

from streams.engine.stores import RocksPartitions, rocksdb_options

N = 20_000


@pytest.fixture
def store(tmp_path: Path) -> RocksPartitions:
    app = faust.App("stores", datadir=tmp_path, store="rocksdb://")
    table = app.Table("t", partitions=1)
    store = RocksPartitions("rocksdb://", app, table, table_name="t", driver="rocksdict")
    Path(store.partition_path(0)).parent.mkdir(parents=True, exist_ok=True)
    return store


def records() -> dict[bytes, bytes]:
    """Draw states that share their field names and their articles, as readers' do."""
    rng = np.random.default_rng(0)
    names = [f"N{100_000 + number}" for number in range(500)]
    found = {}
    for _ in range(N):
        reads = ",".join(f'{{"article":"{names[k]}"}}' for k in rng.integers(500, size=8))
        found[rng.bytes(8).hex().encode()] = f'{{"history":[{reads}]}}'.encode() + rng.bytes(16)
    return found


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*.sst"))


def write(folder: Path, options: rocksdict.Options, values: dict[bytes, bytes]) -> int:
    """Store records and have them merged; return what they take."""
    db = rocksdict.Rdict(str(folder), options=options)
    batch = rocksdict.WriteBatch(raw_mode=True)
    for key, value in values.items():
        batch.put(key, value)
    db.write(batch)
    db.flush()
    db.compact_range(None, None)
    db.close()
    return size(folder)


def test_records_alike_take_less_than_by_rocksdb_s_defaults(tmp_path: Path) -> None:
    values = records()
    plain = rocksdict.Options(raw_mode=True)
    plain.create_if_missing(True)

    before = write(tmp_path / "plain", plain, values)
    after = write(tmp_path / "ours", rocksdb_options(), values)

    assert after < 0.7 * before


def test_a_copy_that_was_written_with_other_settings_is_gone_on_with(
    store: RocksPartitions,
) -> None:
    plain = rocksdict.Options(raw_mode=True)
    plain.create_if_missing(True)
    write(Path(store.partition_path(0)), plain, {b"a": b"1"})

    store.write(0, {b"b": b"2"}, 7)

    assert dict(store.scan(0)) == {b"a": b"1", b"b": b"2"}
    assert store.read(0, store.offset_key) == b"7"
