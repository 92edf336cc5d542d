"""The whole system on one machine: Kafka, topics, stream workers, learner, gpu worker.

What `demo`, `up`, `replay --engine kafka`, the integration tests and the benchmarks start. Each
worker is the command a site would run, `cherryrec worker …`, set up through its environment.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from streams.admin import create_topics
from streams.broker import LocalKafka, fetch_kafka
from streams.config import KafkaConfig
from streams.stack.children import Child, start_child

__all__ = ["LocalStack", "StackSettings", "free_port"]

READY_S = 300.0
"""How long a worker may take until it is ready, in seconds: it may compile, or load a model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StackSettings:
    """What to start.

    Parameters
    ----------
    folder
        Where data, logs and tables go; made if it is not there.
    cache_dir
        Where Kafka's jars are kept between runs.
    kafka
        Cluster, prefix and partitions; its bootstrap servers are used only without a local Kafka.
    starts_kafka
        Start a Kafka of its own, on free loopback ports.
    n_workers
        Stream workers, above 0.
    has_evaluator
        Start a gpu worker and let the stream workers ask it.
    environment
        CHERRYREC_ settings for every worker, above those of this process.
    """

    folder: Path
    cache_dir: Path
    kafka: KafkaConfig = field(default_factory=KafkaConfig)
    starts_kafka: bool = True
    n_workers: int = 1
    has_evaluator: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)


class LocalStack:
    """Starts the system and ends what it started; a context manager.

    Parameters
    ----------
    settings
        What to start.
    """

    def __init__(self, settings: StackSettings) -> None:
        self.settings = settings
        self.kafka: KafkaConfig = settings.kafka
        self.broker: LocalKafka | None = None
        self.workers: list[Child] = []
        self.learner: Child | None = None
        self.evaluator: Child | None = None
        self._ends = ExitStack()

    def __enter__(self) -> Self:
        """Start everything and wait until it is ready; end it all if something is not."""
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End everything."""
        self.stop()

    def start(self) -> None:
        """Start Kafka, create the topics, start the workers, wait until all are ready."""
        settings = self.settings
        if settings.starts_kafka:
            jars = fetch_kafka(settings.cache_dir)
            broker = LocalKafka(jars, settings.folder / "kafka")
            broker.start()
            self.broker = broker
            self._ends.callback(broker.stop)
            self.kafka = KafkaConfig(
                bootstrap_servers=broker.bootstrap_servers,
                prefix=settings.kafka.prefix,
                partitions=settings.kafka.partitions,
                replication=1,
            )
        create_topics(self.kafka)
        self.learner = self._start("learner")
        if settings.has_evaluator:
            self.evaluator = self._start("gpu")
        self.workers = [self._start("stream", n) for n in range(settings.n_workers)]
        for child in self.children():
            child.wait_ready(READY_S)

    def children(self) -> list[Child]:
        """Return the processes, Kafka apart."""
        rest = [child for child in (self.learner, self.evaluator) if child is not None]
        return [*rest, *self.workers]

    def start_worker(self) -> Child:
        """Start one more stream worker; it is not waited for."""
        worker = self._start("stream", len(self.workers))
        self.workers.append(worker)
        return worker

    def stop(self) -> None:
        """End the workers, then Kafka."""
        self._ends.close()

    def _start(self, kind: str, number: int = 0) -> Child:
        name = f"{kind}-{number}" if kind == "stream" else kind
        port = free_port()
        child = start_child(
            name,
            [sys.executable, "-m", "cherryrec.cli", "worker", kind],
            log_file=self.settings.folder / "logs" / f"{name}.log",
            http_port=port,
            env=self._environment(kind, name, port),
        )
        self._ends.callback(child.stop)
        return child

    def _environment(self, kind: str, name: str, port: int) -> dict[str, str]:
        section = {"stream": "STREAM", "learner": "LEARNER", "gpu": "GPU"}[kind]
        own = {
            "CHERRYREC_KAFKA_BOOTSTRAP_SERVERS": self.kafka.bootstrap_servers,
            "CHERRYREC_KAFKA_PREFIX": self.kafka.prefix,
            "CHERRYREC_KAFKA_PARTITIONS": str(self.kafka.partitions),
            f"CHERRYREC_{section}_HTTP_PORT": str(port),
            "CHERRYREC_EVALUATOR_ENABLED": str(self.settings.has_evaluator).lower(),
        }
        if kind == "stream":
            own["CHERRYREC_STREAM_DATA_DIR"] = str(self.settings.folder / "tables" / name)
        return {**os.environ, **own, **self.settings.environment}


def free_port() -> int:
    """Return a loopback port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
