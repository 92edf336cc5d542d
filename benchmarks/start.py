"""Claim: a stream worker is ready 3 s after its start, and 8 s after the first of an installation.

On a real Kafka with its topics made and nothing in them; beside the reference, a Faust app with one
agent that does nothing, from its start to the end of its first rebalance, in the same run. Warm:
loops are compiled and kept. New: another user's first start, with an empty folder for compiled
loops, which gets those that `cherryrec prepare` left beside the source.
"""

from __future__ import annotations

import itertools
import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from benchmarks._report import header, spread, verdict
from benchmarks._system import broker, reference, topics
from cherryrec.pipeline import PipelineConfig
from streams.stack import free_port, start_child
from streams.warm_up import warm_up

SEED = 0
N_RUNS = 5
WARM_S, NEW_S = 3.0, 8.0
POLL_S = 0.01
GIVE_UP_S = 120.0
STEPS = {
    "imports, and the cluster looked at": "compiling loops",
    "loops are read": "compiled loops are ready",
    "the group is joined, tables and topics are read": "owns partitions",
}
"""What ends with which line of a worker's log."""


def worker_s(
    servers: str, prefix: str, environment: Mapping[str, str]
) -> tuple[float, list[float]]:
    """Return the seconds from a worker's start to its readiness, and those of its steps."""
    kafka = topics(servers, prefix)
    with tempfile.TemporaryDirectory(prefix="cherryrec-bench-") as folder:
        port = free_port()
        own = {
            "CHERRYREC_KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
            "CHERRYREC_KAFKA_PREFIX": kafka.prefix,
            "CHERRYREC_STREAM_HTTP_PORT": str(port),
            "CHERRYREC_STREAM_DATA_DIR": f"{folder}/tables",
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
            taken_s = time.perf_counter() - began_s
        finally:
            child.stop()
        return taken_s, steps(log_file.read_text(), began)


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
    warm_up(PipelineConfig())  # compiles, unless that has been done
    idle, warm, new, taken = [], [], [], []
    with broker() as servers:
        for run in range(N_RUNS):
            idle.append(idle_s(servers, f"idle-{run}."))
            total_s, by_step = worker_s(servers, f"warm-{run}.", {})
            warm.append(total_s)
            taken.append(by_step)
            with tempfile.TemporaryDirectory(prefix="cherryrec-bench-") as empty:
                new.append(worker_s(servers, f"new-{run}.", {"NUMBA_CACHE_DIR": empty})[0])
    for name, column in zip(STEPS, zip(*taken, strict=True), strict=True):
        print(f"{name}: {spread(column, 2)} s")
    print(f"worker, warm {spread(warm, 2)} s, new {spread(new, 2)} s; idle {spread(idle, 2)} s")
    ratio = statistics.median(w / i for w, i in zip(warm, idle, strict=True))
    print(f"warm over idle: {ratio:.2f}")
    holds = verdict("a warm start, seconds", statistics.median(warm), most=WARM_S)
    return 0 if verdict("a first start, seconds", statistics.median(new), most=NEW_S) & holds else 1


if __name__ == "__main__":
    sys.exit(main())
