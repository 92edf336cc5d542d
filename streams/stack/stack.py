"""The whole system on one machine: Kafka, topics, stream workers, learner, gpu worker, gateway.

What `demo`, `up`, `replay --engine kafka`, the integration tests and the benchmarks start. Each
worker is the command a site would run, `cherryrec worker …`, set up through its environment.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from cherryrec.errors import ServiceError
from cherryrec.topics import TOPICS
from streams.admin import create_topics
from streams.broker import LocalKafka, fetch_kafka
from streams.config import KafkaConfig
from streams.partition_counts import counts_wanted, require_partition_counts
from streams.stack.children import Child, start_child
from streams.stack.interrupts import Interrupts
from streams.stack.keeper import Keeper, Supervised
from streams.stack.restarts import RestartPolicy

__all__ = ["LocalStack", "StackSettings", "free_port"]

logger = logging.getLogger(__name__)

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
    gateway_port
        Start the HTTP gateway on this port, with its page; None: none.
    is_demo
        Show on the page the view in which a reader is played by hand.
    environment
        CHERRYREC_ settings for every worker, above those of this process.
    restarts
        When a part that has ended or hangs is started again; None: never.
    """

    folder: Path
    cache_dir: Path
    kafka: KafkaConfig = field(default_factory=KafkaConfig)
    starts_kafka: bool = True
    n_workers: int = 1
    has_evaluator: bool = False
    gateway_port: int | None = None
    is_demo: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)
    restarts: RestartPolicy | None = field(default_factory=RestartPolicy)


