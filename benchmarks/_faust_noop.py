"""What Faust costs by itself, and what the engine costs, on a Kafka that is already there.

Not a claim by itself: other benchmarks put their numbers next to these, taken in the same run.

    python -m benchmarks._faust_noop --bootstrap-servers HOST:PORT [--body noop …] [--n 30000]

Each line: engine, body, events a second of one worker (median of the runs), or milliseconds from
the send of an event to the arrival of its echo at 100 events a second.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

import faust
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from streams.engine.app import EngineSettings, create_faust_app
from streams.engine.batch import raw_topic, take_batches
from streams.engine.producer import FastProducer
from streams.engine.run import run_worker
from streams.engine.table import ROCKSDB_OPTIONS, state_table

PARTITIONS = 4
VALUE = b"x" * 200
KEYS = [b"u%d" % i for i in range(1_000)]


class Count:
    """Counts events; prints the rate when all have come and what they caused is acknowledged."""

    def __init__(self, n_events: int) -> None:
        self.n_events = n_events
        self.n_seen = 0
        self.n_first = 0
        self.started_s = 0.0
        self._finishing: asyncio.Task[None] | None = None

    def add(self, n: int, app: Any) -> None:
        """Count `n` events; the clock starts after the first call, whose events do not count."""
        self.n_seen += n
        if self.n_first == 0:
            self.n_first = n
            self.started_s = time.perf_counter()
        if self.n_seen >= self.n_events and self._finishing is None:
            self._finishing = asyncio.ensure_future(self._finish(app))

    async def _finish(self, app: Any) -> None:
        """Wait for the acknowledgements, then say the rate."""
        await app.producer.flush()
        rate = (self.n_seen - self.n_first) / (time.perf_counter() - self.started_s)
        print(f"rate {rate:.0f}", flush=True)


def stock_app(arguments: argparse.Namespace) -> Any:
    """Plain Faust with uvloop and per-event iteration, as its manual shows it."""
    app = faust.App(
        arguments.prefix + "-stock",
        broker=f"kafka://{arguments.bootstrap_servers}",
        store="rocksdb://",
        datadir=arguments.data_dir,
        topic_partitions=PARTITIONS,
        web_enabled=False,
        topic_disable_leader=True,
        consumer_auto_offset_reset="earliest",
        worker_redirect_stdouts=False,
    )
    source = raw_topic(app, arguments.prefix)
    target = raw_topic(app, arguments.prefix + "-out")
    count = Count(arguments.n)
    body = arguments.body
    table = None
    if body == "table":
        table = app.Table(
            "t",
            key_type=bytes,
            value_type=bytes,
            partitions=PARTITIONS,
            options=dict(ROCKSDB_OPTIONS),
        )

    @app.agent(source)
    async def work(stream: Any) -> None:
        async for event in stream.events():
            if body in ("send", "echo"):
                await target.send(key=event.key, value=event.value)
            elif table is not None:
                table[event.key] = event.value
            count.add(1, app)

    return app


def engine_app(arguments: argparse.Namespace) -> Any:
    """Do the same work on the engine."""
    app = create_faust_app(
        EngineSettings(
            group=arguments.prefix + "-engine",
            bootstrap_servers=arguments.bootstrap_servers,
            data_dir=Path(arguments.data_dir),
            partitions=PARTITIONS,
            linger_ms=arguments.linger_ms,
        )
    )
    source = raw_topic(app, arguments.prefix)
    producer = FastProducer(app)
    count = Count(arguments.n)
    body = arguments.body
    target = arguments.prefix + "-out"
    table = state_table(app, "t") if body == "table" else None

    @app.agent(source)
    async def work(stream: Any) -> None:
        async for batch in take_batches(stream, max_events=500):
            for event in batch:
                message = event.message
                if body in ("send", "echo"):
                    await producer.send(target, key=message.key, value=message.value)
                elif table is not None and message.key is not None:
                    await table.put(message.partition, message.key, message.value)
            count.add(len(batch), app)

    return app


async def fill(arguments: argparse.Namespace) -> None:
    """Create the topics; put the events in."""
    admin = AIOKafkaAdminClient(bootstrap_servers=arguments.bootstrap_servers)
    await admin.start()
    topics = [arguments.prefix, arguments.prefix + "-out"]
    await admin.create_topics([NewTopic(t, PARTITIONS, 1) for t in topics])
    await admin.close()
    producer = AIOKafkaProducer(
        bootstrap_servers=arguments.bootstrap_servers, max_batch_size=1 << 17, linger_ms=5
    )
    await producer.start()
    for i in range(arguments.n):
        await producer.send(arguments.prefix, VALUE, key=KEYS[i % len(KEYS)])
    await producer.stop()


async def echo(arguments: argparse.Namespace) -> tuple[float, float]:
    """Send 100 events a second; median and 99th percentile of the echo, in ms."""
    consumer = AIOKafkaConsumer(
        arguments.prefix + "-out", bootstrap_servers=arguments.bootstrap_servers
    )
    producer = AIOKafkaProducer(bootstrap_servers=arguments.bootstrap_servers)
    await consumer.start()
    await producer.start()
    latencies_ms: list[float] = []
    n_warm, n_events = 200, 1_000

    async def read() -> None:
        async for record in consumer:
            latencies_ms.append((time.perf_counter_ns() - int(record.value)) / 1e6)

    reading = asyncio.create_task(read())
    await producer.send_and_wait(arguments.prefix, b"%d" % time.perf_counter_ns())
    while not latencies_ms:
        await asyncio.sleep(0.1)
    latencies_ms.clear()
    started_s = time.perf_counter()
    for i in range(n_warm + n_events):
        await asyncio.sleep(max(0.0, started_s + i * 0.01 - time.perf_counter()))
        key = KEYS[i % len(KEYS)]
        await producer.send(arguments.prefix, b"%d" % time.perf_counter_ns(), key=key)
    await asyncio.sleep(1.0)
    reading.cancel()
    await consumer.stop()
    await producer.stop()
    measured = sorted(latencies_ms[n_warm:])
    return statistics.median(measured), measured[int(len(measured) * 0.99)]


def measure(arguments: argparse.Namespace, engine: str, body: str) -> str:
    """Run one worker process over one kind of work."""
    prefix = f"bench-{uuid.uuid4().hex[:8]}"
    arguments.prefix = prefix
    n = arguments.n if body != "echo" else 0
    with tempfile.TemporaryDirectory() as data_dir:
        arguments.body, kept, arguments.n = body, arguments.n, n
        asyncio.run(fill(arguments))
        arguments.n = kept
        command = [
            sys.executable,
            "-m",
            "benchmarks._faust_noop",
            "--worker",
            engine,
            "--body",
            body,
            "--prefix",
            prefix,
            "--data-dir",
            data_dir,
            "--n",
            str(n or sys.maxsize),
            "--bootstrap-servers",
            arguments.bootstrap_servers,
            "--linger-ms",
            str(arguments.linger_ms),
        ]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as worker:
            try:
                if body == "echo":
                    p50, p99 = asyncio.run(echo(arguments))
                    return f"{p50:.1f} ms p50, {p99:.1f} ms p99"
                assert worker.stdout is not None, "stdout is a pipe"
                for line in worker.stdout:
                    if line.startswith("rate "):
                        return f"{line.split()[1]} events/s"
            finally:
                worker.kill()
    return "the worker failed"


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bootstrap-servers", required=True)
    parser.add_argument("--body", choices=["noop", "send", "table", "echo"], action="append")
    parser.add_argument("--engine", choices=["stock", "engine"], action="append")
    parser.add_argument("--n", type=int, default=30_000)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--linger-ms", type=int, default=0)
    parser.add_argument("--worker", choices=["stock", "engine"], help=argparse.SUPPRESS)
    parser.add_argument("--prefix", help=argparse.SUPPRESS)
    parser.add_argument("--data-dir", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        arguments.body = arguments.body[0]
        make = {"stock": stock_app, "engine": engine_app}[arguments.worker]
        sys.exit(run_worker(make(arguments)))
    bodies = arguments.body or ["noop", "send", "table", "echo"]
    for body in bodies:
        for engine in arguments.engine or ["stock", "engine"]:
            for _ in range(arguments.runs):
                print(engine, body, measure(arguments, engine, body), flush=True)


if __name__ == "__main__":
    main()
