"""What `up` writes down: processes known by id and start time, never by the id alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from cherryrec.errors import ServiceError
from streams.stack import (
    ProcessState,
    StackState,
    end_processes,
    process_state,
    read_state,
    remove_state,
    write_state,
)
from tests.commands import Run

SLEEPER = "import sys, time; print('up', flush=True); time.sleep(60)"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEPER}"

Start = Callable[[str], ProcessState]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a program; it is ended and waited for at the end."""
    started: list[subprocess.Popen[bytes]] = []

    def start(program: str) -> ProcessState:
        process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        return process_state("sleeper", process.pid, tmp_path / "log")

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_process_is_running_until_it_has_ended(start: Start) -> None:
    sleeper = start(SLEEPER)
    assert sleeper.is_running

    os.kill(sleeper.pid, signal.SIGKILL)
    assert end_processes([sleeper], grace_s=5.0) in ([], ["sleeper"])

    assert not sleeper.is_running  # although nobody has waited for it yet


def test_other_process_with_the_same_id_is_never_ended(start: Start) -> None:
    sleeper = start(SLEEPER)
    recycled = msgspec.structs.replace(sleeper, started="boot 1")

    assert not recycled.is_running
    assert end_processes([recycled], grace_s=1.0) == []
    assert sleeper.is_running


@pytest.mark.parametrize("program", [SLEEPER, STUBBORN], ids=["willing", "stubborn"])
def test_process_is_ended_by_force_if_need_be(start: Start, program: str) -> None:
    sleeper = start(program)

    assert end_processes([sleeper], grace_s=0.5) == ["sleeper"]

    assert not sleeper.is_running


def test_process_that_has_ended_cannot_be_written_down(tmp_path: Path) -> None:
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], stdout=-1)

    with pytest.raises(ServiceError, match=r"learner \(process \d+\) must be running"):
        process_state("learner", int(gone.stdout), tmp_path / "log")


def test_state_is_read_as_written_and_removed(start: Start, tmp_path: Path) -> None:
    assert read_state(tmp_path) is None
    state = StackState(
        phase="ready",
        supervisor=start(SLEEPER),
        bootstrap_servers="127.0.0.1:1",
        prefix="p.",
        processes=(start(SLEEPER),),
    )

    write_state(tmp_path, state)
    assert read_state(tmp_path) == state
    assert [path.name for path in tmp_path.iterdir()] == ["stack.json"]

    remove_state(tmp_path)
    remove_state(tmp_path)
    assert read_state(tmp_path) is None


def test_state_that_is_not_ours_is_an_error_that_says_what_to_do(run: Run, tmp_path: Path) -> None:
    (tmp_path / "stack.json").write_text('{"phase": "ready"}')

    ended = run("down", "--folder", str(tmp_path))

    assert ended.code == 1
    assert "stack.json must be the state of a stack, it is not" in ended.err
    assert (tmp_path / "stack.json").exists()


def test_down_of_nothing_says_so(run: Run, tmp_path: Path) -> None:
    ended = run("down")

    assert (ended.code, ended.out) == (0, f"nothing runs in {tmp_path / 'var' / 'stack'}\n")


def test_down_after_a_kill_ends_what_is_left_and_nothing_else(
    run: Run, start: Start, tmp_path: Path
) -> None:
    left, other = start(SLEEPER), start(SLEEPER)
    killed = msgspec.structs.replace(other, started="boot 1")  # its id is another's now
    write_state(tmp_path, StackState(phase="ready", supervisor=killed, processes=(left,)))

    ended = run("down", "--folder", str(tmp_path))

    assert ended.code == 0
    assert ended.out.endswith("was killed before; ended what was left of it: sleeper\n")
    assert not left.is_running
    assert other.is_running
    assert read_state(tmp_path) is None


def test_up_says_that_it_runs_already(run: Run, start: Start, tmp_path: Path) -> None:
    supervisor, kafka = start(SLEEPER), start(SLEEPER)
    state = StackState(
        phase="ready", supervisor=supervisor, bootstrap_servers="127.0.0.1:1", processes=(kafka,)
    )
    write_state(tmp_path, state)

    ended = run("up", "--folder", str(tmp_path))

    assert ended.code == 0
    assert ended.out.startswith(f"running already in {tmp_path} (process {supervisor.pid})\n")
    assert "bootstrap servers: 127.0.0.1:1\n" in ended.out


def test_up_fails_where_a_part_has_ended(run: Run, start: Start, tmp_path: Path) -> None:
    supervisor, learner = start(SLEEPER), start(SLEEPER)
    write_state(tmp_path, StackState(phase="ready", supervisor=supervisor, processes=(learner,)))
    end_processes([learner], grace_s=5.0)

    ended = run("up", "--folder", str(tmp_path))

    assert ended.code == 1
    assert "but sleeper has ended" in ended.err


def test_other_cluster_must_be_asked_for(run: Run) -> None:
    ended = run("up", "--bootstrap-servers", "127.0.0.1:1")

    assert ended.code == 2
    assert "--bootstrap-servers needs --external-kafka" in ended.err
