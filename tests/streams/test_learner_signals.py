"""What the learner tells its operator: a sudden rise of the error, a snapshot that is too large."""

from __future__ import annotations

import asyncio
import logging

import pytest
from aiokafka.structs import ConsumerRecord

from cherryrec.codec import encode
from cherryrec.errors import ConfigError
from cherryrec.pipeline import PipelineConfig
from cherryrec.topics import topic_named
from cherryrec.vans.drift import DriftMonitor
from streams.config import KafkaConfig, LearnerProcessConfig
from streams.learner import LearnerProcess, _fitting
from tests.unit.test_learner import example


class AlarmedBySecond(DriftMonitor):
    """Raises the alarm at the second impression."""

    def is_alarmed_by(self, error: float) -> bool:
        self.n_seen += 1
        self.n_alarms += self.n_seen == 2
        return self.n_seen == 2


def record(number: int) -> ConsumerRecord:
    value = encode(example(number))
    return ConsumerRecord("examples", 0, number, 0, 0, b"u", value, None, 1, len(value), ())


def test_a_drift_is_told_once_with_its_place(caplog: pytest.LogCaptureFixture) -> None:
    process = LearnerProcess(KafkaConfig(), LearnerProcessConfig(), PipelineConfig())
    process.learner.vans.drift = AlarmedBySecond(threshold=5.0)

    with caplog.at_level(logging.WARNING, logger="streams.learner"):
        for number in range(3):
            asyncio.run(process._one(record(number), producer=None))

    [line] = [one.getMessage() for one in caplog.records]
    assert "'e1' (offset 1)" in line
    assert "learns faster again" in line


def test_a_snapshot_that_fits_goes_on_and_a_larger_one_names_the_settings() -> None:
    most = topic_named("models").max_message_bytes

    assert _fitting("cherryrec-learner", b"x" * most) == b"x" * most
    with pytest.raises(ConfigError, match=r"16,777,216 bytes, got 16,777,217: lower vans\.boost"):
        _fitting("cherryrec-learner", b"x" * (most + 1))
