"""`up` and `down` with real processes: all are ready, and all have ended, however it went."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.stack import ProcessState, StackState, end_processes, free_port, read_state

COMMAND = (sys.executable, "-m", "cherryrec.cli")
ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.timeout(400)


def cherryrec(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("CHERRYREC_")}
    cache = os.environ.get("CHERRYREC_CACHE_DIR")
    return subprocess.run(
        [*COMMAND, *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={
            **environment,
            **({"CHERRYREC_CACHE_DIR": cache} if cache else {}),
            # Not the one that everybody has: tests beside this one start gateways as well.
            "CHERRYREC_GATEWAY_PORT": str(free_port()),
        },
    )


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder for a stack, of which nothing is left running whatever the test does."""
    yield tmp_path / "stack"
    state = read_state(tmp_path / "stack")
    if state is not None:
        end_processes([state.supervisor, *state.processes], grace_s=30.0)


def up(folder: Path, *arguments: str) -> StackState:
    ended = cherryrec("up", "--no-llm", "--folder", str(folder), *arguments)
    assert ended.returncode == 0, ended.stderr
    state = read_state(folder)
    assert state is not None
    assert all(one.is_running for one in (state.supervisor, *state.processes))
    return state


@pytest.mark.slow
def test_up_with_a_page_serves_it(folder: Path) -> None:
    ended = cherryrec("up", "--no-llm", "--page", "--folder", str(folder))

    assert ended.returncode == 0, ended.stderr
    address = next(x for x in ended.stdout.splitlines() if x.startswith("the page: "))
    with urllib.request.urlopen(address.removeprefix("the page: ")) as answer:
        assert answer.status == 200
    ended = cherryrec("down", "--folder", str(folder))
    assert "gateway" in ended.stdout


@pytest.mark.slow
def test_up_with_a_demo_has_news_and_a_reader_to_be_played(folder: Path) -> None:
    ended = cherryrec("up", "--no-llm", "--demo", "--folder", str(folder))

    assert ended.returncode == 0, ended.stderr
    line = next(x for x in ended.stdout.splitlines() if x.startswith("the page: "))
    address = line.removeprefix("the page: ")
    with urllib.request.urlopen(f"{address}page/settings.json") as answer:
        assert json.loads(answer.read())["demo"] is True
    give_up = time.monotonic() + 120.0
    while not has_slates_and_clicks(address):
        assert time.monotonic() < give_up, "generated readers ask and open"
        time.sleep(0.5)
    body = json.dumps({"user_id": "player", "deadline_ms": 0}).encode()
    kind = {"Content-Type": "application/json"}
    asked = urllib.request.Request(f"{address}v1/recommendations", body, kind)
    with urllib.request.urlopen(asked) as answer:
        assert len(json.loads(answer.read())["slate"]) == 10
    assert cherryrec("down", "--folder", str(folder)).returncode == 0


def has_slates_and_clicks(address: str) -> bool:
    """Whether the page counts both, of the generated past or of readers who come after it."""
    with urllib.request.urlopen(f"{address}page/live/now") as events:
        events.readline()
        snapshot = json.loads(events.readline().removeprefix(b"data: "))
    per_s = {one["topic"]: one["per_s"] for one in snapshot["topics"]}
    return min(per_s["recommendations"], per_s["clicks"]) > 0.0


def wait_ended(processes: tuple[ProcessState, ...], *, within_s: float) -> None:
    give_up = time.monotonic() + within_s
    while left := [one.name for one in processes if one.is_running]:
        assert time.monotonic() < give_up, f"{left} still run"
        time.sleep(0.1)


@pytest.mark.slow
def test_all_is_ready_after_up_and_has_ended_after_down(folder: Path) -> None:
    state = up(folder)

    assert [one.name for one in state.processes] == ["kafka", "learner", "stream-0"]
    for one in state.processes[1:]:
        with urllib.request.urlopen(f"http://127.0.0.1:{one.http_port}/ready") as answer:
            assert answer.status == 200
    again = cherryrec("up", "--no-llm", "--folder", str(folder))
    assert again.stdout.startswith(f"running already in {folder}")
    where = ("--bootstrap-servers", state.bootstrap_servers)
    assert cherryrec("topics", "check", *where).returncode == 0

    ended = cherryrec("down", "--folder", str(folder))

    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("ended: supervisor, kafka, learner, stream-0; data and logs")
    assert not any(one.is_running for one in (state.supervisor, *state.processes))
    assert read_state(folder) is None


@pytest.mark.slow
def test_all_has_ended_after_the_supervisor_is_killed_and_down_clears_up(folder: Path) -> None:
    state = up(folder)

    os.kill(state.supervisor.pid, signal.SIGKILL)
    wait_ended((state.supervisor, *state.processes[:2]), within_s=60.0)
    ended = cherryrec("down", "--folder", str(folder))

    assert ended.returncode == 0, ended.stderr
    assert "was killed before" in ended.stdout
    assert not any(one.is_running for one in state.processes)
    assert read_state(folder) is None


@pytest.mark.parametrize("after_s", [0.0, 2.0])
def test_down_right_after_up_ends_what_is_starting(folder: Path, after_s: float) -> None:
    starting = subprocess.Popen(
        [*COMMAND, "up", "--no-llm", "--folder", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
    )
    give_up = time.monotonic() + 60.0
    while (state := read_state(folder)) is None:
        assert time.monotonic() < give_up
        time.sleep(0.02)
    assert state.phase == "starting"
    time.sleep(after_s)

    ended = cherryrec("down", "--folder", str(folder))
    said, _ = starting.communicate(timeout=60)

    assert (ended.returncode, ended.stdout[:7]) == (0, "ended: ")
    assert starting.returncode != 0
    assert "Traceback" not in said
    assert read_state(folder) is None
    left = subprocess.run(["pgrep", "-f", str(folder)], capture_output=True, text=True, check=False)
    assert left.stdout == ""


@pytest.mark.slow
def test_only_workers_are_started_on_another_cluster(folder: Path, kafka: str, prefix: str) -> None:
    cluster = ("--external-kafka", "--bootstrap-servers", kafka, "--prefix", prefix)
    state = up(folder, *cluster, "--workers", "2")

    assert [one.name for one in state.processes] == ["learner", "stream-0", "stream-1"]
    assert (state.bootstrap_servers, state.prefix) == (kafka, prefix)

    assert cherryrec("down", "--folder", str(folder)).returncode == 0
    assert not any(one.is_running for one in state.processes)


@pytest.mark.slow
def test_stack_that_does_not_come_up_says_why_and_leaves_nothing(folder: Path) -> None:
    ended = cherryrec(
        *("up", "--no-llm", "--folder", str(folder)),
        *("--external-kafka", "--bootstrap-servers", "127.0.0.1:1"),
    )

    assert ended.returncode == 1
    assert ended.stderr.startswith(
        "cherryrec: error: the stack did not come up: Kafka at 127.0.0.1:1 must answer, got "
    )
    assert read_state(folder) is None
