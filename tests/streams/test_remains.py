"""What is left of a user is found by bytes, and told from what goes by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from kafka import TopicPartition
from rocksdict import Options, Rdict

from streams.remains import Remains, _of_topic, pattern_of, remains_in_files

SETTINGS = {
    "retention.ms": "604800000",
    "max.compaction.lag.ms": "10800000",
    "delete.retention.ms": "43200000",
}
PLACE = TopicPartition("t", 0)


class Record(NamedTuple):
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()
    timestamp: int = 1_000


class FakeConsumer:
    """One partition that is read in one poll."""

    def __init__(self, *records: Record) -> None:
        self.records = records
        self.n_read = 0

    def partitions_for_topic(self, topic: str) -> set[int]:
        return {0}

    def assign(self, places: Any) -> None: ...

    def seek_to_beginning(self, *places: Any) -> None: ...

    def end_offsets(self, places: Any) -> dict[TopicPartition, int]:
        return {PLACE: len(self.records)}

    def position(self, place: Any) -> int:
        return self.n_read

    def poll(self, *, timeout_ms: int) -> dict[TopicPartition, tuple[Record, ...]]:
        self.n_read = len(self.records)
        return {PLACE: self.records}


def found(cleanup: str, *records: Record) -> list[Remains]:
    settings = SETTINGS | {"cleanup.policy": cleanup}
    consumer = FakeConsumer(*records)
    return list(_of_topic(consumer, "t", settings, pattern_of("u1"), has_heartbeats=True))


def test_newest_value_is_not_erased_and_older_ones_go_by_compaction() -> None:
    (live,) = found("compact", Record(b"u1", b"{}"), Record(b"u12", b"{}"))
    (old,) = found("compact", Record(b"u1", b"{}"), Record(b"u1", None))

    assert (live.n, live.until_s) == (1, None)
    assert "not erased" in live.what
    assert (old.n, old.until_s is None) == (2, False)
    assert "1 tombstones" in old.what


def test_events_go_when_their_retention_has_passed() -> None:
    (event,) = found("delete", Record(b"k", b'{"user_id":"u1"}'), Record(b"u2", b"{}"))
    (header,) = found("compact,delete", Record(b"k", b"{}", (("from", b"u1"),)))

    assert (event.n, event.until_s) == (1, 1.0 + 604_800.0)
    assert header.n == 1
    assert found("delete", Record(b"u12", b'{"user_id":"a-u1"}')) == []


def test_tables_and_files_are_searched_by_bytes(tmp_path: Path) -> None:
    table = Rdict(str(tmp_path / "requests-0.db"), options=Options(raw_mode=True))
    table[b"\x002:u1r1"] = b"features"
    table.close()
    (tmp_path / "stream.log").write_text("something about u12\n")
    (tmp_path / "other.log").write_text("something about u1\n")

    left = list(remains_in_files([tmp_path], pattern_of("u1")))

    assert [Path(one.store).name for one in left] == ["requests-0.db", "other.log"]
    assert all(one.until_s is None for one in left)


def test_a_brokers_files_go_with_what_is_on_their_topics(tmp_path: Path) -> None:
    for name in ("p.clicks-3", "p.articles-0"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "partition.metadata").touch()
        (tmp_path / name / "0.log").write_bytes(b'..{"user_id":"u1"}..')

    on_topics = [Remains("p.clicks", 1, "events", 60.0)]
    left = list(remains_in_files([tmp_path], pattern_of("u1"), on_topics))

    assert [one.until_s for one in left] == [None, 60.0]
