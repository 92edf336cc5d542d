"""Claim: inquiries take their share of a worker, and no request waits longer for a flood of them.

First what each kind costs beside a request, in processor time over catalogues of 2,000 and 95,000
articles. Then one worker on a real Kafka and 2,000 articles: requests over the whole catalogue,
20 a second, alone, and again beside 200 inquiries a second, ten times what their share of the
worker's time answers. A request waits for one inquiry, and for what refusing the others takes. On a
machine that is busy already the requests alone wait for seconds, and the two say nothing.

    python -m benchmarks.inquiry_flood
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from collections import Counter
from collections.abc import Sequence

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from benchmarks._report import header, spread, verdict
from benchmarks._system import broker, counts, fill, topics, worker
from benchmarks._traffic import Traffic
from benchmarks.catalogue_request import SIZES, START_S, site, timed
from cherryrec.cli.arithmetic import choose_products
from cherryrec.codec import decode, encode
from cherryrec.events import (
    Inquiry,
    InquiryAnswer,
    Recommendation,
    RecommendationRequest,
    instant,
)
from cherryrec.inquiries import inquire
from cherryrec.pipeline import Position
from cherryrec.topics import TopicNames
from streams.config import KafkaConfig

SEED = 0
KINDS: dict[str, dict[str, object]] = {
    "profile": {"kind": "profile"},
    "what if": {"kind": "what_if", "history": ("a1", "a2"), "without": ("features:exposure",)},
    "what if, a source": {"kind": "what_if", "without": ("knrs:alike",)},
    "why not": {"kind": "why_not", "article_id": "a7"},
}
REQUESTS_PER_S, INQUIRIES_PER_S, RUN_S, WARM_S = 20, 200, 15.0, 3.0
MOST_MORE_MS = 100.0


def costs(n_articles: int) -> None:
    """Print the processor time of a request and of each kind of inquiry."""
    pipeline = site(n_articles, SEED)

    def request(number: int) -> object:
        asked = RecommendationRequest(
            request_id=f"q{number}", user_id="reader", requested_at=instant(START_S + number)
        )
        return pipeline.preview(0, asked)

    base = [1_000 * one for one in timed(request)]
    print(f"{n_articles:,} articles: a request {spread(base, 1)} ms")
    for name, fields in KINDS.items():

        def ask(number: int, fields: dict[str, object] = fields) -> object:
            inquiry = Inquiry(
                inquiry_id=f"q{number}",
                user_id="reader",
                asked_at=instant(START_S + number),
                **fields,  # type: ignore[arg-type]
            )
            return inquire(pipeline, Position(0, number), inquiry)

        own = [1_000 * one for one in timed(ask)]
        ratio = statistics.median(own) / statistics.median(base)
        print(f"    {name}: {spread(own, 1)} ms, {ratio:.1f} requests")


async def run(
    kafka: KafkaConfig, traffic: Traffic, prefix: str, *, inquiries_per_s: int
) -> tuple[list[float], Counter[str]]:
    """Ask at the rates; return the milliseconds to each slate, and what inquiries came to."""
    names = TopicNames(kafka.prefix)
    slates, answers = names("recommendations"), names("inquiry-answers")
    consumer = AIOKafkaConsumer(
        slates, answers, bootstrap_servers=kafka.bootstrap_servers, fetch_max_wait_ms=5
    )
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap_servers)
    sent: dict[str, float] = {}
    waited_ms: dict[str, float] = {}
    outcomes: Counter[str] = Counter()

    async def read() -> None:
        async for record in consumer:
            now = time.perf_counter()
            if record.topic == answers:
                answer = decode(InquiryAnswer, record.value, max_bytes=4 << 20)
                outcomes[answer.outcome] += answer.inquiry_id.startswith(prefix)
            else:
                slate = decode(Recommendation, record.value, max_bytes=4 << 20)
                if slate.request_id in sent:
                    waited_ms.setdefault(slate.request_id, 1_000 * (now - sent[slate.request_id]))

    async def requests() -> None:
        began = time.perf_counter()
        for number in range(int(REQUESTS_PER_S * RUN_S)):
            await asyncio.sleep(max(0.0, began + number / REQUESTS_PER_S - time.perf_counter()))
            name = f"{prefix}{number}"
            one = RecommendationRequest(
                request_id=name,
                user_id=f"U{number % traffic.n_users}",
                requested_at=instant(time.time()),
            )
            sent[name] = time.perf_counter()
            await producer.send(names("requests"), encode(one), key=one.user_id.encode())

    async def inquiries() -> None:
        began = time.perf_counter()
        for number in range(int(inquiries_per_s * RUN_S)):
            wait_s = began + number / inquiries_per_s - time.perf_counter()
            if wait_s > 0:
                await asyncio.sleep(wait_s)
            user = f"U{number % traffic.n_users}"
            one = Inquiry(
                inquiry_id=f"{prefix}{number}",
                user_id=user,
                asked_at=instant(time.time()),
                kind="why_not",
                article_id=f"N{number % traffic.n_articles}",
            )
            await producer.send(names("inquiries"), encode(one), key=user.encode())

    await consumer.start()
    await producer.start()
    reading = asyncio.create_task(read())
    try:
        await asyncio.gather(requests(), inquiries())
        await producer.flush()
        await asyncio.sleep(3.0)
    finally:
        if reading.done():
            reading.result()
        reading.cancel()
        await producer.stop()
        await consumer.stop()
    late = [f"{prefix}{k}" for k in range(int(REQUESTS_PER_S * WARM_S), len(sent))]
    lost = sum(name not in waited_ms for name in late)
    if lost:
        print(f"{lost} requests were not answered")
    return [waited_ms.get(name, float("inf")) for name in late], outcomes


def main(_: Sequence[str]) -> int:
    """Print what was found; exit 1 where requests wait longer than claimed."""
    choose_products()
    header("inquiries beside requests", seed=SEED)
    for n_articles in SIZES:
        costs(n_articles)
    with broker() as servers:
        kafka = topics(servers, "flood.")
        traffic = Traffic(seed=SEED)
        fill(kafka, (("articles", one.article_id, one) for one in traffic.articles()))
        fill(kafka, (("profile-updates", one.user_id, one) for one in traffic.profiles()))
        with worker(kafka) as child:
            asyncio.run(run(kafka, traffic, "warm-", inquiries_per_s=5))
            alone, _none = asyncio.run(run(kafka, traffic, "alone-", inquiries_per_s=0))
            beside, outcomes = asyncio.run(
                run(kafka, traffic, "beside-", inquiries_per_s=INQUIRIES_PER_S)
            )
            print(f"applied by the worker: {counts(child, ['inquiries']):,.0f} inquiries")
    p99 = []
    for name, waited in (("alone", alone), ("beside the flood", beside)):
        ordered = sorted(waited)
        p99.append(ordered[int(0.99 * len(ordered))])
        print(f"requests {name}: p50 {statistics.median(ordered):.1f} ms, p99 {p99[-1]:.1f} ms")
    print(", ".join(f"{n:,} {outcome}" for outcome, n in sorted(outcomes.items())))
    return 0 if verdict("p99 longer by, in ms", p99[1] - p99[0], most=MOST_MORE_MS) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
