"""Processes that count events by key, their topics, and what they leave on Kafka."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "tests" / "streams" / "engine" / "counting_worker.py"
PARTITIONS = 3
WAIT_S = 60.0


class Worker:
    """One worker process; what it prints, and its log."""

    def __init__(self, log: Path, options: dict[str, Any]) -> None:
        self.log = log
        self.printed: list[dict[str, Any]] = []
        with log.open("w") as errors:
            self.process = subprocess.Popen(
                [sys.executable, str(SCRIPT), json.dumps(options)],
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
            )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None, "stdout is a pipe"
        for line in self.process.stdout:
            self.printed.append(json.loads(line))

    def wait_for(self, name: str) -> Any:
        def found() -> list[Any]:
            return [line[name] for line in self.printed if name in line]

        wait_until(lambda: bool(found()) or self.process.poll() is not None)
        assert found(), self.log.read_text()[-4_000:]
        return found()[-1]

    def http(self, path: str) -> str:
        url = f"http://127.0.0.1:{self.wait_for('health')}{path}"
        with urllib.request.urlopen(url, timeout=5) as answer:
            return str(answer.read().decode())

    def end(self, signal_number: int) -> int:
        self.process.send_signal(signal_number)
        return self.ended()

    def ended(self) -> int:
        code = self.process.wait(WAIT_S)
        self._reader.join()
        assert self.process.stdout is not None, "stdout is a pipe"
        self.process.stdout.close()
        return code


class World:
    """A source topic, its workers and their changelog, all with names of their own."""

    def __init__(self, bootstrap_servers: str, prefix: str, folder: Path) -> None:
        self.bootstrap_servers = bootstrap_servers
        self.topic = f"{prefix}source"
        self.group = f"{prefix}group"
        self.changelog = f"{self.group}-counts-changelog"
        self.folder = folder
        self.workers: list[Worker] = []
        self.n_sent: Counter[str] = Counter()
        asyncio.run(self._create_topics())

    async def _create_topics(self) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap_servers)
        await admin.start()
        names = [self.topic, f"{self.topic}-out"]
        limit = {"max.message.bytes": str(1 << 20)}  # below the local broker's own
        compacted = {"cleanup.policy": "compact"}
        topics = [NewTopic(name, PARTITIONS, 1, topic_configs=limit) for name in names]
        topics.append(NewTopic(self.changelog, PARTITIONS, 1, topic_configs=compacted))
        await admin.create_topics(topics)
        await admin.close()

    def start(self, name: str = "a", **options: Any) -> Worker:
        worker = Worker(
            self.folder / f"{name}-{len(self.workers)}.log",
            {
                "group": self.group,
                "bootstrap_servers": self.bootstrap_servers,
                "data_dir": str(self.folder / name),
                "partitions": PARTITIONS,
                "topic": self.topic,
                "max_events": 50,
                **options,
            },
        )
        self.workers.append(worker)
        worker.wait_for("recovered")
        return worker

    def send(self, n_events: int, *, value: bytes = b"event", pause_s: float = 0.0) -> None:
        asyncio.run(self._send(n_events, value, pause_s))

    async def _send(self, n_events: int, value: bytes, pause_s: float) -> None:
        producer = AIOKafkaProducer(bootstrap_servers=self.bootstrap_servers, linger_ms=2)
        await producer.start()
        try:
            for i in range(n_events):
                key = f"user-{i % 40}"
                await producer.send(self.topic, value, key=key.encode())
                if value == b"event":
                    self.n_sent[key] += 1
                if pause_s and i % 50 == 0:
                    await asyncio.sleep(pause_s)
        finally:
            await producer.stop()

    def records(self, topic: str) -> list[Any]:
        return asyncio.run(self._records(topic))

    async def _records(self, topic: str) -> list[Any]:
        # Not `seek_to_beginning` under the default reset: aiokafka 0.14.0 can let a reset to the
        # end that is under way win over it, and then reads nothing (10 of 150 times, measured).
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.bootstrap_servers, auto_offset_reset="earliest"
        )
        await consumer.start()
        try:
            tps = [TopicPartition(topic, partition) for partition in range(PARTITIONS)]
            consumer.assign(tps)
            ends = await consumer.end_offsets(tps)
            records: list[Any] = []
            for tp in tps:
                while await consumer.position(tp) < ends[tp]:
                    for batch in (await consumer.getmany(tp, timeout_ms=500)).values():
                        records.extend(batch)
            return records
        finally:
            await consumer.stop()

    def changelog_state(self) -> dict[str, str]:
        return {
            f"{record.partition}:{record.key.decode()}": record.value.decode()
            for record in self.records(self.changelog)
        }

    def counts(self) -> Counter[str]:
        return Counter(
            {
                place.split(":")[1]: int(value.split()[0])
                for place, value in self.changelog_state().items()
            }
        )

    def wait_for_all(self) -> None:
        wait_until(lambda: self.counts().total() >= self.n_sent.total(), every_s=0.5)


def wait_until(is_so: Callable[[], bool], *, every_s: float = 0.05) -> None:
    give_up_s = time.monotonic() + WAIT_S
    while not is_so():
        assert time.monotonic() < give_up_s, f"not so after {WAIT_S} s"
        time.sleep(every_s)
