"""LoRA weights published while a gpu worker answers: nothing lost, each answer names its own."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cherryrec.events import Evaluation
from tests.gpu_worker.lora_folder import published, write_folder
from tests.integration.gpu_world import World, wait_until

pytestmark = pytest.mark.timeout(180)

SLOW = {"batch_s": 0.02, "config": {"max_batch_size": 2}}


@pytest.fixture
def world(kafka: str, prefix: str, tmp_path: Path) -> Iterator[World]:
    world = World(kafka, prefix, tmp_path)
    yield world
    world.end_all()


def models(answers: dict[str, list[Evaluation]]) -> set[str]:
    assert all(one.error is None for several in answers.values() for one in several)
    assert {len(several) for several in answers.values()} == {1}
    return {several[0].model for several in answers.values()}


def metric(world: World, number: int, name: str) -> float:
    found = re.search(rf"^{name} (\S+)$", world.get(number, "/metrics") or "", re.MULTILINE)
    return float(found[1]) if found else -1.0


def test_weights_swapped_in_mid_stream_lose_no_request(world: World, tmp_path: Path) -> None:
    weights = write_folder(tmp_path / "lora")
    worker = world.start(**SLOW)
    world.send(0, 200)
    log = world.workers[worker][2]
    wait_until(lambda: len(world.evaluations()) > 10, log)

    world.publish(b"scripted", published(weights))
    wait_until(lambda: metric(world, worker, "cherryrec_gpu_lora_swaps_total") == 1, log)
    world.send(200, 300)
    answers = world.wait_for(300)

    tuned = f"scripted/1+lora:{weights.fingerprint}"
    assert models(answers) == {"scripted/1", tuned}
    assert all(answers[f"r{number}"][0].model == tuned for number in range(200, 300))
    wait_until(world.is_all_committed, log)


def test_bad_weights_change_nothing_and_a_tombstone_goes_back(world: World, tmp_path: Path) -> None:
    weights = write_folder(tmp_path / "lora")
    worker = world.start()
    log = world.workers[worker][2]
    world.publish(b"scripted", published(weights))
    wait_until(lambda: metric(world, worker, "cherryrec_gpu_lora_swaps_total") == 1, log)

    world.publish(b"scripted", published(weights, path="/nowhere"))
    wait_until(lambda: metric(world, worker, "cherryrec_gpu_lora_refusals_total") == 1, log)
    world.send(0, 20)
    assert models(world.wait_for(20)) == {f"scripted/1+lora:{weights.fingerprint}"}

    world.publish(b"scripted", None)
    wait_until(lambda: metric(world, worker, "cherryrec_gpu_lora_swaps_total") == 2, log)
    world.send(20, 40)
    answers = world.wait_for(40)
    assert {answers[f"r{number}"][0].model for number in range(20, 40)} == {"scripted/1"}


def test_a_worker_that_starts_serves_with_what_is_published(world: World, tmp_path: Path) -> None:
    weights = [write_folder(tmp_path / text, weights=text.encode()) for text in ("old", "new")]
    for each in weights:
        world.publish(b"scripted", published(each))
    world.publish(b"Qwen2-7B", published(write_folder(tmp_path / "other", base="Qwen2-7B")))
    time.sleep(0.2)

    world.start()
    world.send(0, 20)

    assert models(world.wait_for(20)) == {f"scripted/1+lora:{weights[1].fingerprint}"}


def test_a_worker_without_the_topic_serves_and_says_what_to_do(
    kafka: str, prefix: str, tmp_path: Path
) -> None:
    world = World(kafka, prefix, tmp_path, has_weights=False)
    try:
        worker = world.start()
        world.send(0, 20)

        assert models(world.wait_for(20)) == {"scripted/1"}
        log = world.workers[worker][2].read_text()
        assert "lora-weights' is not there, LoRA weights cannot be swapped: run" in log
    finally:
        world.end_all()
