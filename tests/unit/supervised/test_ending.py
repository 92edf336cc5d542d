from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from cherryrec.supervised import UNFINISHED, Ending

BLOCKED = """
import asyncio, sys, threading
from cherryrec.supervised import Ending

async def main():
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(15, stopping.set)
    Ending(1.0, is_stopping=stopping.is_set).start()
    print("started", flush=True)
    if sys.argv[1] == "blocked":
        threading.Lock().acquire() or None
        lock = threading.Lock(); lock.acquire(); lock.acquire()
    await stopping.wait()
    if sys.argv[1] == "flushing":
        await asyncio.sleep(1_000)

asyncio.run(main())
"""


def ended_after_sigterm(how: str) -> tuple[int, float, str]:
    process = subprocess.Popen(
        [sys.executable, "-c", BLOCKED, how],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.getcwd()},
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        time.sleep(0.2)
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=30.0)
    finally:
        process.kill()
    return process.returncode, time.monotonic() - began, said


@pytest.mark.slow
def test_blocked_loop_ends_by_sigterm_within_its_bound_and_says_so() -> None:
    code, after_s, said = ended_after_sigterm("blocked")

    assert code == UNFINISHED
    assert after_s < 15.0
    assert "not everything was acknowledged 1 s after the stop began" in said


@pytest.mark.slow
def test_flush_that_never_ends_is_ended() -> None:
    code, _, said = ended_after_sigterm("flushing")

    assert code == UNFINISHED
    assert "read again at the next start" in said


@pytest.mark.slow
def test_stop_in_time_keeps_its_own_exit_code() -> None:
    assert ended_after_sigterm("well")[0] == 0


def test_worker_that_stops_by_itself_has_the_same_bound() -> None:
    now, codes = [0.0], []
    stops = [False]
    ending = Ending(10.0, is_stopping=lambda: stops[0], clock=lambda: now[0], end=codes.append)
    ending.observe()
    now[0] = 100.0
    stops[0] = True
    ending.observe()
    now[0] = 109.0
    ending.observe()
    before = list(codes)
    now[0] = 110.0
    ending.observe()

    assert (before, codes) == ([], [UNFINISHED])
