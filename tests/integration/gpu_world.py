"""The gpu worker's topics on a real Kafka, its processes, and what it answered."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic

from cherryrec.cnle import evaluation_request
from cherryrec.codec import decode, encode
from cherryrec.events import Evaluation, PromptProfile

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "tests" / "gpu_worker" / "scripted_worker.py"
PARTITIONS = 3
WAIT_S = 60.0


class World:
    """The worker's topics under a prefix of their own, and its processes."""

    def __init__(
        self, bootstrap_servers: str, prefix: str, folder: Path, *, has_weights: bool = True
    ) -> None:
        self.servers = bootstrap_servers
        self.prefix = prefix
        self.folder = folder
        self.workers: list[tuple[subprocess.Popen[bytes], int, Path]] = []
        admin = KafkaAdminClient(bootstrap_servers=self.servers)
        names = ("evaluation-requests", "evaluations", "dead-letters")
        admin.create_topics(
            [NewTopic(prefix + name, PARTITIONS, 1) for name in names]
            + [NewTopic(f"{prefix}lora-weights", 1, 1)] * has_weights
        )
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

    def publish(self, key: bytes, value: bytes | None) -> None:
        """Say which LoRA weights to serve with."""
        producer = KafkaProducer(bootstrap_servers=self.servers)
        producer.send(f"{self.prefix}lora-weights", value=value, key=key)
        producer.close()

    def end_all(self) -> None:
        """Kill what still runs."""
        for process, _, _ in self.workers:
            if process.poll() is None:
                process.kill()
                process.wait()

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
