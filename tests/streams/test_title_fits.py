"""What is learned of titles goes from the learner's process to workers, and through its restart."""

from __future__ import annotations

import asyncio
from pathlib import Path

from cherryrec.catalogue import CatalogueConfig
from cherryrec.codec import encode
from cherryrec.events import Example
from cherryrec.pipeline import PipelineConfig, Send
from cherryrec.snapshots import SERVING, STATE
from streams.config import KafkaConfig, StreamConfig
from streams.worker import StreamWorker
from tests.streams.agents.test_followed import Record
from tests.streams.test_learner_turns import rehearsed
from tests.unit.pipeline.test_sentence_models import reads_of_one_side, system_with

CORE = PipelineConfig(catalogue=CatalogueConfig(sentence_model="minilm", token_vectors="none"))


def examples() -> list[Example]:
    noted: list[Example] = []

    def note(send: Send) -> None:
        if isinstance(send.event, Example):
            noted.append(send.event)

    reads_of_one_side(system_with("minilm", on_send=note), n_users=4)
    return noted


def test_a_worker_ranks_by_what_the_learner_learned_and_a_restart_goes_on(tmp_path: Path) -> None:
    first, again = rehearsed(core=CORE), rehearsed(core=CORE)
    worker = StreamWorker(
        KafkaConfig(bootstrap_servers="127.0.0.1:1", prefix="unit."),
        StreamConfig(data_dir=tmp_path),
        CORE,
        store="memory://",
    )

    for offset, example in enumerate(examples()):
        assert first.learner.learn(example, partition=0, offset=offset)
    again.log.models = {STATE: first.learner.snapshot(STATE)}
    asyncio.run(again._take_over(again.log))
    worker.followed.model(Record(encode(first.learner.snapshot(SERVING)), key=SERVING.encode()))

    assert again.learner.fit.n_learned == first.learner.fit.n_learned == 4
    assert worker.pipeline.models.fits.fit.weights.any()
