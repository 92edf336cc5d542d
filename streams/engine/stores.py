"""Where a table's partitions lie: RocksDB on disk, or a dict each for tests.

Both hold exactly what the changelog holds up to an offset that is written with it, in one batch.
"""

from __future__ import annotations

import functools
import gc
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import rocksdict
from faust.stores import memory, rocksdb
from faust.types import TP, EventT

__all__ = ["MemoryPartitions", "Partitions", "RocksPartitions"]

Changes = Mapping[bytes, bytes | None]

BLOCK_CACHE_BYTES = 64 << 20
"""Of all tables of a process together."""

WRITE_BUFFER_BYTES = 8 << 20
MAX_WRITE_BUFFERS = 3
MAX_OPEN_FILES = 256
BLOCK_BYTES = 16 << 10
DICTIONARY_BYTES = 64 << 10
ZSTD_LEVEL = 6
_WINDOW_BITS = -14  # zlib's word for its default; zstd has no use for it


class Partitions(Protocol):
    """What a table asks of its store."""

    def read(self, partition: int, key: bytes) -> bytes | None:
        """Return the stored value; None when there is none."""
        ...

    def write(self, partition: int, changes: Changes, offset: int) -> None:
        """Store values (None deletes) and the changelog offset they reach, at once."""
        ...

    def scan(self, partition: int) -> Iterator[tuple[bytes, bytes]]:
        """Iterate over all keys and values of a partition."""
        ...

    def forget(self, partition: int) -> None:
        """Delete the local copy of a partition; the changelog rebuilds it."""
        ...

    def write_out(self, partition: int) -> None:
        """Have what is stored written to disk, and note when that was."""
        ...

    def is_older(self, partition: int, age_s: float) -> bool:
        """Whether a copy on disk may lack what is newer than so many seconds."""
        ...


class RocksPartitions(rocksdb.Store):
    """One RocksDB folder a partition, through rocksdict."""

    def read(self, partition: int, key: bytes) -> bytes | None:
        """Return the stored value; None when there is none."""
        value: bytes | None = self._db_for_partition(partition).get(key)
        return value

    def write(self, partition: int, changes: Changes, offset: int) -> None:
        """Store values (None deletes) and the changelog offset they reach, at once or not at all.

        What RocksDB would hold up, as it is behind with its files or the disk is full, fails
        instead: the loop goes on.
        """
        self._write(partition, changes, offset, _AT_ONCE)

    def _write(
        self, partition: int, changes: Changes, offset: int, options: rocksdict.WriteOptions
    ) -> None:
        batch = rocksdict.WriteBatch(raw_mode=True)
        for key, value in changes.items():
            if value is None:
                batch.delete(key)
            else:
                batch.put(key, value)
        batch.put(self.offset_key, b"%d" % offset)
        self._db_for_partition(partition).write(batch, options)

    def apply_changelog_batch(self, batch: Iterable[EventT[Any]], *_: Any, **__: Any) -> None:
        """Apply recovered changelog records, unlogged as all writes, as fast as RocksDB can.

        A logged one after unlogged ones would outlive them, with an offset that includes them.
        """
        changes: dict[int, dict[bytes, bytes | None]] = {}
        offsets: dict[int, int] = {}
        for event in batch:
            message = event.message
            assert message.key is not None, "the changelog is written with keys only"
            changes.setdefault(message.partition, {})[message.key] = message.value
            offsets[message.partition] = max(offsets.get(message.partition, -1), message.offset)
        for partition, changed in changes.items():
            self._write(partition, changed, offsets[partition], _WAITING)

    def set_persisted_offset(self, tp: TP, offset: int) -> None:
        """Note the changelog offset that the copy has reached."""
        self.write(tp.partition, {}, offset)

    def scan(self, partition: int) -> Iterator[tuple[bytes, bytes]]:
        """Iterate over all keys and values of a partition."""
        for key, value in self._db_for_partition(partition).items():
            if key != self.offset_key:
                yield key, value

    def forget(self, partition: int) -> None:
        """Delete the local copy of a partition; the changelog rebuilds it."""
        db = self._dbs.pop(partition, None)
        if db is not None:
            db.close()
        gc.collect()
        shutil.rmtree(self.partition_path(partition), ignore_errors=True)
        self._stamp(partition).unlink(missing_ok=True)

    def _open_for_partition(self, partition: int) -> rocksdict.Rdict:
        """Open a partition's folder with settings of our own (`rocksdb_options`)."""
        path = str(self.partition_path(partition))
        db = rocksdict.Rdict(path, options=rocksdb_options())
        db.set_read_options(rocksdict.ReadOptions())
        return db

    def write_out(self, partition: int) -> None:
        """Have what is stored written to disk, without waiting; the file's time says when."""
        self._db_for_partition(partition).flush(wait=False)
        self._stamp(partition).touch()

    def is_older(self, partition: int, age_s: float) -> bool:
        """Whether the last `write_out` is longer ago; False where there was none."""
        try:
            return time.time() - self._stamp(partition).stat().st_mtime > age_s
        except FileNotFoundError:
            return False

    def _stamp(self, partition: int) -> Path:
        path: Path = self.partition_path(partition)
        return path.with_suffix(".written")


