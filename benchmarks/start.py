"""Claim: a stream worker is ready 3 s after its start, and 8 s after the first of an installation.

On a real Kafka with its topics made and nothing in them; beside the reference, a Faust app with one
agent that does nothing, from its start to the end of its first rebalance, in the same run. Warm:
`cherryrec prepare` was run. New: another user's first start, with an empty folder for compiled
loops, which gets those that were left beside the source.

Ready means ready: the first request after it is told in processor time, beside the third.
"""

from __future__ import annotations

import itertools
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from benchmarks._processes import processor_s, threads_s
from benchmarks._report import header, spread, verdict
from benchmarks._system import broker, counts, fill, reference, topics
from benchmarks._traffic import Traffic
from streams.config import KafkaConfig
from streams.stack import Child, free_port, start_child

SEED = 0
N_RUNS = 5
WARM_S, NEW_S = 3.0, 8.0
FIRST_MS = 60.0
N_ARTICLES, N_CANDIDATES, N_REQUESTS = 100, 37, 3
QUIET_S = 1.0
"""What one request is given; what a worker without any takes in it is subtracted."""
POLL_S = 0.01
GIVE_UP_S = 120.0
STEPS = {
    "imports, and the cluster looked at": "compiling loops",
    "loops are read": "compiled loops are ready",
    "the group is joined, tables and topics are read": "owns partitions",
}
"""What ends with which line of a worker's log."""


@dataclass(frozen=True, slots=True)
class Start:
    """What a worker's start took, in seconds, and its first requests, in ms of processor time."""

    wall_s: float
    processor_s: float
    by_step_s: list[float]
    requests_ms: list[float]


def started(servers: str, prefix: str, environment: Mapping[str, str]) -> Start:
    """Start a worker; when it is ready, send it its first articles and requests."""
    kafka = topics(servers, prefix)
    with tempfile.TemporaryDirectory(prefix="cherryrec-bench-") as folder:
        port = free_port()
        own = {
            "CHERRYREC_KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
            "CHERRYREC_KAFKA_PREFIX": kafka.prefix,
            "CHERRYREC_STREAM_HTTP_PORT": str(port),
            "CHERRYREC_STREAM_DATA_DIR": f"{folder}/tables",
            "CHERRYREC_EVALUATOR_ENABLED": "false",
        }
        log_file = Path(folder) / "stream.log"
        began_s, began = time.perf_counter(), time.time()
        child = start_child(
            "stream",
            [sys.executable, "-m", "cherryrec.cli", "worker", "stream"],
            log_file=log_file,
            http_port=port,
            env={**os.environ, **own, **environment},
        )
        try:
            while not child.is_ready():
                assert child.is_running, log_file.read_text()
                assert time.perf_counter() < began_s + GIVE_UP_S, log_file.read_text()
                time.sleep(POLL_S)
            wall_s, taken_s = time.perf_counter() - began_s, processor_s(child.process.pid)
            first = requests_ms(child, kafka)
        finally:
            child.stop()
        return Start(wall_s, taken_s, steps(log_file.read_text(), began), first)


def requests_ms(child: Child, kafka: KafkaConfig) -> list[float]:
    """Return the processor time of a ready worker's first requests, one after the other."""
    traffic = Traffic(n_articles=N_ARTICLES, n_candidates=N_CANDIDATES, seed=SEED)
    fill(kafka, [("articles", one.article_id, one) for one in traffic.articles()])
    while counts(child, ["articles"]) < N_ARTICLES:
        time.sleep(POLL_S)
    taken_ms = []
    for number in range(N_REQUESTS):
        asked = traffic.request(number, n_candidates=N_CANDIDATES)
        without_s = quiet_s(child)
        before_s = threads_s(child.process.pid)
        fill(kafka, [("requests", asked.user_id, asked)])
        quiet_s(child)
        taken_ms.append(1_000 * (threads_s(child.process.pid) - before_s - without_s))
    assert counts(child, ["requests"]) == N_REQUESTS, "each was answered in its time"
    return taken_ms


def quiet_s(child: Child) -> float:
    """Return the processor time that a worker takes while nothing is sent."""
    before = threads_s(child.process.pid)
    time.sleep(QUIET_S)
    return threads_s(child.process.pid) - before


def steps(log: str, began: float) -> list[float]:
    """Return the seconds of each step, as the log has them."""
    ends = [began]
    for line in STEPS.values():
        found = re.search(rf"^(\S+ \S+),(\d+) .*{line}", log, re.MULTILINE)
        assert found, log
        at = datetime.strptime(found[1], "%Y-%m-%d %H:%M:%S").astimezone().timestamp()
        ends.append(at + int(found[2]) / 1_000)
    return [end - start for start, end in itertools.pairwise(ends)]


def idle_s(servers: str, prefix: str) -> float:
    """Return the seconds from the reference's start to the end of its first rebalance."""
    kafka = topics(servers, prefix)
    began_s = time.perf_counter()
    with reference(kafka, ["clicks"]) as process:
        assert process.stdout is not None, "stdout is a pipe"
        for line in process.stdout:
            if line.startswith("ready"):
                return time.perf_counter() - began_s
    message = "the reference ended early"
    raise SystemExit(message)


def main() -> int:
    """Print the table; exit 1 where the claim does not hold."""
    header(f"seconds from a worker's start to its readiness, {N_RUNS} runs", seed=SEED)
    subprocess.run([sys.executable, "-m", "cherryrec.cli", "prepare"], check=True)
    idle: list[float] = []
    warm: list[Start] = []
    new: list[Start] = []
    with broker() as servers:
        for run in range(N_RUNS):
            idle.append(idle_s(servers, f"idle-{run}."))
            warm.append(started(servers, f"warm-{run}.", {}))
            with tempfile.TemporaryDirectory(prefix="cherryrec-bench-") as empty:
                new.append(started(servers, f"new-{run}.", {"NUMBA_CACHE_DIR": empty}))
    for name, column in zip(STEPS, zip(*(one.by_step_s for one in warm), strict=True), strict=True):
        print(f"{name}: {spread(column, 2)} s")
    walls = [[one.wall_s for one in kind] for kind in (warm, new)]
    print(f"worker, warm {spread(walls[0], 2)} s, new {spread(walls[1], 2)} s", end="; ")
    print(f"idle {spread(idle, 2)} s")
    processor = [[one.processor_s for one in kind] for kind in (warm, new)]
    print(f"processor, warm {spread(processor[0], 2)} s, new {spread(processor[1], 2)} s")
    ratio = statistics.median(one.wall_s / i for one, i in zip(warm, idle, strict=True))
    print(f"warm over idle: {ratio:.2f}")
    by_number = list(zip(*(one.requests_ms for one in warm), strict=True))
    print(f"requests once ready, processor ms: {', '.join(spread(one, 1) for one in by_number)}")
    holds = [
        verdict("a warm start, seconds", statistics.median(walls[0]), most=WARM_S),
        verdict("a first start, seconds", statistics.median(walls[1]), most=NEW_S),
        verdict("the first request, processor ms", statistics.median(by_number[0]), most=FIRST_MS),
    ]
    return 0 if all(holds) else 1


if __name__ == "__main__":
    sys.exit(main())
