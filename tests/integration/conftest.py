"""One real Kafka for all integration tests, in however many processes they run.

Every test has topics of its own.
"""

from __future__ import annotations

import fcntl
import itertools
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from cherryrec.cli.options import cache_dir
from cherryrec.pipeline import PipelineConfig
from streams.broker import LocalKafka, fetch_kafka
from streams.warm_up import warm_up_learner
from tests.integration.own_topics import Topics
from tests.parallel import process_name, shared_servers

_numbers = itertools.count()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs Kafka, which is all in this folder."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.kafka)


@pytest.fixture(scope="session", autouse=True)
def interruptible() -> None:
    """Let SIGINT reach what tests start: a runner in the background hands it down as ignored."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def kafka(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Bootstrap servers of a broker that the project's launcher starts and ends.

    What the workers have compiled is compiled before: they start by the dozen, and are waited for.
    """
    folder: Path = tmp_path_factory.mktemp("kafka")
    if (servers := shared_servers(pytestconfig)) is not None:
        _compile_once(tmp_path_factory.getbasetemp().parent / "compiled")
        yield servers
        return
    warm_up_learner(PipelineConfig())
    with LocalKafka(fetch_kafka(cache_dir()), folder) as broker:
        yield broker.bootstrap_servers


def _compile_once(done: Path) -> None:
    """Compile in the first process that comes here; the others wait and read what it kept."""
    with done.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            warm_up_learner(PipelineConfig())
            done.touch()


@pytest.fixture
def prefix() -> str:
    """A prefix of topics and groups that no other test has."""
    return f"test-{process_name()}-{next(_numbers)}."


@pytest.fixture
def topics(
    kafka: str, prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Topics]:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("CHERRYREC_")]:
        monkeypatch.delenv(name)
    yield Topics(kafka, prefix)
