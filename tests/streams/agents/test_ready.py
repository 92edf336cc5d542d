from __future__ import annotations

import asyncio
from typing import Any

import pytest

from streams import worker as module
from tests.streams.agents.conftest import Bench

pytestmark = pytest.mark.asyncio


async def nothing_to_follow() -> None:
    pass


class NoLookout:
    def start(self) -> None:
        pass

    def stop(self) -> None:
        pass


async def test_what_is_there_after_a_recovery_is_left_out_of_collections_before_events_flow(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[bool] = []
    worker: Any = bench.worker
    monkeypatch.setattr(
        module, "spare_collections", lambda: calls.append(worker.may_start.is_set())
    )
    worker.follower.catch_up = nothing_to_follow
    worker.may_start.clear()

    await worker._on_recovered(frozenset({0}))

    assert calls == [False]


async def test_what_a_worker_is_made_of_is_left_out_of_collections_before_it_joins(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []

    def noting(name: str, result: object = None) -> None:
        def called(*_: object, **__: object) -> object:
            calls.append(name)
            return result

        monkeypatch.setattr(module, name, called)

    for name in ("require_partition_counts", "stream_counts", "topics_read", "take_folder"):
        noting(name)
    noting("find_incarnations", module.Incarnations())
    for name in ("identity_of", "warm_up", "spare_collections"):
        noting(name)
    monkeypatch.setattr(module, "Lookout", lambda *_, **__: NoLookout())
    noting("run_worker", 0)
    worker: Any = bench.worker
    worker.services = tuple

    assert worker.run() == 0

    assert calls.index("warm_up") < calls.index("spare_collections") < calls.index("run_worker")


async def test_counters_are_flushed_one_partition_at_a_time(bench: Bench) -> None:
    worker: Any = bench.worker
    turns: list[str] = []
    flush = worker.pipeline.flush

    def noted(partitions: Any) -> Any:
        turns.append(f"flush {[*partitions]}")
        asyncio.get_running_loop().call_soon(turns.append, "another's turn")
        return flush(partitions)

    worker.pipeline.flush = noted
    worker.owned = frozenset({0, 1})

    await worker.flush()

    assert turns[:3] == ["flush [0]", "another's turn", "flush [1]"]


async def test_a_partition_that_is_lost_between_two_turns_is_not_flushed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker: Any = bench.worker
    worker.owned = frozenset({0, 1})
    flushed: list[int] = []

    def flush(partitions: list[int]) -> list[Any]:
        flushed.extend(partitions)
        worker.owned = frozenset({0})
        return []

    monkeypatch.setattr(worker.pipeline, "flush", flush)

    await worker.flush()

    assert flushed == [0]