class LocalStack:
    """Starts the system and ends what it started; a context manager.

    Parameters
    ----------
    settings
        What to start.
    note
        Gets a line when a part ends, hangs or is started again.
    give_up
        Gets the reason when a part ends too often; absent: the main thread is interrupted, and
        the context ends with that reason as a ServiceError.
    """

    def __init__(
        self,
        settings: StackSettings,
        *,
        note: Callable[[str], None] = logger.warning,
        give_up: Callable[[str], None] | None = None,
    ) -> None:
        self.settings = settings
        self.note = note
        self.keeper: Keeper | None = None
        self._give_up = give_up or _interrupt
        self.kafka: KafkaConfig = settings.kafka
        self.broker: LocalKafka | None = None
        self.workers: list[Child] = []
        self.learner: Child | None = None
        self.evaluator: Child | None = None
        self.gateway: Child | None = None
        self._ends = ExitStack()
        self._interrupts = Interrupts()

    def __enter__(self) -> Self:
        """Start everything and wait until it is ready; end it all if something is not."""
        self._interrupts.__enter__()
        try:
            self.start()
        except BaseException:
            self.stop()
            self._interrupts.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End everything; a part that was given up is why the context was interrupted.

        Raises
        ------
        ServiceError
            A part was given up.
        """
        self.stop()
        self._interrupts.__exit__(kind, error, trace)
        if isinstance(error, KeyboardInterrupt):
            self.check()

    def check(self) -> None:
        """Raise the reason if a part was given up, and Ctrl-C that something has swallowed.

        Raises
        ------
        ServiceError
            It ended too often.
        """
        if self.keeper is not None and self.keeper.failure is not None:
            raise ServiceError(self.keeper.failure)
        self._interrupts.check()

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
        everything = counts_wanted(self.kafka, (topic.name for topic in TOPICS), has_tables=True)
        require_partition_counts(self.kafka, everything)
        self.learner = self._start("learner")
        if settings.has_evaluator:
            self.evaluator = self._start("gpu")
        self.workers = [self._start("stream", n) for n in range(settings.n_workers)]
        if settings.gateway_port is not None:
            self.gateway = self._start("gateway", port=settings.gateway_port)
        for child in self.children():
            child.wait_ready(READY_S)
        if settings.restarts is not None:
            parts: list[Supervised] = [_ChildProcess(self, child) for child in self.children()]
            if self.broker is not None:
                parts.insert(0, _BrokerProcess(self.broker))
            self.keeper = Keeper(parts, settings.restarts, note=self.note, give_up=self._give_up)
            self.keeper.start()

    def children(self) -> list[Child]:
        """Return the processes, Kafka apart."""
        single = (self.learner, self.evaluator, self.gateway)
        return [*(child for child in single if child is not None), *self.workers]

    def start_again(self, ended: Child) -> Child:
        """Start a part that has ended, under its name, at its port, on its data."""
        kind, _, number = ended.name.partition("-")
        child = self._start(kind, int(number or 0), port=ended.http_port)
        if kind == "stream":
            self.workers[self.workers.index(ended)] = child
        elif kind == "learner":
            self.learner = child
        elif kind == "gateway":
            self.gateway = child
        else:
            self.evaluator = child
        return child

    def stop(self) -> None:
        """End the workers, then Kafka."""
        if self.keeper is not None:
            self.keeper.pause()
        try:
            self._ends.close()
        finally:
            if self.keeper is not None:
                self.keeper.stop()

    def _start(self, kind: str, number: int = 0, *, port: int = 0) -> Child:
        name = f"{kind}-{number}" if kind == "stream" else kind
        port = port or free_port()
        child = start_child(
            name,
            [sys.executable, "-m", "cherryrec.cli", *self._command(kind)],
            log_file=self.settings.folder / "logs" / f"{name}.log",
            http_port=port,
            env=self._environment(kind, name, port),
        )
        self._ends.callback(child.stop)
        return child

    def _command(self, kind: str) -> list[str]:
        """Return the command that a site would run."""
        if kind != "gateway":
            return ["worker", kind]
        return ["serve", "--demo"] if self.settings.is_demo else ["serve"]

    def _environment(self, kind: str, name: str, port: int) -> dict[str, str]:
        port_name = {
            "stream": "STREAM_HTTP_PORT",
            "learner": "LEARNER_HTTP_PORT",
            "gpu": "GPU_HTTP_PORT",
            "gateway": "GATEWAY_PORT",
        }[kind]
        own = {
            "CHERRYREC_KAFKA_BOOTSTRAP_SERVERS": self.kafka.bootstrap_servers,
            "CHERRYREC_KAFKA_PREFIX": self.kafka.prefix,
            "CHERRYREC_KAFKA_PARTITIONS": str(self.kafka.partitions),
            f"CHERRYREC_{port_name}": str(port),
            "CHERRYREC_EVALUATOR_ENABLED": str(self.settings.has_evaluator).lower(),
        }
        if kind == "stream":
            own["CHERRYREC_STREAM_DATA_DIR"] = str(self.settings.folder / "tables" / name)
        return {**os.environ, **own, **self.settings.environment}


class _ChildProcess:
    """A worker or the learner, whichever process it is now."""

    def __init__(self, stack: LocalStack, child: Child) -> None:
        self.name = child.name
        self.log = str(child.log_file)
        self._stack = stack
        self._child = child

    @property
    def exit_code(self) -> int | None:
        return self._child.process.poll()

    def is_alive(self) -> bool:
        return self._child.is_alive()

    def kill(self) -> None:
        self._child.kill()

    def restart(self) -> None:
        self._child = self._stack.start_again(self._child)


class _BrokerProcess:
    """Kafka, which answers no `/live`: that its process runs is all that is asked."""

    def __init__(self, broker: LocalKafka) -> None:
        self.name = "kafka"
        self.log = str(broker.log_file)
        self._broker = broker

    @property
    def exit_code(self) -> int | None:
        return self._broker.exit_code

    def is_alive(self) -> bool:
        return True

    def kill(self) -> None:
        self._broker.stop(grace_s=0.0)

    def restart(self) -> None:
        self._broker.start()


def _interrupt(reason: str) -> None:
    """Stop the main thread, whatever it waits for."""
    number = threading.main_thread().ident
    assert number is not None, "the main thread has been started"
    signal.pthread_kill(number, signal.SIGINT)


def free_port() -> int:
    """Return a loopback port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
