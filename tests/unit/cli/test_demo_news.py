"""The readers of a demo outlive an outage of Kafka."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from kafka.errors import KafkaConnectionError, KafkaTimeoutError

from cherryrec.cli import demo_news, running
from cherryrec.cli.demo_news import DemoNews
from cherryrec.errors import BadMessage, ServiceError
from streams.config import KafkaConfig

NOW_S = 1_767_600_000.0


class Outages:
    """Sessions that fail one after the other, each as Kafka's clients do; the last one ends all."""

    def __init__(self, errors: list[Exception], ending: threading.Event) -> None:
        self.errors = errors
        self._ending = ending

    def __call__(self, kafka: KafkaConfig) -> Outages:
        return self

    def __enter__(self) -> Any:
        if self.errors:
            raise self.errors.pop(0)
        self._ending.set()
        return self

    def __exit__(self, *_: object) -> None:
        pass


def test_readers_come_back_after_every_kind_of_outage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    news = DemoNews(tmp_path / "log", n_users=5, n_impressions=10, seed=0, now_s=NOW_S)
    ending = threading.Event()
    outages = Outages(
        [
            KafkaConnectionError("refused"),
            KafkaTimeoutError("unable to bootstrap"),
            ServiceError("no answer"),
            BadMessage("no slate"),
            ConnectionResetError("reset"),
        ],
        ending,
    )
    monkeypatch.setattr(running, "open_session", outages)
    monkeypatch.setattr(demo_news, "PAUSE_S", 0.0)

    news.go_on(KafkaConfig(), ending)

    assert outages.errors == []
    assert "unable to bootstrap" in caplog.text
