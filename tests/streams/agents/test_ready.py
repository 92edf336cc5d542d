from __future__ import annotations

import gc
from typing import Any

import pytest

from streams import worker as module
from tests.streams.agents.conftest import Bench

pytestmark = pytest.mark.asyncio


async def nothing_to_follow() -> None:
    pass


async def test_what_is_there_at_the_first_recovery_is_collected_once(
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
    await worker._on_recovered(frozenset({0}))

    assert calls == [False], "before the first event, and not at a later rebalance"
    assert gc.isenabled()
