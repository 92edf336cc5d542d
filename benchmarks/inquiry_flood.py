"""Claim: inquiries take their share of a worker, and no request waits longer for a flood of them.

First what each kind costs beside a request, in processor time over catalogues of 2,000 and 95,000
articles. Then one worker on a real Kafka and 2,000 articles: requests over the whole catalogue,
20 a second, alone, and again beside 200 inquiries a second, far more than their share of the
worker's time answers, and beside as many messages that are no inquiries. A request waits for one
inquiry, and for what refusing the others takes. What a flood takes is the worker's processor time
beside it less that of the requests alone: the share that is set, as much for refusing, and what
fetching each takes. It is to be less than as many requests would take, by the processor time of one
in the same run. On a machine that is busy already the requests alone wait for seconds, and
their waits say nothing: that is said, and fails.

    python -m benchmarks.inquiry_flood
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from benchmarks._report import header, spread, verdict
from benchmarks._system import broker, fill, topics, worker
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
from streams.stack import Child

SEED = 0
KINDS: dict[str, dict[str, object]] = {
    "profile": {"kind": "profile"},
    "what if": {"kind": "what_if", "history": ("a1", "a2"), "without": ("features:exposure",)},
    "what if, a source": {"kind": "what_if", "without": ("knrs:alike",)},
    "why not": {"kind": "why_not", "article_id": "a7"},
}
REQUESTS_PER_S, INQUIRIES_PER_S, RUN_S, WARM_S = 20, 200, 15.0, 3.0
MOST_MORE_MS, MOST_ALONE_MS = 100.0, 100.0
MOST_OF_REQUESTS = 1.0


def costs(n_articles: int) -> float:
    """Print the processor time of a request and of each kind of inquiry; return a request's, ms."""
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
    return statistics.median(base)


def processor_s(child: Child) -> float:
    """Return the processor time that a process has used, in seconds."""
    fields = Path(f"/proc/{child.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def question(traffic: Traffic, name: str, number: int) -> Inquiry:
    """Return an inquiry about one reader and one article in turn."""
    return Inquiry(
        inquiry_id=name,
        user_id=f"U{number % traffic.n_users}",
        asked_at=instant(time.time()),
        kind="why_not",
        article_id=f"N{number % traffic.n_articles}",
    )


async def run(
    kafka: KafkaConfig,
    traffic: Traffic,
    prefix: str,
    *,
    inquiries_per_s: int,
    are_whole: bool = True,
) -> tuple[list[float], Counter[str]]:
    """Ask at the rates; return the milliseconds to each slate, and what inquiries came to.

    Those that are not whole lack their kind.
    """
    names = TopicNames(kafka.prefix)
    slates, answers = names("recommendations"), names("inquiry-answers")
    consumer = AIOKafkaConsumer(
        slates, answers, bootstrap_servers=kafka.bootstrap_servers, fetch_max_wait_ms=5
    )
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap_servers)
    sent: dict[str, float] = {}
    waited_ms: dict[str, float] = {}
    outcomes: Counter[str] = Counter()
    kind = b'"kind":"why_not"' if are_whole else b'"kind":"why"'

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
            one = question(traffic, f"{prefix}{number}", number)
            value = encode(one).replace(b'"kind":"why_not"', kind)
            await producer.send(names("inquiries"), value, key=one.user_id.encode())

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
    if lost := sum(name not in waited_ms for name in late):
        print(f"{lost} requests were not answered")
    return [waited_ms.get(name, float("inf")) for name in late], outcomes


def main(_: Sequence[str]) -> int:
    """Print what was found; exit 1 where a claim does not hold."""
    choose_products()
    header("inquiries beside requests", seed=SEED)
    by_size = {n_articles: costs(n_articles) for n_articles in SIZES}
    request_ms = by_size[SIZES[0]]  # as many as the worker has
    with broker() as servers:
        kafka = topics(servers, "flood.")
        traffic = Traffic(seed=SEED)
        fill(kafka, (("articles", one.article_id, one) for one in traffic.articles()))
        fill(kafka, (("profile-updates", one.user_id, one) for one in traffic.profiles()))
        with worker(kafka) as child:
            asyncio.run(run(kafka, traffic, "warm-", inquiries_per_s=5))
            measured = []
            for name, per_s, are_whole in (
                ("alone", 0, True),
                ("beside inquiries", INQUIRIES_PER_S, True),
                ("beside what is none", INQUIRIES_PER_S, False),
            ):
                began, used_s = time.monotonic(), processor_s(child)
                waited, outcomes = asyncio.run(
                    run(
                        kafka,
                        traffic,
                        f"{name.replace(' ', '-')}-",
                        inquiries_per_s=per_s,
                        are_whole=are_whole,
                    )
                )
                share = (processor_s(child) - used_s) / (time.monotonic() - began)
                ordered = sorted(waited)
                p99 = ordered[int(0.99 * len(ordered))]
                print(
                    f"requests {name}: p50 {statistics.median(ordered):.1f} ms, p99 {p99:.1f} ms; "
                    f"the worker used {share:.1%} of a processor"
                )
                told = ", ".join(f"{n:,} {outcome}" for outcome, n in sorted(outcomes.items()))
                print(f"    inquiries: {told or 'none'}")
                measured.append((name, p99, share))
    (_, p99_alone, share_alone), *floods = measured
    holds = verdict("p99 of requests alone, in ms", p99_alone, most=MOST_ALONE_MS)
    if not holds:
        print("the machine is busy with something else: waits beside a flood say nothing")
    for name, p99, share in floods:
        holds &= verdict(f"{name}: p99 longer by, in ms", p99 - p99_alone, most=MOST_MORE_MS)
        ratio = (share - share_alone) / (INQUIRIES_PER_S * request_ms / 1_000.0)
        holds &= verdict(f"{name}: over as many requests", ratio, most=MOST_OF_REQUESTS)
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
