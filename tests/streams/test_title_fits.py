"""What is learned of titles goes from the learner's process to workers, and through its restart."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from cherryrec.catalogue import CatalogueConfig
from cherryrec.codec import encode
from cherryrec.events import Example
from cherryrec.pipeline import PipelineConfig
from cherryrec.snapshots import SERVING, STATE
from streams.config import KafkaConfig, StreamConfig
from streams.worker import StreamWorker
from tests.streams.agents.test_followed import Record
from tests.streams.test_learner_turns import rehearsed
from tests.unit.pipeline.sentence_world import Noted, reads_of_one_side, system_with

CORE = PipelineConfig(catalogue=CatalogueConfig(sentence_model="minilm", token_vectors="none"))


def examples() -> list[Example]:
    noted = Noted()
    reads_of_one_side(system_with("minilm", on_send=noted), n_users=4)
    return noted


def worker_in(folder: Path) -> StreamWorker:
    return StreamWorker(
        KafkaConfig(bootstrap_servers="127.0.0.1:1", prefix="unit."),
        StreamConfig(data_dir=folder),
        CORE,
        store="memory://",
    )


def test_a_worker_ranks_by_what_the_learner_learned_and_a_restart_goes_on(tmp_path: Path) -> None:
    first, again = rehearsed(core=CORE), rehearsed(core=CORE)
    worker = worker_in(tmp_path)

    for offset, example in enumerate(examples()):
        assert first.learner.learn(example, partition=0, offset=offset)
    again.log.models = {STATE: first.learner.snapshot(STATE)}
    asyncio.run(again._take_over(again.log))
    worker.followed.model(Record(encode(first.learner.snapshot(SERVING)), key=SERVING.encode()))

    assert again.learner.fit.n_learned == first.learner.fit.n_learned == 4
    assert worker.pipeline.models.fits.fit.weights.any()


@pytest.mark.parametrize(("learns", "said"), [("minilm", 0), ("e5", 1), ("none", 1)])
def test_another_sentence_model_of_the_learner_is_told_once(
    learns: str, said: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    worker = worker_in(tmp_path)
    learner = system_with(learns).learner

    for _ in range(3):
        snapshot = learner.snapshot(SERVING)
        worker.followed.model(Record(encode(snapshot), key=SERVING.encode()))

    told = [one.getMessage() for one in caplog.records if "sentence model" in one.getMessage()]
    assert len(told) == said
    assert all(f"{learns!r}, and this worker has 'minilm'" in one for one in told)
