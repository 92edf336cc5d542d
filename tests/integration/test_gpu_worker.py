"""The gpu worker on a real Kafka: every request is answered, whoever dies in the middle."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka import KafkaConsumer

from cherryrec.codec import decode
from cherryrec.events import DeadLetter
from gpu_worker.reading import Reading
from gpu_worker.rebalance import Revocations, poll_or_rejoin
from tests.integration.gpu_world import ROOT, SCRIPT, WAIT_S, World, wait_until

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def world(kafka: str, prefix: str, tmp_path: Path) -> Iterator[World]:
    world = World(kafka, prefix, tmp_path)
    yield world
    world.end_all()


def test_every_request_is_answered_and_then_committed(world: World) -> None:
    worker = world.start()
    world.send(0, 200)

    answers = world.wait_for(200)

    assert {len(one) for one in answers.values()} == {1}
    for number in (0, 199):
        (evaluation,) = answers[f"r{number}"]
        assert evaluation.error is None
        assert max(evaluation.evaluations, key=lambda one: evaluation.evaluations[one]) == (
            f"a{number}-0"
        ), "the candidate whose title is in the history"
    wait_until(world.is_all_committed, world.workers[worker][2])
    metrics = world.get(worker, "/metrics")
    assert metrics is not None
    assert 'cherryrec_gpu_answers_total{outcome="evaluated"} 200.0' in metrics
    assert world.get(worker, "/live") is not None
    assert world.end(worker, signal.SIGTERM) == 0


def test_bad_late_and_good_requests_each_get_their_due(world: World) -> None:
    worker = world.start()
    world.send_raw(b'{"schema":1,"request_id":"x"}', b"u1")
    world.send_raw(b"\xff not json", b"u1")
    world.send_raw(None, b"u1")
    world.send(0, 1, expires_at=time.time() - 1, user_id="u1")
    world.send(1, 2, user_id="u1")

    answers = world.wait_for(2)

    assert "expired" in str(answers["r0"][0].error)
    assert answers["r1"][0].error is None
    letters = [decode(DeadLetter, record.value) for record in world.records("dead-letters")]
    assert len(letters) == 3
    assert {letter.source_topic for letter in letters} == {f"{world.prefix}evaluation-requests"}
    assert sorted(letter.source_offset for letter in letters) == [0, 1, 2]
    wait_until(world.is_all_committed, world.workers[worker][2])


@pytest.mark.slow
def test_what_a_killed_worker_had_in_hand_is_answered_by_the_next(world: World) -> None:
    slow = world.start(batch_s=0.05, config={"max_batch_size": 2})
    world.send(0, 150)
    wait_until(lambda: len(world.evaluations()) > 20, world.workers[slow][2])

    world.end(slow, signal.SIGKILL)
    n_before = len(world.evaluations())
    world.start()
    answers = world.wait_for(150)

    assert n_before < 150
    assert all(one.error is None for several in answers.values() for one in several)
    n_twice = sum(len(several) - 1 for several in answers.values())
    assert n_twice <= 2, "only the batch between its answers and its commit is repeated"
    for several in answers.values():
        assert len({tuple(sorted(one.evaluations.items())) for one in several}) == 1


def test_a_worker_that_joins_in_mid_stream_loses_nothing(world: World) -> None:
    slow = world.start(batch_s=0.05, config={"max_batch_size": 2})
    world.send(0, 150)
    wait_until(lambda: len(world.evaluations()) > 10, world.workers[slow][2])

    fast = world.start()
    answers = world.wait_for(150)

    assert len(answers) == 150
    wait_until(world.is_all_committed, world.workers[fast][2])
    n_answers = sum(len(several) for several in answers.values())
    assert n_answers < 2 * 150, "what was given away is dropped by the one who had it"
    assert world.end(slow, signal.SIGTERM) == 0
    assert world.end(fast, signal.SIGTERM) == 0


def test_sigterm_ends_quickly_and_leaves_the_rest_to_others(world: World) -> None:
    slow = world.start(batch_s=0.2, config={"max_batch_size": 1})
    world.send(0, 60)
    wait_until(lambda: len(world.evaluations()) > 2, world.workers[slow][2])

    started = time.monotonic()
    assert world.end(slow, signal.SIGTERM) == 0
    assert time.monotonic() - started < 8
    assert not world.is_all_committed()
    world.start()

    assert len(world.wait_for(60)) == 60


def test_a_model_that_keeps_failing_answers_errors_and_exits(world: World) -> None:
    worker = world.start(n_failures=10, config={"max_failures": 3, "max_batch_size": 1})
    world.send(0, 10)

    process, _, log = world.workers[worker]
    assert process.wait(WAIT_S) == 1

    answers = world.evaluations()
    assert len(answers) == 3
    assert {several[0].error for several in answers.values()} == {"no device"}
    assert "3 batches failed in a row" in log.read_text()


def test_a_broker_that_is_not_there_is_one_line(kafka: str, tmp_path: Path) -> None:
    settings = {
        "bootstrap_servers": "127.0.0.1:1",
        "prefix": "none.",
        "http_port": 0,
        "client": {"bootstrap_timeout_ms": 2_000},
    }

    done = subprocess.run(
        [sys.executable, str(SCRIPT), json.dumps(settings)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=WAIT_S,
        check=False,
    )

    assert done.returncode == 1
    assert "cannot connect to Kafka at '127.0.0.1:1'" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_no_start_of_a_worker_ends_without_partitions(world: World) -> None:
    # kafka-python 3.0.12 lost one join of thirty when a poll's time ran out in the middle of it.
    topic = f"{world.prefix}evaluation-requests"
    for number in range(15):
        listener = Revocations()
        consumer = KafkaConsumer(
            bootstrap_servers=world.servers,
            group_id=f"{world.prefix}{number}",
            allow_auto_create_topics=False,
        )
        consumer.subscribe([topic], listener=listener)
        give_up_s = time.monotonic() + 10
        while not consumer.assignment() or listener.is_rebalancing:
            poll_or_rejoin(consumer, listener, Reading(), wait_s=0.001, max_records=1)
            assert time.monotonic() < give_up_s, f"start {number} waits for ever"
        consumer.close(autocommit=False, timeout_ms=2_000)


def test_a_topic_that_is_not_there_is_one_line(kafka: str, prefix: str, tmp_path: Path) -> None:
    settings = {"bootstrap_servers": kafka, "prefix": prefix, "http_port": 0}

    done = subprocess.run(
        [sys.executable, str(SCRIPT), json.dumps(settings)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=WAIT_S,
        check=False,
    )

    assert done.returncode == 1
    wanted = f"topic '{prefix}evaluation-requests' must be there: run `cherryrec topics create`"
    assert wanted in done.stderr
