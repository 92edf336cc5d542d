"""A learner that hangs in the middle of a replay is started again, and the replay carries."""

from __future__ import annotations

import re
import signal
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from cherryrec.cli.options import cache_dir
from cherryrec.cli.running import replay_kafka
from cherryrec.evaluation.generate import generate_log
from cherryrec.evaluation.mind import MindLog
from streams.config import KafkaConfig
from streams.replay import Session
from streams.stack import LocalStack, RestartPolicy, StackSettings

pytestmark = pytest.mark.timeout(180)

N = 120
ENVIRONMENT = {
    "CHERRYREC_FEEDBACK_ATTRIBUTION_WINDOW_S": "0",
    "CHERRYREC_FEEDBACK_CORRECTION_S": "0",
    "CHERRYREC_STREAM_TICK_S": "0",
    "CHERRYREC_LEARNER_SERVING_EVERY_S": "0.1",
}


class Stopper:
    """Stops the learner's process, as if it hung, before a third of a replay is done."""

    def __init__(self, stack: LocalStack) -> None:
        self.stack = stack
        self.n_steps = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass

    def step(self) -> None:
        self.n_steps += 1
        if self.n_steps == N // 3:
            assert self.stack.learner is not None, "it was started"
            self.stack.learner.process.send_signal(signal.SIGSTOP)


@pytest.mark.slow
def test_replay_waits_for_a_learner_that_hung_and_learns_every_example(
    kafka: str, prefix: str, tmp_path: Path
) -> None:
    generate_log(tmp_path / "log", n_users=20, n_articles=100, n_impressions=N, days=0.5, seed=5)
    notes: list[str] = []
    settings = StackSettings(
        folder=tmp_path / "stack",
        cache_dir=cache_dir(),
        kafka=KafkaConfig(bootstrap_servers=kafka, prefix=prefix),
        starts_kafka=False,
        environment=ENVIRONMENT,
        restarts=RestartPolicy(hung_s=3.0, wait_s=0.1),
    )

    with LocalStack(settings, note=notes.append) as stack:

        def beside(_: Session) -> Stopper:
            return Stopper(stack)

        done = replay_kafka(
            MindLog(tmp_path / "log"),
            stack.kafka,
            limit=None,
            seed=0,
            window=1,
            baselines=(),
            sidecar=beside,
            check=stack.check,
        )
        assert stack.keeper is not None
        restarts = stack.keeper.restarts

    assert restarts == {"learner": 1, "stream-0": 0}
    assert notes[0].startswith("learner has not answered /live for ")
    assert notes[-1] == "learner was started again, 1 time so far"
    found = re.match(r"examples learned: ([0-9]+) of ([0-9]+) labelled slates;", done.checks[0])
    assert found is not None, done.checks
    assert found[1] == found[2]
    assert int(found[1]) > 0.9 * N
