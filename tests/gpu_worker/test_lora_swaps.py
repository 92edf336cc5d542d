"""Published weights are put on between batches; no request is lost or judged by two of them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from cherryrec.events import EvaluationRequest
from gpu_worker.backends import LetterScores, ScriptedBackend
from gpu_worker.config import GpuConfig
from gpu_worker.counts import WorkerState
from gpu_worker.evaluator import Evaluator
from gpu_worker.lora import LoraWeights
from gpu_worker.lora_swaps import LoraSwaps
from tests.gpu_worker.lora_folder import published, write_folder

Ask = Callable[..., EvaluationRequest]


@dataclass
class Record:
    value: bytes | None
    key: bytes | None = b"scripted"


class Desk:
    """An evaluator and its backend under a topic of weights."""

    def __init__(self, *, lora_path: str = "", max_batch_size: int = 1) -> None:
        self.backend = ScriptedBackend()
        self.state = WorkerState(model=self.backend.version)
        self.swaps = LoraSwaps(self.backend, lora_path=lora_path, state=self.state)
        self.evaluator = Evaluator[int](
            self.backend,
            config=GpuConfig(max_batch_size=max_batch_size, max_wait_s=0.0),
            clock=lambda: 0.0,
        )

    def publish(self, *values: bytes | None) -> None:
        self.swaps.follow([Record(value) for value in values])


@pytest.fixture
def one(tmp_path: Path) -> LoraWeights:
    return write_folder(tmp_path / "one", weights=b"one")


@pytest.fixture
def two(tmp_path: Path) -> LoraWeights:
    return write_folder(tmp_path / "two", weights=b"two")


def test_the_newest_weights_are_put_on_and_an_older_folder_rolls_back(
    one: LoraWeights, two: LoraWeights
) -> None:
    desk = Desk()

    desk.publish(published(one), published(two))
    assert desk.state.model == f"scripted/1+lora:{two.fingerprint}"
    desk.publish(published(one))
    assert desk.state.model == f"scripted/1+lora:{one.fingerprint}"
    desk.publish(None)

    assert desk.state.model == desk.backend.version == "scripted/1"
    assert (desk.state.lora_swaps, desk.state.lora_refusals) == (3, 0)


def test_a_tombstone_goes_back_to_the_weights_of_the_settings(
    one: LoraWeights, two: LoraWeights
) -> None:
    desk = Desk(lora_path=one.path)
    desk.publish(published(two))

    desk.publish(None)

    assert desk.backend.version == f"scripted/1+lora:{one.fingerprint}"


def test_weights_of_other_models_are_not_looked_at(one: LoraWeights) -> None:
    desk = Desk()

    desk.swaps.follow([Record(published(one), key=b"Qwen2-7B"), Record(None, key=b"Qwen2-7B")])

    assert (desk.state.lora_swaps, desk.state.lora_refusals) == (0, 0)
    assert desk.backend.version == "scripted/1"


def test_weights_that_cannot_be_used_keep_the_old_and_are_counted(
    one: LoraWeights, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    desk = Desk()
    desk.publish(published(one))

    desk.publish(published(one, path=str(tmp_path / "nowhere")))
    desk.publish(published(one, fingerprint="0" * 12))
    desk.publish(b'{"schema":1}')

    assert desk.backend.version == f"scripted/1+lora:{one.fingerprint}"
    assert (desk.state.lora_swaps, desk.state.lora_refusals) == (1, 3)
    assert f"are not used, scripted/1+lora:{one.fingerprint} goes on: " in caplog.text
    assert "must be a folder with adapter_config.json" in caplog.text
    assert "must have fingerprint '000000000000' as they were published" in caplog.text


def test_publishing_what_is_served_is_no_swap(one: LoraWeights) -> None:
    desk = Desk()

    desk.publish(published(one))
    desk.publish(published(one))

    assert desk.state.lora_swaps == 1


def test_a_backend_without_weights_goes_on(
    one: LoraWeights, caplog: pytest.LogCaptureFixture
) -> None:
    class Fixed:
        name = version = "fixed"
        batch_size = 1

        def cut(self, title: str) -> str:
            return title

        def n_tokens(self, prompt: object) -> int:
            return 1

        def evaluate(self, prompts: object) -> list[LetterScores | Exception]:
            return []

    state = WorkerState()
    caplog.set_level(logging.INFO)

    LoraSwaps(Fixed(), lora_path="", state=state).follow([Record(published(one))])

    assert (state.lora_swaps, state.lora_refusals, caplog.text) == (0, 0, "")


def test_every_request_is_answered_by_the_weights_before_or_after(
    ask: Ask, one: LoraWeights
) -> None:
    desk = Desk(max_batch_size=2)
    for number in range(12):
        desk.evaluator.submit(ask(number), number, wall_s=0.0)

    answers = [answer for _ in range(3) for answer in desk.evaluator.run_due()]
    desk.publish(published(one))
    answers += desk.evaluator.run_all()

    models = [answer.evaluation.model for answer in answers]
    assert sorted(answer.source for answer in answers) == list(range(12))
    assert models == ["scripted/1"] * 6 + [f"scripted/1+lora:{one.fingerprint}"] * 6
    assert all(answer.evaluation.error is None for answer in answers)


def test_a_request_in_the_middle_is_judged_again_whole(ask: Ask, one: LoraWeights) -> None:
    desk = Desk()
    groups = desk.evaluator.submit(ask(0, n=50), 0, wall_s=0.0)
    groups += desk.evaluator.run_due() + desk.evaluator.run_due()
    assert groups == []

    desk.publish(published(one))
    (answer,) = desk.evaluator.run_all()

    texts = [batch[0].text for batch in desk.backend.batches]
    assert texts == [texts[0], texts[1], texts[2], texts[0], texts[1]]
    assert answer.evaluation.model == desk.backend.version
    assert len(answer.evaluation.evaluations) == 50


def test_scores_of_other_weights_are_not_taken_from_the_cache(ask: Ask, one: LoraWeights) -> None:
    desk = Desk()

    def answered() -> tuple[bool, str]:
        answers = desk.evaluator.submit(ask(1), 0, wall_s=0.0) + desk.evaluator.run_all()
        return answers[0].evaluation.cached, answers[0].evaluation.model

    first, again = answered(), answered()
    desk.publish(published(one))
    tuned = answered()
    desk.publish(None)
    back = answered()

    assert (first[0], again[0], tuned[0], back[0]) == (False, True, False, True)
    assert (tuned[1], back[1]) == (f"scripted/1+lora:{one.fingerprint}", "scripted/1")
