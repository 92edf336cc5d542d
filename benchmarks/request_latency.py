"""Claim: from request to recommendation takes at most three times what an echo takes.

100 requests a second through a real Kafka without CnLE, given 37 candidates and over a whole
catalogue, next to a plain Faust agent that sends back what it gets, in the same run. Told are
median, 99th percentile, and how long the last requests took: above the median many times over, a
worker falls behind.

    python -m benchmarks.request_latency           as claimed
    python -m benchmarks.request_latency 200 100   another rate, for so many candidates, for 60 s
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from benchmarks._report import header, spread, verdict
from benchmarks._system import broker, counts, fill, reference, topics, worker
from benchmarks._traffic import Traffic
from cherryrec.codec import decode, encode
from cherryrec.events import Recommendation, RecommendationRequest
from cherryrec.topics import TopicNames
from streams.config import KafkaConfig

SEED = 0
PER_SECOND = 100
N_WARM = 300
N_REQUESTS = 1_500
N_RUNS = 3
HELD_S = 60
N_LAST = 100
AT_MOST = 3.0
KINDS: dict[str, int | None] = {"37 candidates": 37, "whole catalogue": None}


def percentiles(latencies_ms: Sequence[float]) -> tuple[float, float, float]:
    """Return median, 99th percentile, and the median of the last."""
    ordered, last = sorted(latencies_ms), latencies_ms[-N_LAST:]
    return statistics.median(ordered), ordered[int(0.99 * len(ordered))], statistics.median(last)


@dataclass(frozen=True, slots=True)
class Load:
    """How many requests a second, how many after the warm-up, and how many candidates each."""

    per_s: int
    n_requests: int
    n_candidates: int | None


async def ask(
    kafka: KafkaConfig, answers: str, message: type, traffic: Traffic, load: Load
) -> list[float]:
    """Send requests at the rate; return the milliseconds to each answer, the warm-up apart."""
    names = TopicNames(kafka.prefix)
    consumer = AIOKafkaConsumer(
        names(answers), bootstrap_servers=kafka.bootstrap_servers, fetch_max_wait_ms=5
    )
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap_servers)
    sent: dict[str, float] = {}
    latencies_ms: dict[str, float] = {}

    async def read() -> None:
        async for record in consumer:
            now = time.perf_counter()
            request_id: str = decode(message, record.value).request_id
            latencies_ms.setdefault(request_id, 1_000 * (now - sent[request_id]))

    await consumer.start()
    await producer.start()
    reading = asyncio.create_task(read())
    started_s = time.perf_counter()
    for number in range(N_WARM + load.n_requests):
        request = traffic.request(number, n_candidates=load.n_candidates)
        value = encode(request)
        await asyncio.sleep(max(0.0, started_s + number / load.per_s - time.perf_counter()))
        sent[request.request_id] = time.perf_counter()
        await producer.send(names("requests"), value, key=request.user_id.encode())
    give_up_s = time.perf_counter() + 30
    while len(latencies_ms) < len(sent) and time.perf_counter() < give_up_s:
        await asyncio.sleep(0.05)
    reading.cancel()
    await consumer.stop()
    await producer.stop()
    if len(latencies_ms) < len(sent):
        print(f"{len(sent) - len(latencies_ms)} of {len(sent)} requests were not answered")
    return [latencies_ms[key] for key in list(sent)[N_WARM:] if key in latencies_ms]


def echo(servers: str, prefix: str, load: Load) -> tuple[float, float, float]:
    """Measure the reference: the request itself comes back."""
    kafka = topics(servers, prefix)
    traffic = Traffic(seed=SEED)
    with reference(kafka, ["requests"], echo="recommendations"):
        time.sleep(3.0)
        asked = ask(kafka, "recommendations", RecommendationRequest, traffic, load)
        return percentiles(asyncio.run(asked))


def recommended(servers: str, prefix: str, load: Load) -> tuple[float, float, float]:
    """Measure our worker, its articles and readers known beforehand."""
    kafka = topics(servers, prefix)
    traffic = Traffic(seed=SEED)
    fill(kafka, (("articles", a.article_id, a) for a in traffic.articles()))
    with worker(kafka) as child:
        fill(kafka, (("profile-updates", p.user_id, p) for p in traffic.profiles()))
        shown = [traffic.impression(number) for number in range(2_000)]
        clicks = [traffic.click(number) for number in range(400)]
        fill(kafka, (("impressions", i.user_id, i) for i in shown))
        fill(kafka, (("clicks", c.user_id, c) for c in clicks))
        while counts(child, ["impressions", "clicks"]) < len(shown) + len(clicks):
            time.sleep(0.1)
        asked = ask(kafka, "recommendations", Recommendation, traffic, load)
        return percentiles(asyncio.run(asked))


def main(arguments: Sequence[str]) -> int:
    """Print the table; exit 1 where the claim does not hold."""
    loads = {kind: Load(PER_SECOND, N_REQUESTS, n) for kind, n in KINDS.items()}
    n_runs = N_RUNS
    if arguments:
        per_s, n_candidates = int(arguments[0]), int(arguments[1])
        loads = {f"{n_candidates} candidates": Load(per_s, HELD_S * per_s, n_candidates)}
        n_runs = 1
    header(
        ", ".join(f"{one.n_requests:,} requests at {one.per_s}/s, {k}" for k, one in loads.items())
        + f", against an echo, {n_runs} runs",
        seed=SEED,
    )
    holds = True
    with broker() as servers:
        for kind, load in loads.items():
            ours, echoes = [], []
            asked = replace(load, n_candidates=load.n_candidates or 37)  # as large a message
            for run in range(n_runs):
                name = f"{kind.replace(' ', '-')}-{run}."
                echoes.append(echo(servers, f"echo-{name}", asked))
                ours.append(recommended(servers, f"ours-{name}", load))
            for index, percentile in enumerate(("p50", "p99", f"the last {N_LAST}")):
                mine = [found[index] for found in ours]
                theirs = [found[index] for found in echoes]
                print(
                    f"{kind}, {percentile}: recommendation {spread(mine, 1)} ms, "
                    f"echo {spread(theirs, 1)} ms"
                )
                ratio = statistics.median(o / e for o, e in zip(mine, theirs, strict=True))
                if percentile in {"p50", "p99"}:
                    holds &= verdict(f"{kind}, {percentile} over echo", ratio, most=AT_MOST)
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
