"""What the Kafka benchmarks share: a broker, filled topics, a worker or the reference beside it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import tempfile
import urllib.request
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer

from cherryrec.cli.options import cache_dir
from cherryrec.codec import encode
from cherryrec.events import Event
from cherryrec.topics import TopicNames
from streams.admin import create_topics
from streams.broker import LocalKafka, fetch_kafka
from streams.config import KafkaConfig
from streams.stack import Child, LocalStack, StackSettings, free_port, start_child

__all__ = [
    "broker",
    "counts",
    "fill",
    "gateway",
    "learner",
    "outcomes",
    "reference",
    "stream_worker",
    "topics",
    "worker",
]

READY_S = 600.0

Keyed = tuple[str, str, Event]
"""Topic, key, event."""


@contextlib.contextmanager
def broker() -> Iterator[str]:
    """Start a Kafka of our own; yield its bootstrap servers."""
    with (
        tempfile.TemporaryDirectory(prefix="cherryrec-bench-") as folder,
        LocalKafka(fetch_kafka(cache_dir()), Path(folder)) as kafka,
    ):
        yield kafka.bootstrap_servers


def topics(servers: str, prefix: str) -> KafkaConfig:
    """Create all topics under a prefix."""
    kafka = KafkaConfig(bootstrap_servers=servers, prefix=prefix)
    create_topics(kafka)
    return kafka


def fill(kafka: KafkaConfig, events: Iterable[Keyed]) -> None:
    """Send events and wait for their acknowledgement."""

    async def send() -> None:
        names = TopicNames(kafka.prefix)
        producer = AIOKafkaProducer(
            bootstrap_servers=kafka.bootstrap_servers, max_batch_size=1 << 17, linger_ms=5
        )
        await producer.start()
        try:
            for topic, key, event in events:
                await producer.send(names(topic), encode(event), key=key.encode())
        finally:
            await producer.stop()

    asyncio.run(send())


@contextlib.contextmanager
def worker(kafka: KafkaConfig, environment: Mapping[str, str] | None = None) -> Iterator[Child]:
    """Run one stream worker and a learner on a broker that runs; yield the worker when ready."""
    with tempfile.TemporaryDirectory(prefix="cherryrec-bench-") as folder:
        stack = StackSettings(
            folder=Path(folder),
            cache_dir=cache_dir(),
            kafka=kafka,
            starts_kafka=False,
            environment={"CHERRYREC_EVALUATOR_LATE_AFTER_S": "600", **(environment or {})},
        )
        with LocalStack(stack) as running:
            yield running.workers[0]


@contextlib.contextmanager
def stream_worker(kafka: KafkaConfig, tables: Path, name: str = "stream") -> Iterator[Child]:
    """Run a stream worker alone, on a folder of tables that stays; yield it when ready."""
    own = {
        "CHERRYREC_STREAM_DATA_DIR": str(tables),
        "CHERRYREC_EVALUATOR_LATE_AFTER_S": "600",
        # Ready without a learner, however long examples have waited for one.
        "CHERRYREC_STREAM_MODEL_STALE_S": "86400",
    }
    with _alone(kafka, "stream", own, tables.parent / f"{name}.log") as child:
        yield child


@contextlib.contextmanager
def learner(kafka: KafkaConfig, environment: Mapping[str, str] | None = None) -> Iterator[Child]:
    """Run a learner alone; yield it when ready."""
    with tempfile.TemporaryDirectory(prefix="cherryrec-bench-") as folder:
        log = Path(folder) / "learner.log"
        with _alone(kafka, "learner", environment or {}, log) as child:
            yield child


@contextlib.contextmanager
def _alone(
    kafka: KafkaConfig, kind: str, environment: Mapping[str, str], log_file: Path
) -> Iterator[Child]:
    """Run one worker of a kind as a site does; yield it when ready, end it as a supervisor does."""
    port = free_port()
    own = {
        "CHERRYREC_KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
        "CHERRYREC_KAFKA_PREFIX": kafka.prefix,
        "CHERRYREC_KAFKA_PARTITIONS": str(kafka.partitions),
        f"CHERRYREC_{kind.upper()}_HTTP_PORT": str(port),
        **environment,
    }
    child = start_child(
        kind,
        [sys.executable, "-m", "cherryrec.cli", "worker", kind],
        log_file=log_file,
        http_port=port,
        env={**os.environ, **own},
    )
    try:
        child.wait_ready(READY_S)
        yield child
    finally:
        child.stop(60.0)


@contextlib.contextmanager
def gateway(kafka: KafkaConfig) -> Iterator[str]:
    """Run a gateway on a broker that runs, without keys and limits; yield its URL when ready."""
    port = free_port()
    own = {
        "CHERRYREC_KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
        "CHERRYREC_KAFKA_PREFIX": kafka.prefix,
        "CHERRYREC_GATEWAY_RATE_PER_S": "0",
    }
    with tempfile.TemporaryDirectory(prefix="cherryrec-bench-") as folder:
        child = start_child(
            "gateway",
            [sys.executable, "-m", "cherryrec.cli", "serve", "--port", str(port)],
            log_file=Path(folder) / "gateway.log",
            http_port=port,
            env={**os.environ, **own},
        )
        try:
            child.wait_ready(60.0)
            yield f"http://127.0.0.1:{port}"
        finally:
            child.kill()


@contextlib.contextmanager
def reference(
    kafka: KafkaConfig, names: Iterable[str], *, echo: str | None = None, n: int = sys.maxsize
) -> Iterator[subprocess.Popen[str]]:
    """Run the reference worker over some topics."""
    full = TopicNames(kafka.prefix)
    with tempfile.TemporaryDirectory(prefix="cherryrec-bench-") as folder:
        command = [
            *(sys.executable, "-m", "benchmarks._reference", *(full(name) for name in names)),
            *("--bootstrap-servers", kafka.bootstrap_servers, "--data-dir", folder),
            *("--group", f"{kafka.prefix}reference", "--n", str(n)),
            *(("--echo", full(echo)) if echo else ()),
        ]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                yield process
            finally:
                process.terminate()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(10)
                process.kill()


def counts(child: Child, names: Iterable[str]) -> float:
    """Read how many events of some topics a worker has applied."""
    return sum(outcomes(child, name)["applied"] for name in names)


def outcomes(child: Child, topic: str) -> Counter[str]:
    """Read what a worker has made of the events of a topic, by outcome."""
    url = f"http://127.0.0.1:{child.http_port}/metrics"
    with urllib.request.urlopen(url, timeout=5) as answer:
        lines: list[Any] = answer.read().decode().splitlines()
    found: Counter[str] = Counter()
    for line in lines:
        if line.startswith("cherryrec_events_total{") and f'topic="{topic}"' in line:
            found[line.split('outcome="')[1].split('"')[0]] += int(float(line.split()[-1]))
    return found
