"""A soak's short form: a worker dies under traffic, and nothing that was asked stays unanswered."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from benchmarks.soak import Plan, soak
from cherryrec.cli.options import cache_dir
from streams.config import KafkaConfig
from streams.stack import LocalStack, StackSettings

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

PLAN = Plan(
    minutes=0.15,
    requests_per_s=20.0,
    events_per_s=60.0,
    kill_every_s=5.0,
    sample_every_s=1.0,
    n_readers=200,
)


def test_a_killed_worker_leaves_no_request_unanswered(
    kafka: str, prefix: str, tmp_path: Path
) -> None:
    settings = StackSettings(
        folder=tmp_path,
        cache_dir=cache_dir(),
        kafka=KafkaConfig(bootstrap_servers=kafka, prefix=prefix, partitions=2),
        starts_kafka=False,
        n_workers=2,
        environment={"CHERRYREC_STREAM_SESSION_TIMEOUT_S": "5"},
    )
    notes: list[str] = []

    with LocalStack(settings, note=notes.append) as stack:
        table = asyncio.run(soak(stack, PLAN, notes.append))

    assert table.load.n_requests > 100
    assert table.load.n_unanswered == 0
    assert table.load.failures == []
    assert [kill.name for kill in table.watch.kills] == ["stream-1"]
    assert table.watch.restarts == {"stream-1": 1}
    assert table.n_dead == 0, notes
    assert {one.name for one in table.watch.gauges} == {"learner", "stream-0", "stream-1"}
