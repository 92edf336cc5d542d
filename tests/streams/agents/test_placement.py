"""Records of writers that place keys by another rule, or send none: moved, once, counted."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import pytest
from kafka.partitioner import murmur2

from cherryrec.codec import encode
from cherryrec.pipeline import PipelineConfig
from cherryrec.placement import partition_of
from streams.config import KafkaConfig, StreamConfig
from streams.engine.moving import MOVED, VACATED, origin_of
from streams.worker import StreamWorker
from tests.spans import PARENT
from tests.streams.agents.conftest import CLOCK_S, PREFIX, Bench
from tests.worlds import click, request, update

pytestmark = pytest.mark.asyncio

HERE = "reader-0"  # whose partition of four is 0, where a test's agent reads
ELSEWHERE = "reader-1"  # whose partition is 3


@pytest.fixture
def bench(tmp_path: Path) -> Any:
    worker = StreamWorker(
        KafkaConfig(bootstrap_servers="127.0.0.1:1", prefix=PREFIX, partitions=4),
        StreamConfig(data_dir=tmp_path / "tables"),
        PipelineConfig(),
        clock=lambda: CLOCK_S,
        store="memory://",
    )
    bench = Bench(worker)
    yield bench
    thread = getattr(bench.app._consumer, "_thread", None)
    if thread is not None:
        thread.thread_loop.close()


@pytest.mark.parametrize("n_partitions", [1, 3, 4, 24])
async def test_partition_of_a_key_is_that_of_kafka_python(n_partitions: int) -> None:
    for number in range(300):
        key = (b"%x" % zlib.crc32(b"%d" % number) * (number % 7 + 1))[: number + 1]

        assert partition_of(key, n_partitions) == (murmur2(key) & 0x7FFFFFFF) % n_partitions


async def test_event_that_lies_elsewhere_is_moved_and_changes_nothing_here(bench: Any) -> None:
    event = encode(click("a1", user_id=ELSEWHERE))
    async with bench.agent("clicks") as put:
        await put(HERE, click("a1", user_id=HERE))
        message = (await put(ELSEWHERE, event)).message
        await bench.until(lambda: bench.count("clicks", "moved") == 1)

    assert bench.count("clicks", "applied") == 1
    (sent,) = [one for one in bench.sender.sent if one[0] == "unit.clicks"]
    assert sent == ("unit.clicks", ELSEWHERE.encode(), event, 3)
    (headers,) = [one for one in bench.sender.headers if one]
    origin = origin_of(headers)
    assert origin is not None
    assert (origin.topic, origin.partition, origin.offset) == (message.topic, 0, message.offset)
    assert bench.worker.pipeline.users.profile(0, ELSEWHERE).n_clicks == 0


async def test_event_without_a_key_goes_where_its_user_belongs(bench: Any) -> None:
    async with bench.agent("clicks") as put:
        await put("", click("a1", user_id=HERE))
        await put("", click("a2", user_id=ELSEWHERE))
        await bench.until(lambda: bench.count("clicks", "moved") == 1)

    assert bench.count("clicks", "applied") == 1
    assert bench.worker.pipeline.users.profile(0, HERE).n_clicks == 1
    (sent,) = [one for one in bench.sender.sent if one[0] == "unit.clicks"]
    assert (sent[1], sent[3]) == (ELSEWHERE.encode(), 3)


async def test_profile_that_is_moved_leaves_an_empty_record_that_erases_nobody(bench: Any) -> None:
    async with bench.agent("profile-updates") as put:
        await put(ELSEWHERE, update(user_id=ELSEWHERE))
        await bench.until(lambda: bench.count("profile-updates", "moved") == 1)
        sent = [one for one in bench.sender.sent if one[0] == "unit.profile-updates"]
        await put(ELSEWHERE, None, headers={VACATED: b"3"})
        await bench.until(lambda: bench.count("profile-updates", "moved") == 2)

    assert [(key, value is None, partition) for _, key, value, partition in sent] == [
        (ELSEWHERE.encode(), False, 3),
        (ELSEWHERE.encode(), True, 0),
    ]
    names = [[name for name, _ in headers] for headers in bench.sender.headers if headers]
    assert names == [[MOVED], [VACATED]]


async def test_erasure_that_lies_elsewhere_is_moved_as_one(bench: Any) -> None:
    async with bench.agent("profile-updates") as put:
        await put(ELSEWHERE, None)
        await bench.until(lambda: bench.count("profile-updates", "moved") == 1)

    sent = [one for one in bench.sender.sent if one[0] == "unit.profile-updates"]
    assert sent == [("unit.profile-updates", ELSEWHERE.encode(), None, 3)]


async def test_what_is_too_large_to_be_moved_is_refused_by_name(bench: Any) -> None:
    async with bench.agent("requests") as put:
        await put(ELSEWHERE, b" " * (1 << 20) + encode(request("r", user_id=ELSEWHERE)))
        await bench.until(lambda: bench.count("requests", "dead_lettered") == 1)

    (letter,) = bench.sent("dead-letters")
    assert letter.reason.startswith("it must lie in partition 3, where its key belongs, got 0")


async def test_wrong_key_is_refused_where_it_lies(bench: Any) -> None:
    async with bench.agent("clicks") as put:
        await put(HERE, click("a1", user_id=ELSEWHERE))
        await bench.until(lambda: bench.count("clicks", "dead_lettered") == 1)

    assert bench.count("clicks", "moved") == 0


async def test_a_moved_event_arrived_when_it_first_did(bench: Any) -> None:
    late_s = CLOCK_S - 3_600.0
    origin = f"unit.clicks:3:7:{round(late_s * 1e3)}:1".encode()
    async with bench.agent("clicks") as put:
        await put(HERE, click("a1", CLOCK_S, user_id=HERE), headers={MOVED: origin})
        await bench.until(lambda: bench.count("clicks", "dead_lettered") == 1)

    (letter,) = bench.sent("dead-letters")
    assert "clicked_at must be at most 600 s after its arrival, got 3600 s" in letter.reason


async def test_a_moved_request_keeps_its_trace(bench: Any) -> None:
    event = request("r", user_id=ELSEWHERE)
    async with bench.agent("requests") as put:
        await put(ELSEWHERE, event, headers={PARENT[0]: PARENT[1], "site": b"x"})
        await bench.until(lambda: bench.count("requests", "moved") == 1)

    (headers,) = bench.sender.headers
    assert [name for name, _ in headers] == [MOVED, "traceparent"]
    assert PARENT in headers
