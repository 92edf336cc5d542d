"""`cherryrec demo` ends by itself or by Ctrl-C, and leaves nothing behind either way."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cherryrec.cli.options import cache_dir
from streams.broker import fetch_kafka
from streams.stack import free_port

pytestmark = pytest.mark.timeout(300)

WAIT_S = 180.0
DEMO = ("demo", "--no-llm", "--impressions", "100", "--users", "30")

End = Callable[[subprocess.Popen[str]], None]


class Demo:
    """One demo in a session of its own, with a temporary folder of its own."""

    def __init__(self, folder: Path, *options: str) -> None:
        fetch_kafka(cache_dir())
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        self.report = folder / "report"
        self.log = folder / "demo.log"
        with self.log.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "cherryrec.cli", *DEMO, *options, "--report", self.report],
                stdout=output,
                stderr=subprocess.STDOUT,
                env={
                    **os.environ,
                    "TMPDIR": str(self.temporary),
                    "PYTHONUNBUFFERED": "1",
                    "CHERRYREC_GATEWAY_PORT": str(free_port()),
                },
                text=True,
                start_new_session=True,
            )

    def printed(self) -> str:
        return self.log.read_text()

    def running(self) -> list[str]:
        """Command lines and folders of every process that has to do with the demo's folder."""
        mark = str(self.temporary).encode()
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                command = (process / "cmdline").read_bytes()
                environment = (process / "environ").read_bytes()
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                continue
            if (mark in command or mark in environment) and process.name != str(os.getpid()):
                found.append(command.replace(b"\0", b" ").decode(errors="replace"))
        return found

    def wait_until(self, is_so: Callable[[], bool]) -> None:
        give_up_s = time.monotonic() + WAIT_S
        while not is_so():
            assert self.process.poll() is None, f"the demo has ended: {self.printed()}"
            assert time.monotonic() < give_up_s, self.printed()
            time.sleep(0.02)


@pytest.fixture
def demo(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Demo]:
    demo = Demo(tmp_path, *getattr(request, "param", ()))
    yield demo
    if demo.process.poll() is None:
        demo.process.kill()
        demo.process.wait()


def to_group(process: subprocess.Popen[str]) -> None:
    """Press Ctrl-C: the terminal signals the whole foreground group."""
    os.killpg(process.pid, signal.SIGINT)


def to_process(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGINT)


def is_kafka_starting(demo: Demo) -> bool:
    return any("kafka.Kafka" in command for command in demo.running())


def is_replaying(demo: Demo) -> bool:
    return "ready after" in demo.printed()


@pytest.mark.slow
def test_demo_ends_by_itself_with_a_report(demo: Demo) -> None:
    code = demo.process.wait(WAIT_S)

    assert code == 0, demo.printed()
    assert "CherryRec" in (demo.report / "report.md").read_text()
    assert json.loads((demo.report / "report.json").read_text())["counts"]["impressions"] == 100
    assert "everything stopped after" in demo.printed()
    assert demo.running() == []
    assert list(demo.temporary.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("end", [to_group, to_process])
@pytest.mark.parametrize(
    ("demo", "moment"),
    [((), is_kafka_starting), (("--impressions", "600"), is_replaying)],
    indirect=["demo"],
)
def test_interrupted_demo_leaves_nothing(
    demo: Demo, moment: Callable[[Demo], bool], end: End
) -> None:
    demo.wait_until(lambda: moment(demo))

    end(demo.process)
    code = demo.process.wait(WAIT_S)

    assert code == 130, demo.printed()
    assert demo.running() == []
    assert list(demo.temporary.iterdir()) == []
    assert not (cache_dir() / "kafka.lock").exists() or is_free(cache_dir() / "kafka.lock")


@pytest.mark.slow
@pytest.mark.parametrize("demo", [("--stay",)], indirect=["demo"])
def test_a_demo_that_stays_shows_its_page_until_it_is_interrupted(demo: Demo) -> None:
    demo.wait_until(lambda: "Ctrl-C ends everything" in demo.printed())
    found = re.search(r"the page: (http://127\.0\.0\.1:\d+/)", demo.printed())
    assert found is not None
    with urllib.request.urlopen(f"{found[1]}page/settings.json") as answer:
        assert json.loads(answer.read())["demo"] is True
    with urllib.request.urlopen(found[1]) as answer:
        assert b"CherryRec" in answer.read()

    def has_readers() -> bool:
        with urllib.request.urlopen(f"{found[1]}page/live/now") as events:
            assert events.readline() == b"event: snapshot\n"
            snapshot = json.loads(events.readline().removeprefix(b"data: "))
        return any(one["topic"] == "clicks" and one["per_s"] > 0 for one in snapshot["topics"])

    demo.wait_until(has_readers)
    to_group(demo.process)
    code = demo.process.wait(WAIT_S)

    assert code == 0, demo.printed()
    assert demo.running() == []
    assert list(demo.temporary.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("demo", [("--page", "--impressions", "1000")], indirect=["demo"])
def test_a_demo_with_its_page_shows_the_log_as_it_comes_in(demo: Demo) -> None:
    demo.wait_until(lambda: "the page: " in demo.printed())
    found = re.search(r"the page: (http://127\.0\.0\.1:\d+/)", demo.printed())
    assert found is not None

    def n_read() -> int:
        with urllib.request.urlopen(f"{found[1]}page/live/now") as events:
            events.readline()
            snapshot = json.loads(events.readline().removeprefix(b"data: "))
        assert snapshot["kafka_error"] == ""
        return int(snapshot["n_read"])

    demo.wait_until(lambda: n_read() > 100)
    assert "report: " not in demo.printed()
    to_group(demo.process)
    code = demo.process.wait(WAIT_S)

    assert code == 130, demo.printed()
    assert demo.running() == []
    assert list(demo.temporary.iterdir()) == []


def is_free(lock: Path) -> bool:
    """Whether nobody holds a file lock."""
    import fcntl

    with lock.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
