"""The learner's process: killed between its snapshots, it ends where one never killed ends."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from cherryrec.codec import decode, unpack
from cherryrec.events import Example, FeedbackTick, ModelSnapshot, instant
from cherryrec.pipeline import Send
from cherryrec.snapshots import SERVING, STATE
from cherryrec.topics import topic_named
from tests.integration.system import System
from tests.worlds import START_S, click, impression, offsets, pipeline_of, request

pytestmark = pytest.mark.timeout(180)

N_EXAMPLES = 120
ENVIRONMENT = {"CHERRYREC_LEARNER_STATE_EVERY_S": "30", "CHERRYREC_LEARNER_SERVING_EVERY_S": "0.1"}
"""States are far apart: a learner publishes one with its first examples and one at its end."""


@pytest.fixture(scope="module")
def examples() -> list[Example]:
    """Slates of six of eight articles, a click on the one of the lowest number."""
    pipeline = pipeline_of(8)
    at = offsets()
    rng = np.random.default_rng(7)
    sends: list[Send] = []
    for k in range(N_EXAMPLES):
        time_s, user = START_S + k, f"u{k}"
        shown = [f"a{j}" for j in rng.permutation(8)[:6]]
        asked = request(f"r{k}", time_s, user_id=user, candidates=shown)
        pipeline.request(at(), asked, clock_s=0.0)
        seen = impression(f"i{k}", shown, time_s, user_id=user, request_id=f"r{k}")
        sends += pipeline.impression(at(), seen).sends
        clicked = click(min(shown), time_s, user_id=user, impression_id=f"i{k}")
        sends += pipeline.click(at(), clicked).sends
    tick = FeedbackTick(partition=0, time=instant(START_S + 1e6))
    sends += pipeline.tick(tick).sends
    made = [send.event for send in sends if isinstance(send.event, Example)]
    assert len(made) == N_EXAMPLES
    return made


@pytest.fixture
def systems(kafka: str, prefix: str, tmp_path: Path) -> Iterator[tuple[System, System]]:
    names = ("killed", "whole")
    both = [System(kafka, f"{prefix}{one}.", tmp_path / one, ENVIRONMENT) for one in names]
    yield both[0], both[1]
    for system in both:
        system.stop()


def send(system: System, examples: list[Example]) -> None:
    system.send("examples", "u", *examples)


def snapshots(system: System) -> dict[str, ModelSnapshot]:
    """The newest of each name."""
    newest = {record.key.decode(): record.value for record in system.records("models")}
    limit = topic_named("models").max_message_bytes
    return {name: decode(ModelSnapshot, raw, max_bytes=limit) for name, raw in newest.items()}


def n_learned(system: System, name: str) -> int:
    snapshot = snapshots(system).get(name)
    return 0 if snapshot is None else snapshot.n_examples


@pytest.mark.slow
def test_killed_learner_ends_with_the_model_of_one_never_killed(
    systems: tuple[System, System], examples: list[Example]
) -> None:
    killed, whole = systems
    learners = [system.start("learner") for system in systems]
    again = [*examples[:10], *examples[40:60]]  # what workers send again after crashes

    for system in systems:
        send(system, examples[:50])
    killed.wait_until(lambda: n_learned(killed, STATE) > 0)
    for system in systems:
        send(system, examples[50:90])
    killed.wait_until(lambda: n_learned(killed, SERVING) == 90)
    n_saved = n_learned(killed, STATE)
    learners[0].kill()
    for system in systems:
        send(system, [*again, *examples[90:]])
    learners[0] = killed.start("learner")
    for system in systems:
        system.wait_until(
            lambda one=system: n_learned(one, SERVING) == N_EXAMPLES,  # type: ignore[misc]
            every_s=0.2,
        )
    codes = [learner.stop() for learner in learners]

    assert codes == [0, 0]
    assert 0 < n_saved < 90
    ours, theirs = snapshots(killed), snapshots(whole)
    for name in (SERVING, STATE):
        assert ours[name].n_examples == theirs[name].n_examples == N_EXAMPLES
        assert ours[name].applied == theirs[name].applied
        assert ours[name].arrays.keys() == theirs[name].arrays.keys()
        for array, packed in theirs[name].arrays.items():
            np.testing.assert_array_equal(
                unpack(ours[name].arrays[array]), unpack(packed), err_msg=f"{name} {array}"
            )
    versions = [decode(ModelSnapshot, r.value, max_bytes=1 << 24) for r in killed.records("models")]
    served = [one.version for one in versions if one.model == SERVING]
    assert served == sorted(set(served)), "every snapshot is a new version"


@pytest.mark.slow
def test_learner_that_slept_past_its_session_ends_before_it_publishes_again(
    systems: tuple[System, System], examples: list[Example]
) -> None:
    system, _ = systems
    sleeper = system.start("learner", "sleeper")
    send(system, examples[:50])
    system.wait_until(lambda: n_learned(system, SERVING) == 50)

    sleeper.process.send_signal(signal.SIGSTOP)
    send(system, examples[50:])
    system.start("learner", "other")
    system.wait_until(lambda: n_learned(system, SERVING) == N_EXAMPLES, every_s=0.2)
    n_published = len(system.records("models"))
    sleeper.process.send_signal(signal.SIGCONT)

    assert sleeper.process.wait(10) == 70
    assert len(system.records("models")) == n_published
