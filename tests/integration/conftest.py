"""One real Kafka for all integration tests; every test has topics of its own."""

from __future__ import annotations

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

_numbers = itertools.count()


@pytest.fixture(scope="session", autouse=True)
def interruptible() -> None:
    """Let SIGINT reach what tests start: a runner in the background hands it down as ignored."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Bootstrap servers of a broker that the project's launcher starts and ends.

    What the workers have compiled is compiled before: they start by the dozen, and are waited for.
    """
    warm_up_learner(PipelineConfig())
    folder: Path = tmp_path_factory.mktemp("kafka")
    with LocalKafka(fetch_kafka(cache_dir()), folder) as broker:
        yield broker.bootstrap_servers


@pytest.fixture
def prefix() -> str:
    """A prefix of topics and groups that no other test has."""
    return f"test-{next(_numbers)}."


@pytest.fixture
def topics(
    kafka: str, prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Topics]:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("CHERRYREC_")]:
        monkeypatch.delenv(name)
    yield Topics(kafka, prefix)
