"""The gpu worker on a real Kafka: every request is answered, whoever dies in the middle."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic

from cherryrec.cnle import evaluation_request
from cherryrec.codec import decode, encode
from cherryrec.events import DeadLetter, Evaluation, PromptProfile

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "tests" / "gpu_worker" / "scripted_worker.py"
PARTITIONS = 3
WAIT_S = 60.0

pytestmark = pytest.mark.timeout(180)


class World:
    """The worker's topics under a prefix of their own, and its processes."""

    def __init__(self, bootstrap_servers: str, prefix: str, folder: Path) -> None:
        self.servers = bootstrap_servers
        self.prefix = prefix
        self.folder = folder
        self.workers: list[tuple[subprocess.Popen[bytes], int, Path]] = []
        admin = KafkaAdminClient(bootstrap_servers=self.servers)
        names = ("evaluation-requests", "evaluations", "dead-letters")
        admin.create_topics([NewTopic(prefix + name, PARTITIONS, 1) for name in names])
        admin.close()

    def start(self, *, wait: bool = True, **options: Any) -> int:
        """Start a worker; returns its number."""
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        log = self.folder / f"gpu-{len(self.workers)}.log"
        settings = {
            "bootstrap_servers": self.servers,
            "prefix": self.prefix,
            "http_port": port,
            **options,
        }
        with log.open("w") as errors:
            process = subprocess.Popen(
                [sys.executable, str(SCRIPT), json.dumps(settings)],
                stderr=errors,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
            )
        self.workers.append((process, port, log))
        number = len(self.workers) - 1
        if wait:
            wait_until(lambda: self.get(number, "/ready") is not None, log)
        return number

    def get(self, number: int, path: str) -> str | None:
        """Return what a probe says; None unless it is a 200."""
        try:
            url = f"http://127.0.0.1:{self.workers[number][1]}{path}"
            with urllib.request.urlopen(url, timeout=5) as answer:
                return str(answer.read().decode())
        except (urllib.error.URLError, OSError):
            return None

    def end(self, number: int, signal_number: int) -> int:
        process = self.workers[number][0]
        process.send_signal(signal_number)
        return process.wait(WAIT_S)

    def send(self, first: int, last: int, **changes: Any) -> None:
        """Ask for evaluations r<first> to r<last - 1>, of many users."""
        producer = KafkaProducer(bootstrap_servers=self.servers)
        for number in range(first, last):
            fields: dict[str, Any] = {
                "request_id": f"r{number}",
                "user_id": f"u{number % 17}",
                "candidates": [(f"a{number}-{i}", f"title {number} {i}", "") for i in range(5)],
                "profile": PromptProfile(history=(f"title {number} 0",)),
                "expires_at": time.time() + 300,
            }
            request = evaluation_request(**(fields | changes))
            producer.send(
                f"{self.prefix}evaluation-requests",
                value=encode(request),
                key=request.user_id.encode(),
            )
        producer.close()

    def send_raw(self, value: bytes | None, key: bytes) -> None:
        producer = KafkaProducer(bootstrap_servers=self.servers)
        producer.send(f"{self.prefix}evaluation-requests", value=value, key=key)
        producer.close()

    def records(self, name: str) -> list[Any]:
        """All records of a topic up to its present ends."""
        consumer = KafkaConsumer(bootstrap_servers=self.servers, auto_offset_reset="earliest")
        places = [TopicPartition(self.prefix + name, number) for number in range(PARTITIONS)]
        consumer.assign(places)
        consumer.seek_to_beginning(*places)
        ends = consumer.end_offsets(places)
        found: list[Any] = []
        while any(consumer.position(place) < ends[place] for place in places):
            for records in consumer.poll(timeout_ms=500).values():
                found.extend(records)
        consumer.close()
        return found

    def evaluations(self) -> dict[str, list[Evaluation]]:
        """Answers by request."""
        answers: dict[str, list[Evaluation]] = {}
        for record in self.records("evaluations"):
            evaluation = decode(Evaluation, record.value)
            assert record.key == evaluation.user_id.encode()
            answers.setdefault(evaluation.request_id, []).append(evaluation)
        return answers

    def wait_for(self, n_requests: int) -> dict[str, list[Evaluation]]:
        log = self.workers[-1][2]
        wait_until(lambda: len(self.evaluations()) >= n_requests, log, every_s=0.3)
        return self.evaluations()

    def is_all_committed(self) -> bool:
        consumer = KafkaConsumer(
            bootstrap_servers=self.servers, group_id=f"{self.prefix}gpu-worker"
        )
        name = f"{self.prefix}evaluation-requests"
        places = [TopicPartition(name, number) for number in range(PARTITIONS)]
        ends = consumer.end_offsets(places)
        committed = {place: consumer.committed(place) for place in places}
        consumer.close()
        return all((committed[place] or 0) == ends[place] for place in places)


def wait_until(is_so: Callable[[], bool], log: Path, *, every_s: float = 0.05) -> None:
    give_up_s = time.monotonic() + WAIT_S
    while not is_so():
        assert time.monotonic() < give_up_s, f"not so after {WAIT_S} s: {log.read_text()[-4_000:]}"
        time.sleep(every_s)


@pytest.fixture
def world(kafka: str, prefix: str, tmp_path: Path) -> Iterator[World]:
    world = World(kafka, prefix, tmp_path)
    yield world
    for process, _, _ in world.workers:
        if process.poll() is None:
            process.kill()
            process.wait()


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


def test_a_worker_joins_once_and_is_ready_with_its_partitions(world: World) -> None:
    # kafka-python 3.0.12 gives nothing to who joins before it knows the topic's partitions, and
    # in the join after that it can wait for ever.
    world.start()

    log = world.workers[0][2].read_text()
    assert log.count("Successfully joined group") == 1
    assert "No partition metadata" not in log
