"""A learner that the group has passed over goes on from the newest state, and does not end.

The cause: loops compiled at the first examples stopped the heartbeats for longer than a session.
The commit after them was refused, the learner ended, and every later slate of a replay came from
the model of its first examples.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from aiokafka.errors import CommitFailedError
from aiokafka.structs import ConsumerRecord, TopicPartition

from cherryrec.codec import decode, encode
from cherryrec.events import ModelSnapshot
from cherryrec.learner import Learner
from cherryrec.pipeline import PipelineConfig
from cherryrec.snapshots import SERVING, STATE
from cherryrec.topics import topic_named
from streams.config import KafkaConfig, LearnerProcessConfig
from streams.engine import Reading
from streams.learner import LearnerProcess
from streams.turns import Turns
from tests.unit.test_learner import example

N = 12


class FakeLog:
    """`examples` and `models`, and the group's word on who reads."""

    def __init__(self, turns: Turns, place: TopicPartition) -> None:
        self.turns, self.place = turns, place
        self.values = [encode(example(number)) for number in range(N)]
        self.models: dict[str, ModelSnapshot] = {}
        self.served: list[ModelSnapshot] = []
        self.at, self.committed = 0, 0
        self.refused: list[int] = []
        self.to_refuse = 0
        self.n_takes = 0

    async def getmany(self, **_: Any) -> dict[TopicPartition, list[ConsumerRecord]]:
        await asyncio.sleep(0)
        offsets = range(self.at, min(self.at + 3, N))
        self.at = offsets.stop
        return {self.place: [self._record(offset) for offset in offsets]} if offsets else {}

    async def seek_to_beginning(self, _: TopicPartition) -> None:
        self.at = 0

    def seek(self, _: TopicPartition, offset: int) -> None:
        self.at = offset

    async def position(self, _: TopicPartition) -> int:
        return self.at

    def highwater(self, _: TopicPartition) -> int:
        return N

    async def end_offsets(self, _: list[TopicPartition]) -> dict[TopicPartition, int]:
        return {self.place: N}

    async def commit(self, offsets: dict[TopicPartition, int]) -> None:
        if self.to_refuse:
            self.to_refuse -= 1
            self.refused.append(offsets[self.place])
            self.regain()
            raise CommitFailedError
        self.committed = offsets[self.place]

    async def send_and_wait(self, _: str, value: bytes, key: bytes) -> None:
        limit = topic_named("models").max_message_bytes
        snapshot = decode(ModelSnapshot, value, max_bytes=limit)
        self.models[key.decode()] = snapshot
        if key.decode() == SERVING:
            self.served.append(snapshot)

    def regain(self) -> None:
        """Take the partition away and give it back, as if nothing had been."""
        self.turns.on_partitions_revoked([self.place])
        self.turns.on_partitions_assigned([self.place])
        self.at = self.committed

    def _record(self, offset: int) -> ConsumerRecord:
        value = self.values[offset]
        return ConsumerRecord("examples", 0, offset, 0, 0, b"u", value, None, 1, len(value), ())


class RehearsedLearner(LearnerProcess):
    """A learner on a fake log."""

    log: FakeLog

    async def _newest_snapshots(self) -> dict[str, ModelSnapshot]:
        self.log.n_takes += 1
        return dict(self.log.models)


class PlainReading(Reading):
    """Takes what the log gives."""

    async def fetch(self, consumer: Any, *_: Any, **rest: Any) -> Any:
        return await consumer.getmany(**rest)


def rehearsed(
    *, state_every_s: float = 1e-6, core: PipelineConfig | None = None
) -> RehearsedLearner:
    process = LearnerProcessConfig(serving_every_s=1e-6, state_every_s=state_every_s)
    learner = RehearsedLearner(KafkaConfig(), process, core or PipelineConfig())
    learner.reading = PlainReading()
    learner.log = FakeLog(learner._turns, learner._place)
    learner._turns.on_partitions_assigned([learner._place])
    return learner


def run(learner: RehearsedLearner) -> None:
    """Learn until all is learned and published."""

    async def learn() -> None:
        task = asyncio.create_task(learner._learn(learner.log, learner.log))
        while not learner.log.served or learner.log.served[-1].n_examples < N:
            await asyncio.sleep(0)
        learner._stopping.set()
        await task

    asyncio.run(asyncio.wait_for(learn(), 20.0))


def plain() -> Learner:
    core = PipelineConfig()
    learner = Learner(core.knrs, core.vans)
    for number in range(N):
        learner.learn(example(number), partition=0, offset=number)
    return learner


def test_refused_commit_does_not_end_the_learner(caplog: pytest.LogCaptureFixture) -> None:
    learner = rehearsed()
    learner.log.to_refuse = 1

    with caplog.at_level(logging.WARNING, logger="streams.learner"):
        run(learner)

    assert learner.log.refused
    assert learner.log.n_takes == 2
    assert "gave its partition away" in caplog.text
    assert learner.log.models[STATE].n_examples == N
    assert learner.log.models[STATE].arrays == plain().snapshot(STATE).arrays


def test_partition_given_back_between_two_looks_is_taken_over_again() -> None:
    learner = rehearsed(state_every_s=3_600.0)
    log = learner.log
    getmany, n_calls = log.getmany, 0

    async def getmany_in_a_rebalance(**rest: Any) -> dict[TopicPartition, list[ConsumerRecord]]:
        nonlocal n_calls
        n_calls += 1
        records = await getmany(**rest)
        if n_calls == 2:
            log.regain()
        return records

    log.getmany = getmany_in_a_rebalance  # type: ignore[method-assign]
    run(learner)

    assert log.n_takes == 2
    assert log.models[STATE].arrays == plain().snapshot(STATE).arrays


def test_workers_never_get_a_model_of_fewer_examples_after_a_take_over() -> None:
    learner = rehearsed(state_every_s=3_600.0)
    log = learner.log
    getmany, n_calls = log.getmany, 0

    async def getmany_and_lose_once(**rest: Any) -> dict[TopicPartition, list[ConsumerRecord]]:
        nonlocal n_calls
        n_calls += 1
        if n_calls == 3:
            log.regain()
            return {}
        return await getmany(**rest)

    log.getmany = getmany_and_lose_once  # type: ignore[method-assign]
    run(learner)

    learned = [snapshot.n_examples for snapshot in log.served]
    assert learned == sorted(learned)
    versions = [snapshot.version for snapshot in log.served]
    assert versions == sorted(set(versions))
