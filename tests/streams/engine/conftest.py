"""Apps without a broker, and their consumers' loops closed after the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from faust.types import TP

from streams.engine import EngineSettings, create_faust_app

BuildApp = Callable[[EngineSettings], Any]


@pytest.fixture
def settings(tmp_path: Path) -> EngineSettings:
    return EngineSettings(
        group="unit",
        bootstrap_servers="127.0.0.1:1",
        data_dir=tmp_path / "tables",
        partitions=4,
        store="memory://",
    )


@pytest.fixture
def build_app() -> Iterator[BuildApp]:
    built: list[Any] = []

    def build(settings: EngineSettings) -> Any:
        app: Any = create_faust_app(settings)
        app.finalize()
        built.append(app)
        return app

    yield build
    for app in built:
        thread = getattr(app._consumer, "_thread", None)
        if thread is not None:
            thread.thread_loop.close()


@pytest.fixture
def app(build_app: BuildApp, settings: EngineSettings) -> Any:
    return build_app(settings)


@pytest.fixture
def source() -> TP:
    return TP("source", 1)
