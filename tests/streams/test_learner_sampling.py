"""A learner that is behind learns a share of the examples, says so, and goes on where it stood."""

from __future__ import annotations

import asyncio
import logging

import pytest

from cherryrec.pipeline import PipelineConfig
from cherryrec.snapshots import SERVING, STATE
from streams.config import KafkaConfig, LearnerProcessConfig
from streams.learner import LearnerProcess
from tests.streams.test_learner_turns import FakeLog, N, PlainReading, RehearsedLearner


def rehearsed(beyond: int) -> RehearsedLearner:
    process = LearnerProcessConfig(serving_every_s=1e-6, state_every_s=1e-6, sample_beyond=beyond)
    learner = RehearsedLearner(KafkaConfig(), process, PipelineConfig())
    learner.reading = PlainReading()
    learner.log = FakeLog(learner._turns, learner._place)
    learner._turns.on_partitions_assigned([learner._place])
    return learner


def run(learner: RehearsedLearner) -> None:
    """Learn until all that is stored is behind the learner, and published."""

    async def learn() -> None:
        task = asyncio.create_task(learner._learn(learner.log, learner.log))
        while learner.learner.applied.get("0", -1) < N - 1:
            await asyncio.sleep(0)
        learner._stopping.set()
        await task

    asyncio.run(asyncio.wait_for(learn(), 20.0))


def counted(learner: LearnerProcess, outcome: str) -> int:
    labels = {"topic": "examples", "outcome": outcome}
    value = learner.metrics.registry.get_sample_value("cherryrec_events_total", labels)
    return int(value or 0)


def test_what_is_learned_and_left_out_is_all_that_came(caplog: pytest.LogCaptureFixture) -> None:
    learner = rehearsed(4)

    with caplog.at_level(logging.WARNING, logger="streams.sampled_examples"):
        run(learner)

    n_learned, n_left_out = counted(learner, "applied"), counted(learner, "left_out")
    assert n_learned + n_left_out == N
    assert n_left_out > 0
    assert learner.learner.n_examples == n_learned
    lines = [one.getMessage() for one in caplog.records]
    assert "11 examples wait, more than learner.sample_beyond (4)" in lines[0]
    assert lines[1] == f"all examples are learned again, {n_left_out} were left out meanwhile"
    assert learner.metrics.registry.get_sample_value("cherryrec_learned_share") == 1.0
    assert learner.metrics.registry.get_sample_value("cherryrec_examples_waiting") == 0.0


def test_one_that_was_left_out_is_behind_the_state_that_is_published() -> None:
    learner = rehearsed(4)

    run(learner)

    log = learner.log
    assert log.models[SERVING].applied == {"0": N - 1}
    assert log.models[STATE].applied == {"0": N - 1}
    assert log.committed == N


def test_with_0_all_are_learned_however_many_wait() -> None:
    learner = rehearsed(0)

    run(learner)

    assert counted(learner, "applied") == N
    assert counted(learner, "left_out") == 0
