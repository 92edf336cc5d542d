"""Claim: with four times what it can learn, a learner is never further behind than set.

A real Kafka and a learner's process. First it is given examples that wait, which says how many it
learns a second of one core; then they come at four times that rate, with `learner.sample_beyond`
set so low that half a minute shows what it does: once so that a share is learned when too many
wait, and once so that all are. Examples are of slates of ten out of 37 candidates, as sites send
them.

    python -m benchmarks.learner_capacity
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Sequence

import msgspec
from aiokafka import AIOKafkaProducer

from benchmarks._processes import gauge, processor_s
from benchmarks._readers import Site
from benchmarks._report import header, spread, verdict
from benchmarks._system import broker, fill, learner, outcomes, topics
from cherryrec.codec import encode
from cherryrec.events import Example
from cherryrec.pipeline import Send
from cherryrec.system import LocalSystem
from cherryrec.topics import TopicNames
from streams.config import KafkaConfig
from streams.stack import Child

SEED = 0
N_READERS = 600
N_LEARNED = 1_500
TIMES = 4.0
SECONDS = 40
BEYOND = 500
N_RUNS = 3


def examples() -> list[Example]:
    """Return what a site's sessions teach."""
    site, found = Site(seed=SEED), list[Example]()

    def note(send: Send) -> None:
        if isinstance(send.event, Example):
            found.append(send.event)

    system = LocalSystem(is_learning=False, on_send=note)
    for article in site.articles():
        system.send(article)
    for session in site.sessions(N_READERS):
        system.send(session.request)
        system.send(session.impression)
        for click in session.clicks:
            system.send(click)
    system.advance(site.end_s)
    return found


def named(drawn: Sequence[Example], number: int) -> Example:
    """Return one of them under a name of its own."""
    one = drawn[number % len(drawn)]
    return msgspec.structs.replace(one, example_id=f"{number}:1")


def capacity(servers: str, run: int, drawn: Sequence[Example]) -> tuple[float, float]:
    """Measure how many waiting examples are learned a second, and a second of one core."""
    kafka = topics(servers, f"waiting-{run}.")
    fill(kafka, (("examples", one.user_id, one) for one in _many(drawn, N_LEARNED)))
    with learner(kafka) as child:
        while (n_first := learned(child)) < N_LEARNED // 10:
            time.sleep(0.05)
        started, busy = time.perf_counter(), processor_s(child.process.pid)
        while (n := learned(child)) < N_LEARNED:
            time.sleep(0.05)
        took_s = time.perf_counter() - started
        return (n - n_first) / took_s, (n - n_first) / (processor_s(child.process.pid) - busy)


def learned(child: Child) -> int:
    """Read how many examples a learner has learned."""
    return outcomes(child, "examples")["applied"]


def _many(drawn: Sequence[Example], n: int) -> list[Example]:
    return [named(drawn, number) for number in range(n)]


def overloaded(kafka: KafkaConfig, rate: float, drawn: Sequence[Example], beyond: int) -> list[int]:
    """Have examples come at a rate; return how many wait, second by second."""

    async def send() -> list[int]:
        producer = AIOKafkaProducer(
            bootstrap_servers=kafka.bootstrap_servers, max_batch_size=1 << 18, linger_ms=20
        )
        await producer.start()
        topic, after, n_sent = TopicNames(kafka.prefix)("examples"), list[int](), 0
        started = time.perf_counter()
        try:
            for second in range(1, SECONDS + 1):
                while n_sent < rate * second:
                    one = named(drawn, n_sent)
                    await producer.send(topic, encode(one), key=one.user_id.encode())
                    n_sent += 1
                await asyncio.sleep(max(0.0, started + second - time.perf_counter()))
                seen = await asyncio.to_thread(outcomes, child, "examples")
                after.append(n_sent - sum(seen.values()))
        finally:
            await producer.stop()
        seen = outcomes(child, "examples")
        share, total = gauge(child, "cherryrec_learned_share"), sum(seen.values())
        print(
            f"    beyond {beyond:,}: {seen['applied']:,} of {total:,} learned, now one in "
            f"{1 / share:.0f}; waiting after {SECONDS // 2} s {after[SECONDS // 2 - 1]:,}, after "
            f"{SECONDS} s {after[-1]:,}, at most {max(after):,}",
            flush=True,
        )
        return after

    with learner(kafka, {"CHERRYREC_LEARNER_SAMPLE_BEYOND": str(beyond)}) as child:
        return asyncio.run(send())


def main() -> int:
    """Print the figures; exit 1 where the claim does not hold."""
    header(f"a learner with {TIMES:g} times what it can learn, for {SECONDS} s", seed=SEED)
    drawn = examples()
    size = sum(len(encode(one)) for one in drawn) / len(drawn)
    print(f"{len(drawn):,} examples of {size / 1e3:.1f} KB")
    with broker() as servers:
        pairs = [capacity(servers, run, drawn) for run in range(N_RUNS)]
        rates, by_core = zip(*pairs, strict=True)
        print(f"examples/s {spread(rates)}, of one core {spread(by_core)}", flush=True)
        rate = TIMES * max(rates)
        sampled = overloaded(topics(servers, "sampled."), rate, drawn, BEYOND)
        overloaded(topics(servers, "all."), rate, drawn, 0)
    most = 2 * BEYOND * TIMES
    return 0 if verdict("most that wait over what may", max(sampled) / most, most=1.0) else 1


if __name__ == "__main__":
    sys.exit(main())
