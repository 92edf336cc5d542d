"""`cherryrec worker`: what a process does before it builds its worker."""

from __future__ import annotations

import gc
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from streams.engine.garbage import YOUNG
from tests.commands import Run

LOGGERS = ("aiokafka", "kafka", "faust", "mode")


@pytest.fixture
def as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    threshold, levels = gc.get_threshold(), [logging.getLogger(name).level for name in LOGGERS]
    monkeypatch.setattr(logging, "basicConfig", lambda **_: None)
    yield
    gc.unfreeze()
    gc.set_threshold(*threshold)
    for name, level in zip(LOGGERS, levels, strict=True):
        logging.getLogger(name).setLevel(level)


def test_a_stream_worker_is_built_and_run_with_rare_collections(
    run: Run, monkeypatch: pytest.MonkeyPatch, as_before: None
) -> None:
    seen: list[int] = []

    class Built:
        def __init__(self, *_: Any, **__: Any) -> None:
            seen.append(gc.get_threshold()[0])
            seen.append(gc.get_freeze_count())

        def run(self) -> int:
            return 0

    monkeypatch.setattr("streams.worker.StreamWorker", Built)

    assert run("worker", "stream").code == 0

    young, n_frozen = seen
    assert young == YOUNG
    assert n_frozen > 100_000
