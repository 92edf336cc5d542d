"""Claim: four stream workers, a core each, take at least three times the events of one.

One, two and four workers on the four partitions of a real Kafka, as many events waiting for each
number: sessions of one request over 37 candidates, an impression and clicks. There are not as many
cores here as workers, so what is compared is processor time: of the worker that took most of it,
which is what a site with a core for each would wait for. One worker more stands by without a
partition: it follows what all follow, articles, counters, labels and models, and what it takes is
the part that more workers do not share.

    python -m benchmarks.scale_out
"""

from __future__ import annotations

import contextlib
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks._processes import memory_mib, processor_s
from benchmarks._readers import Session, Site
from benchmarks._report import header, spread, verdict
from benchmarks._system import Keyed, broker, counts, fill, learner, stream_worker, topics
from streams.config import KafkaConfig
from streams.stack import Child

SEED = 0
N_READERS = 1_000
N_RUNS = 1
WORKERS = (1, 2, 4)
AT_LEAST = 3.0
NAMES = ("requests", "impressions", "clicks")


def events(sessions: Sequence[Session]) -> list[Keyed]:
    """Return the events of sessions in the order of their times."""
    return [
        one
        for session in sessions
        for one in (
            ("requests", session.request.user_id, session.request),
            ("impressions", session.request.user_id, session.impression),
            *(("clicks", click.user_id, click) for click in session.clicks),
        )
    ]


@contextlib.contextmanager
def workers(kafka: KafkaConfig, n: int, folder: Path) -> Iterator[list[Child]]:
    """Run workers that share the partitions, and learner; yield them when all are ready."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(learner(kafka))
        started = [
            stack.enter_context(stream_worker(kafka, folder / f"tables-{k}", f"stream-{k}"))
            for k in range(n)
        ]
        for child in started:
            child.wait_ready(300.0)
        yield started


def run(kafka: KafkaConfig, n: int, drawn: Sequence[Keyed], folder: Path) -> dict[str, float]:
    """Have workers take events; return their rates, and what one that stands by takes."""
    stands_by = n == kafka.partitions
    with workers(kafka, n + stands_by, folder) as started:
        before = [processor_s(one.process.pid) for one in started]
        start_s = time.perf_counter()
        fill(kafka, drawn)
        while sum(counts(one, NAMES) for one in started) < len(drawn):
            time.sleep(0.1)
        took_s = time.perf_counter() - start_s
        after = [processor_s(one.process.pid) for one in started]
        taken = [counts(one, NAMES) for one in started]
        memory = max(memory_mib(one.process.pid) for one in started)
    busy = [then - b for then, b in zip(after, before, strict=True)]
    idle = [b for b, n_taken in zip(busy, taken, strict=True) if not n_taken]
    return {
        "by the clock": len(drawn) / took_s,
        "by processor": len(drawn) / max(busy),
        "ms an event": 1e3 * sum(busy) / len(drawn),
        "shared ms": 1e3 * sum(idle) / len(idle) / len(drawn) if idle else 0.0,
        "MiB": memory,
    }


def main() -> int:
    """Print the table; exit 1 where the claim does not hold."""
    site = Site(seed=SEED)
    articles = list(site.articles())
    drawn = events(site.sessions(N_READERS))
    header(f"{len(drawn):,} events waiting for 1, 2 and 4 workers, {N_RUNS} runs", seed=SEED)
    rates: dict[int, list[float]] = {}
    with broker() as servers, tempfile.TemporaryDirectory(prefix="cherryrec-bench-") as name:
        for n in WORKERS:
            found = []
            for number in range(N_RUNS):
                kafka = topics(servers, f"scale-{n}-{number}.")
                fill(kafka, (("articles", a.article_id, a) for a in articles))
                found.append(run(kafka, n, drawn, Path(name) / f"{n}-{number}"))
            rates[n] = [one["by processor"] for one in found]
            told = ", ".join(
                f"{what} {spread([one[what] for one in found], 2 if 'ms' in what else 0)}"
                for what in found[0]
            )
            print(f"{n} workers: {told}", flush=True)
    ratio = statistics.median(rates[4]) / statistics.median(rates[1])
    return 0 if verdict("events/s, 4 workers over 1", ratio, at_least=AT_LEAST) else 1


if __name__ == "__main__":
    sys.exit(main())