@functools.cache
def _block_cache() -> rocksdict.Cache:
    """Return the cache that all tables of this process share."""
    return rocksdict.Cache(BLOCK_CACHE_BYTES)


def rocksdb_options() -> rocksdict.Options:
    """Return how a partition's folder is written and read.

    Readers' states are records alike of some hundred bytes, so they are compressed by zstd in
    blocks of 16 KiB, at the last level with a dictionary learned of them. What is held in memory
    does not grow with the readers: one cache for all partitions, indices and filters in it.
    """
    blocks = rocksdict.BlockBasedOptions()
    blocks.set_block_size(BLOCK_BYTES)
    blocks.set_block_cache(_block_cache())
    blocks.set_cache_index_and_filter_blocks(True)
    blocks.set_bloom_filter(10, block_based=False)
    options = rocksdict.Options(raw_mode=True)
    options.create_if_missing(True)
    options.set_max_open_files(MAX_OPEN_FILES)
    options.set_write_buffer_size(WRITE_BUFFER_BYTES)
    options.set_max_write_buffer_number(MAX_WRITE_BUFFERS)
    options.set_compression_type(rocksdict.DBCompressionType.zstd())
    options.set_bottommost_compression_type(rocksdict.DBCompressionType.zstd())
    options.set_bottommost_compression_options(
        _WINDOW_BITS, ZSTD_LEVEL, 0, DICTIONARY_BYTES, enable=True
    )
    options.set_bottommost_zstd_max_train_bytes(100 * DICTIONARY_BYTES, enable=True)
    options.set_keep_log_file_num(2)
    options.set_block_based_table_factory(blocks)
    return options


def _unlogged(*, may_wait: bool) -> rocksdict.WriteOptions:
    """Write without RocksDB's own log: the changelog is the log.

    What a killed process had in memory is gone with the offset that was written beside it, so the
    copy is an older one, and recovery reads the changelog from there.
    """
    options = rocksdict.WriteOptions()
    for name, value in (("disable_wal", True), ("no_slowdown", not may_wait)):
        setattr(options, name, value)  # attributes that its stub calls methods
    return options


_AT_ONCE = _unlogged(may_wait=False)
_WAITING = _unlogged(may_wait=True)


class MemoryPartitions(memory.Store[bytes, bytes]):
    """A dict a partition, rebuilt from the changelog at every start; for tests."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._partitions: dict[int, dict[bytes, bytes]] = {}

    def read(self, partition: int, key: bytes) -> bytes | None:
        """Return the stored value; None when there is none."""
        return self._partitions.get(partition, {}).get(key)

    def write(self, partition: int, changes: Changes, offset: int) -> None:
        """Store values (None deletes); the offset has no meaning in memory."""
        held = self._partitions.setdefault(partition, {})
        for key, value in changes.items():
            if value is None:
                held.pop(key, None)
            else:
                held[key] = value

    def scan(self, partition: int) -> Iterator[tuple[bytes, bytes]]:
        """Iterate over all keys and values of a partition."""
        yield from sorted(self._partitions.get(partition, {}).items())

    def forget(self, partition: int) -> None:
        """Drop a partition; the changelog rebuilds it."""
        self._partitions.pop(partition, None)

    def write_out(self, partition: int) -> None:
        """Do nothing: there is no disk."""

    def is_older(self, partition: int, age_s: float) -> bool:
        """Return False: the copy ends with its worker."""
        return False

    def apply_changelog_batch(self, batch: Iterable[EventT[Any]], *_: Any, **__: Any) -> None:
        """Apply recovered changelog records."""
        for event in batch:
            message = event.message
            assert message.key is not None, "the changelog is written with keys only"
            self.write(message.partition, {message.key: message.value}, message.offset)

    async def on_rebalance(
        self,
        assigned: set[TP],
        revoked: set[TP],
        newly_assigned: set[TP],
        generation_id: int = 0,
    ) -> None:
        """Drop partitions that went elsewhere, and those that come anew."""
        for tp in revoked | newly_assigned:
            if tp.topic in self.table.changelog_topic.topics:
                self.forget(tp.partition)

    async def on_recovery_completed(self, active_tps: set[TP], standby_tps: set[TP]) -> None:
        """Nothing is left to do."""
