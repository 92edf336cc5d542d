"""Tests in several processes: those that wait beside those that compute, one Kafka for all."""

from __future__ import annotations

import functools
import json
import os
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from cherryrec.cli.options import cache_dir
from cherryrec.errors import CherryRecError
from streams.broker import LocalKafka, fetch_kafka

ROOT = Path(__file__).resolve().parents[1]
WAITING = "tests/integration/"
"""Tests that mostly wait: for a broker, sessions that run out, processes that start."""


def process_name() -> str:
    """Name of this process among those that run the tests; `main` where it is the only one."""
    return os.environ.get("PYTEST_XDIST_WORKER", "main")


class Interleaved(LoadScopeScheduling):
    """Hands out the tests of a file together, and those that wait beside those that compute.

    The first process begins with what computes and the others with what waits, each goes on with
    what is left. A test of Kafka is handed out alone, unless its file builds something for all of
    its tests. Slow tests come first (`slow_first`), so that the processes end together.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::", maxsplit=1)[0]
        return nodeid if nodeid.startswith(WAITING) and not _shares_fixtures(file) else file

    def _assign_work_unit(self, node: Any) -> None:
        wants_waiting = node.gateway.id != "gw0"
        wanted = (one for one in self.workqueue if one.startswith(WAITING) == wants_waiting)
        if (scope := next(wanted, None)) is not None:
            self.workqueue.move_to_end(scope, last=False)
        super()._assign_work_unit(node)

    def _reschedule(self, node: Any) -> None:
        # A process starts a test when it has the next; what is more waits where it may be late.
        if not self.workqueue or self._pending_of(self.assigned_work[node]) <= 1:
            super()._reschedule(node)


def is_runner(config: pytest.Config) -> bool:
    """Whether this process is one of several that run tests."""
    return hasattr(config, "workerinput")


@functools.cache
def _shares_fixtures(file: str) -> bool:
    return 'scope="module"' in (ROOT / file).read_text()


def slow_first(items: list[pytest.Item]) -> None:
    """Sort tests in place, those marked slow first."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


class SharedKafka:
    """Plugin of the process that hands out the tests: a broker, when a test of one was found.

    It lives in that process and not in one that runs tests, as those may end before others.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._kafka: LocalKafka | None = None

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        node.workerinput["kafka"] = str(self._answer)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        if self._answer.exists() or not any(one.startswith(WAITING) for one in ids):
            return
        try:
            self._kafka = LocalKafka(fetch_kafka(cache_dir()), self.folder / "kafka")
            self._kafka.start()
        except CherryRecError as error:
            answer = {"error": str(error)}
        else:
            answer = {"servers": self._kafka.bootstrap_servers}
        self.folder.mkdir(parents=True, exist_ok=True)
        self._answer.write_text(json.dumps(answer))

    def pytest_unconfigure(self) -> None:
        if self._kafka is not None:
            self._kafka.stop()

    @property
    def _answer(self) -> Path:
        return self.folder / "kafka.json"


def shared_servers(config: pytest.Config) -> str | None:
    """Bootstrap servers of the broker that all processes use; None where there is one process.

    No test begins before every process has found its tests, and the broker is there by then.

    Raises
    ------
    pytest.fail.Exception
        It could not be started.
    """
    place = getattr(config, "workerinput", {}).get("kafka")
    if place is None:
        return None
    answer: dict[str, str] = json.loads(Path(place).read_text())
    if "error" in answer:
        pytest.fail(answer["error"], pytrace=False)
    return answer["servers"]
