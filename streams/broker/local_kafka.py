"""One Apache Kafka node (KRaft) on free loopback ports, for a demo, a test, a benchmark."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
import uuid
from base64 import urlsafe_b64encode
from pathlib import Path
from types import TracebackType
from typing import Self

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from cherryrec.errors import ServiceError
from cherryrec.supervised import connected
from streams.broker.jars import require_java
from streams.processes import parent_bound

__all__ = ["LocalKafka"]

_POLL_S = 0.1
_LAST_LINES = 6

_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{broker}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs={data}
auto.create.topics.enable=false
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
num.network.threads=2
num.io.threads=4
num.partitions=1
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
min.insync.replicas=1
message.max.bytes=18874368
replica.fetch.max.bytes=18874368
socket.request.max.bytes=104857600
log.segment.bytes=67108864
log.cleaner.dedupe.buffer.size=16777216
"""

_LOG4J = """\
status=error
appender.file.type=File
appender.file.name=file
appender.file.fileName={log}
appender.file.layout.type=PatternLayout
appender.file.layout.pattern=%d %p %m (%c{{1}})%n
rootLogger.level=info
rootLogger.appenderRef.file.ref=file
"""


class LocalKafka:
    """A broker of its own; a context manager, or `start` and `stop`.

    Listens on 127.0.0.1 only. It ends with this process, however that ends.

    Parameters
    ----------
    jars
        What `fetch_kafka` returned.
    folder
        For its settings, data and log; made if it is not there. A folder that has data goes on
        from it.
    ready_s
        How long it may take to answer, in seconds.
    """

    def __init__(self, jars: Path, folder: Path, *, ready_s: float = 30.0) -> None:
        self.jars = jars
        self.folder = folder
        self.ready_s = ready_s
        self.bootstrap_servers = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._ports: list[int] = []

    @property
    def log_file(self) -> Path:
        """Where Kafka logs."""
        return (self.folder / "kafka.log").resolve()

    @property
    def pid(self) -> int | None:
        """The broker's process id while it runs."""
        return None if self._process is None else self._process.pid

    @property
    def exit_code(self) -> int | None:
        """How the broker has ended by itself; None while it runs, and after `stop`."""
        return None if self._process is None else self._process.poll()

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop."""
        self.stop()

    def start(self) -> None:
        """Start the node and wait until it answers a metadata request; again at the same place.

        Raises
        ------
        ServiceError
            No Java, no disk, or no answer in time; with the end of its log.
        """
        java = require_java()
        self._ports = self._ports or _free_ports(2)
        broker_port, controller_port = self._ports
        properties = self.folder / "server.properties"
        data = (self.folder / "data").resolve()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            properties.write_text(
                _PROPERTIES.format(broker=broker_port, controller=controller_port, data=data)
            )
            (self.folder / "log4j2.properties").write_text(_LOG4J.format(log=self.log_file))
        except OSError as error:
            msg = f"Kafka's folder {str(self.folder)!r} must be writable: {error}"
            raise ServiceError(msg) from error
        if not (data / "meta.properties").exists():
            self._format(java, properties)
        self.bootstrap_servers = f"127.0.0.1:{broker_port}"
        self._process = self._run(java, properties)
        try:
            self._wait_ready()
        except BaseException:
            self.stop()
            raise

    def stop(self, grace_s: float = 20.0) -> None:
        """End the node: SIGTERM, and SIGKILL after the grace."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(grace_s)
            except subprocess.TimeoutExpired:
                process.kill()
        process.wait()

    def kill(self) -> None:
        """End the node at once with SIGKILL."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()

    def _format(self, java: str, properties: Path) -> None:
        cluster = cluster_id(uuid.uuid4())
        done = subprocess.run(
            [
                *self._java(java),
                *("kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(properties)),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            lines = (done.stdout + done.stderr).strip().splitlines()
            msg = f"Kafka's data folder could not be formatted: {' | '.join(lines[-3:])}"
            raise ServiceError(msg)

    def _run(self, java: str, properties: Path) -> subprocess.Popen[bytes]:
        command = [*self._java(java), "kafka.Kafka", str(properties)]
        with (self.folder / "kafka.out").open("ab") as output:
            return subprocess.Popen(
                parent_bound(command),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=dict(os.environ),
            )

    def _java(self, java: str) -> list[str]:
        return [
            java,
            "-Xmx512m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            f"-Dlog4j2.configurationFile={(self.folder / 'log4j2.properties').resolve()}",
            "-cp",
            str(self.jars / "*"),
        ]

    def _wait_ready(self) -> None:
        process = self._process
        assert process is not None, "it has been started"
        give_up = time.monotonic() + self.ready_s
        while True:
            if process.poll() is not None:
                msg = f"Kafka ended with code {process.returncode}: {self._log_end()}"
                raise ServiceError(msg)
            if self._answers():
                return
            if time.monotonic() > give_up:
                msg = f"Kafka must answer within {self.ready_s:g} s, it did not: {self._log_end()}"
                raise ServiceError(msg)
            time.sleep(_POLL_S)

    def _answers(self) -> bool:
        host, port = self.bootstrap_servers.split(":")
        with socket.socket() as probe:
            probe.settimeout(0.5)
            if probe.connect_ex((host, int(port))) != 0:
                return False
        try:
            admin = connected(
                KafkaAdminClient, bootstrap_servers=self.bootstrap_servers, request_timeout_ms=3_000
            )
        except KafkaError:
            return False
        try:
            admin.list_topics()
        except KafkaError:
            return False
        finally:
            admin.close()
        return True

    def _log_end(self) -> str:
        lines = [
            line
            for name in ("kafka.out", "kafka.log")
            if (self.folder / name).exists()
            for line in (self.folder / name).read_text(errors="replace").splitlines()
        ]
        return f"{' | '.join(lines[-_LAST_LINES:]) or 'nothing was logged'} (log: {self.log_file})"


def cluster_id(number: uuid.UUID) -> str:
    """Write a UUID as Kafka does, its first bit cleared: a `-` in front reads as an option.

    Examples
    --------
    >>> cluster_id(uuid.UUID(int=(1 << 128) - 1))
    'f____________________w'
    """
    first, *rest = number.bytes
    return urlsafe_b64encode(bytes([first & 0x7F, *rest])).decode().rstrip("=")


def _free_ports(n: int) -> list[int]:
    probes = [socket.socket() for _ in range(n)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]
    finally:
        for probe in probes:
            probe.close()
