"""The parts under the storm, kept running: a broker, stream workers, learner and gpu worker."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from kafka import KafkaConsumer, KafkaProducer
from kafka.errors import KafkaError

from cherryrec.errors import ServiceError
from streams.broker import LocalKafka
from streams.stack import Child, free_port, start_child
from tests.integration.system import PARTITIONS, System

__all__ = ["PARTS", "ChaosSystem"]

PARTS = ("stream-0", "stream-1", "learner", "gpu")
SESSION_S = 5.0
READY_S = 120.0
QUIET_S = 150.0
_RESTART_S = 0.3


class ChaosSystem(System):
    """Topics of one seed and their parts; what dies by itself is started again, as `up` would.

    Parameters
    ----------
    servers
        Of the broker.
    prefix
        Of this seed's topics.
    folder
        For tables and logs.
    environment
        Settings of every part.
    broker
        Where its death and return are among the faults.
    """

    def __init__(
        self,
        servers: str,
        prefix: str,
        folder: Path,
        environment: Mapping[str, str],
        *,
        broker: LocalKafka | None = None,
    ) -> None:
        super().__init__(servers, prefix, folder, environment)
        self.broker = broker
        self.parts: dict[str, Child] = {}
        self.is_down: set[str] = set()
        self.has_broker = True
        self.recovered: list[tuple[str, float]] = []
        self.exits: list[tuple[str, int]] = []
        self._since: dict[str, float] = {}
        self._lock = threading.Lock()

    def start_part(self, name: str) -> None:
        """Start a part; how long it takes to be ready is noted."""
        kind = name.split("-", maxsplit=1)[0]
        port = free_port()
        section = {"stream": "STREAM", "learner": "LEARNER", "gpu": "GPU"}[kind]
        own = {
            "CHERRYREC_KAFKA_BOOTSTRAP_SERVERS": self.servers,
            "CHERRYREC_KAFKA_PREFIX": self.names.prefix,
            "CHERRYREC_KAFKA_PARTITIONS": str(PARTITIONS),
            f"CHERRYREC_{section}_HTTP_PORT": str(port),
            "CHERRYREC_STREAM_DATA_DIR": str(self.tables(name)),
            "CHAOS_FULL": str(self.folder / f"{name}.full"),
        }
        number = sum(child.name == name for child in self.children)
        child = start_child(
            name,
            [sys.executable, "-m", "benchmarks._chaos.process", kind],
            log_file=self.folder / "logs" / f"{name}-{number}.log",
            http_port=port,
            env={**os.environ, **self.environment, **own},
        )
        self.children.append(child)
        self.parts[name] = child
        self._since[name] = time.monotonic()
        self.is_down.discard(name)
        threading.Thread(target=self._note_ready, args=(child,), daemon=True).start()

    def tables(self, name: str) -> Path:
        """Return where a part's local tables lie."""
        return self.folder / "tables" / name

    def kill_part(self, name: str) -> None:
        """End a part with SIGKILL; it stays down until it is started."""
        self.is_down.add(name)
        self.parts[name].kill()

    def signal_part(self, name: str, number: int) -> None:
        """Send a signal to a part that runs."""
        if self.parts[name].is_running:
            self.parts[name].process.send_signal(number)

    def delete_tables(self, name: str) -> None:
        """Delete the local tables of a part that is down."""
        shutil.rmtree(self.tables(name), ignore_errors=True)

    def look_after(self) -> None:
        """Start again what has ended by itself."""
        for name, child in list(self.parts.items()):
            if name not in self.is_down and not child.is_running:
                if time.monotonic() - self._since[name] < _RESTART_S:
                    continue
                self.exits.append((name, child.process.returncode))
                self.start_part(name)

    def wait_ready(self) -> None:
        """Wait until every part is ready, starting again what ends."""
        self.wait_for(lambda: all(self.parts[name].is_ready() for name in PARTS), "all are ready")

    def wait_for(self, is_so: Callable[[], bool], what: str, timeout_s: float = QUIET_S) -> None:
        """Wait while parts are looked after.

        Raises
        ------
        ServiceError
            It did not come to be.
        """
        give_up_s = time.monotonic() + timeout_s
        while True:
            self.look_after()
            try:
                if is_so():
                    return
            except (KafkaError, AssertionError):
                pass
            if time.monotonic() > give_up_s:
                msg = f"not so after {timeout_s:g} s: {what}; logs in {self.folder}"
                raise ServiceError(msg)
            time.sleep(0.3)

    def end(self) -> None:
        """End all parts; the learner publishes what it has learned."""
        for name in (*PARTS[1:], PARTS[0]):
            child = self.parts.get(name)
            if child is not None and child.is_running:
                child.process.send_signal(signal.SIGCONT)
                child.stop(20.0)
        self.stop()

    def consumer(self, **options: Any) -> Any:
        """Return a consumer of what is committed; the caller closes it."""
        return KafkaConsumer(
            bootstrap_servers=self.servers,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            max_partition_fetch_bytes=17 << 20,
            fetch_max_wait_ms=50,
            request_timeout_ms=10_000,
            reconnect_backoff_max_ms=1_000,
            **options,
        )

    def producer(self, **options: Any) -> Any:
        """Return a producer that comes back soon after an outage."""
        return KafkaProducer(
            bootstrap_servers=self.servers,
            linger_ms=1,
            reconnect_backoff_max_ms=1_000,
            delivery_timeout_ms=120_000,
            **options,
        )

    def _read(self, places: list[Any]) -> list[Any]:
        consumer = self.consumer()
        consumer.assign(places)
        ends = consumer.end_offsets(places)
        found: list[Any] = []
        give_up_s = time.monotonic() + 60.0
        while any(consumer.position(place) < ends[place] for place in places):
            assert time.monotonic() < give_up_s, f"{places[0].topic} is not read to its end"
            for records in consumer.poll(timeout_ms=200).values():
                found.extend(records)
        consumer.close()
        return sorted(found, key=lambda record: (record.partition, record.offset))

    def _note_ready(self, child: Child) -> None:
        since = time.monotonic()
        try:
            child.wait_ready(READY_S)
        except ServiceError:
            return
        with self._lock:
            self.recovered.append((child.name.split("-", maxsplit=1)[0], time.monotonic() - since))
