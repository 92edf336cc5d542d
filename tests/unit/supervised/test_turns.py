from __future__ import annotations

import asyncio
import threading
import time

import pytest

from cherryrec.supervised import TurnWatch
from cherryrec.supervised.turns import EXIT_CODE


def test_loop_that_is_blocked_in_a_store_ends_the_process_with_the_stack_of_its_threads(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ended, codes, dumps = threading.Event(), [], []

    def end(code: int) -> None:
        codes.append(code)
        ended.set()

    watch = TurnWatch(0.2, end=end, dump=lambda: dumps.append("stack"))

    def store_that_blocks() -> None:
        assert ended.wait(10.0), "the watch frees the loop"

    async def main() -> None:
        watch.follow(asyncio.get_running_loop())
        await asyncio.sleep(0.1)
        assert watch.is_turning()
        store_that_blocks()
        watch.stop()

    asyncio.run(main())

    assert codes[0] == EXIT_CODE
    assert dumps
    assert "the loop has not turned for" in caplog.text


def test_loop_that_turns_is_left_alone_however_long() -> None:
    codes: list[int] = []
    watch = TurnWatch(0.2, end=codes.append, dump=lambda: None)

    async def main() -> None:
        watch.follow(asyncio.get_running_loop())
        await asyncio.sleep(0.6)
        watch.stop()

    asyncio.run(main())

    assert codes == []


def test_nothing_is_expected_before_the_first_turn() -> None:
    now = [0.0]
    codes: list[int] = []
    watch = TurnWatch(10.0, clock=lambda: now[0], end=codes.append)
    now[0] = 1_000.0

    watch.observe()

    assert codes == []
    assert watch.is_turning()


def test_log_that_is_stuck_does_not_keep_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cherryrec.supervised.turns._SAYING_S", 0.05)
    freed = threading.Event()
    codes: list[int] = []
    now = [0.0]
    watch = TurnWatch(1.0, clock=lambda: now[0], end=codes.append, dump=freed.wait)
    watch.turned()
    now[0] = 2.0

    began = time.monotonic()
    watch.observe()
    freed.set()

    assert codes == [EXIT_CODE]
    assert time.monotonic() - began < 5.0
