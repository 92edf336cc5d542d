"""Claim: 300 requests a second through the gateway for a minute, none lost, near what an echo is.

An open-loop client over HTTP, 100 candidates a request, without CnLE; broker, worker, learner,
gateway and client share this machine. Beside it, in the same run, the same gateway in front of a
plain Faust agent that sends back what it gets. Latencies count from when a request was due. Another
time and rate: `python -m benchmarks.gateway_throughput SECONDS PER_SECOND`.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from collections import Counter
from collections.abc import Sequence

import aiohttp
import msgspec

from benchmarks._report import header, verdict
from benchmarks._system import broker, counts, fill, gateway, reference, topics, worker
from benchmarks._traffic import Traffic

SEED = 0
SECONDS = int(sys.argv[1]) if len(sys.argv) > 1 else 60
PER_SECOND = int(sys.argv[2]) if len(sys.argv) > 2 else 300
WARM_S = 5
N_CANDIDATES = 100
AT_MOST = 2.5


class Answers:
    """What came back: the milliseconds to each answer, and what was served how often."""

    def __init__(self) -> None:
        self.latencies_ms: list[float] = []
        self.served: Counter[str] = Counter()
        self.n_bytes = 0

    def say(self, name: str) -> None:
        """Print a line."""
        kinds = ", ".join(f"{kind} {n:,}" for kind, n in sorted(self.served.items()))
        p50, p99 = percentiles(self.latencies_ms)
        per_answer = self.n_bytes / max(1, len(self.latencies_ms))
        print(f"{name}: {kinds}; p50 {p50:.1f} ms, p99 {p99:.1f} ms, {per_answer:,.0f} bytes each")


class Head(msgspec.Struct):
    """What is read of an answer; an echo has no slate."""

    served: str


def percentiles(latencies_ms: Sequence[float]) -> tuple[float, float]:
    """Return median and 99th percentile."""
    ordered = sorted(latencies_ms)
    return statistics.median(ordered), ordered[int(0.99 * len(ordered))]


def bodies(traffic: Traffic) -> list[bytes]:
    """Draw the bodies of all requests: what a site sends, without the gateway's own fields."""
    drawn = []
    for number in range(PER_SECOND * (WARM_S + SECONDS)):
        request = traffic.request(number, n_candidates=N_CANDIDATES)
        body = {"user_id": request.user_id, "candidates": request.candidates, "slate_size": 10}
        drawn.append(msgspec.json.encode(body))
    return drawn


async def ask(url: str, traffic: Traffic) -> Answers:
    """Send the requests at their rate, whatever comes back; the warm-up is not counted."""
    answers = Answers()
    headers = {"Content-Type": "application/json"}
    connector = aiohttp.TCPConnector(limit=0)

    async def one(client: aiohttp.ClientSession, body: bytes, due_s: float, counts: bool) -> None:
        try:
            async with client.post(
                f"{url}/v1/recommendations", data=body, headers=headers
            ) as answer:
                raw = await answer.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            kind, n_bytes = type(error).__name__, 0
        else:
            n_bytes, is_good = len(raw), answer.status == 200
            kind = msgspec.json.decode(raw, type=Head).served if is_good else str(answer.status)
        if counts:
            answers.served[kind] += 1
            answers.latencies_ms.append(1e3 * (time.perf_counter() - due_s))
            answers.n_bytes += n_bytes

    drawn = bodies(traffic)
    timeout = aiohttp.ClientTimeout(total=30.0)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as client:
        tasks = []
        started_s = time.perf_counter() + 0.1
        for number, body in enumerate(drawn):
            due_s = started_s + number / PER_SECOND
            await asyncio.sleep(max(0.0, due_s - time.perf_counter()))
            is_counted = number >= PER_SECOND * WARM_S
            tasks.append(asyncio.create_task(one(client, body, due_s, is_counted)))
        await asyncio.gather(*tasks)
    return answers


def echo(servers: str) -> Answers:
    """Measure the reference behind the gateway: the request itself comes back."""
    kafka = topics(servers, "echo.")
    with reference(kafka, ["requests"], echo="recommendations"), gateway(kafka) as url:
        time.sleep(3.0)
        return asyncio.run(ask(url, Traffic(seed=SEED)))


def recommended(servers: str) -> Answers:
    """Measure our worker behind it, its articles and readers known beforehand."""
    kafka = topics(servers, "ours.")
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
        with gateway(kafka) as url:
            return asyncio.run(ask(url, traffic))


def main() -> int:
    """Print the figures; exit 1 where the claim does not hold."""
    header(
        f"{PER_SECOND} requests a second through the gateway for {SECONDS} s, "
        f"{N_CANDIDATES} candidates",
        seed=SEED,
    )
    with broker() as servers:
        theirs = echo(servers)
        ours = recommended(servers)
    theirs.say("echo behind the gateway")
    ours.say("recommendations")
    n_asked = PER_SECOND * SECONDS
    lost = 100.0 * (n_asked - ours.served["answer"]) / n_asked
    holds = verdict("percent of requests without their own answer", lost, most=0.0)
    ratio = percentiles(ours.latencies_ms)[1] / percentiles(theirs.latencies_ms)[1]
    return 0 if verdict("p99 over echo", ratio, most=AT_MOST) and holds else 1


if __name__ == "__main__":
    sys.exit(main())
