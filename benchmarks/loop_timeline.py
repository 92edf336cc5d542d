"""Claim: none; what a stream worker's loop does between the arrival of a request and its answer.

100 requests a second over the whole catalogue for a minute, for five of them one slate that is
shown and for twenty one click, through a real Kafka with a learner that publishes models. Of every
request the time from sending to its answer is shared out among what the loop did then: its own
selection and ranking, other steps by name, collections of garbage; the rest the loop was idle, and
the request on its way. One table of all requests, and one of the slowest hundredth. Where other
work has the cores, fewer requests a second say more:

    python -m benchmarks.loop_timeline [PER_SECOND [SECONDS]]
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from benchmarks._report import header
from benchmarks._system import broker, counts, fill, topics
from benchmarks._traffic import Traffic
from cherryrec.cli.options import cache_dir
from cherryrec.codec import decode, encode
from cherryrec.events import Recommendation, instant
from cherryrec.topics import TopicNames
from streams.config import KafkaConfig
from streams.stack import Child, LocalStack, StackSettings, free_port, start_child

SEED = 0
PER_SECOND, SECONDS, WARM_S = 100.0, 60.0, 5.0
EVERY_SHOWN, EVERY_CLICKED = 5, 20
N_ROWS = 18


class NotingStack(LocalStack):
    """The stack with a stream worker that notes what its loop does."""

    def _start(self, kind: str, number: int = 0, *, port: int = 0) -> Child:
        if kind != "stream":
            return super()._start(kind, number, port=port)
        port = port or free_port()
        child = start_child(
            kind,
            [sys.executable, "-m", "benchmarks._loop", str(self.settings.folder / "loop.npz")],
            log_file=self.settings.folder / "logs" / f"{kind}.log",
            http_port=port,
            env=self._environment(kind, kind, port),
        )
        self._ends.callback(child.stop)
        return child


@contextlib.contextmanager
def noting(kafka: KafkaConfig, folder: Path) -> Iterator[Child]:
    """Run the worker and a learner; yield the worker when it is ready."""
    settings = StackSettings(
        folder=folder,
        cache_dir=cache_dir(),
        kafka=kafka,
        starts_kafka=False,
        environment={"CHERRYREC_EVALUATOR_LATE_AFTER_S": "600"},
        restarts=None,
    )
    with NotingStack(settings) as running:
        yield running.workers[0]


async def ask(
    kafka: KafkaConfig, traffic: Traffic, *, per_second: float, seconds: float
) -> list[tuple[float, float]]:
    """Send requests, slates and clicks; return when each request was sent and answered."""
    names = TopicNames(kafka.prefix)
    consumer = AIOKafkaConsumer(
        names("recommendations"), bootstrap_servers=kafka.bootstrap_servers, fetch_max_wait_ms=5
    )
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap_servers)
    sent: dict[str, float] = {}
    answered: dict[str, float] = {}

    async def read() -> None:
        async for record in consumer:
            now = time.perf_counter()
            answered.setdefault(decode(Recommendation, record.value).request_id, now)

    async def send(topic: str, event: Any) -> None:
        await producer.send(names(topic), encode(event), key=event.user_id.encode())

    await consumer.start()
    await producer.start()
    reading = asyncio.create_task(read())
    started_s = time.perf_counter()
    for number in range(int(per_second * (WARM_S + seconds))):
        request = traffic.request(number, n_candidates=None)
        await asyncio.sleep(max(0.0, started_s + number / per_second - time.perf_counter()))
        if number % EVERY_SHOWN == 0:
            await send("impressions", now_shown(traffic, number))
        if number % EVERY_CLICKED == 0:
            click = traffic.click(1_000 + number)
            await send("clicks", msgspec.structs.replace(click, clicked_at=instant(time.time())))
        sent[request.request_id] = time.perf_counter()
        await send("requests", msgspec.structs.replace(request, requested_at=instant(time.time())))
    give_up_s = time.perf_counter() + 30
    while len(answered) < len(sent) and time.perf_counter() < give_up_s:
        await asyncio.sleep(0.05)
    reading.cancel()
    await consumer.stop()
    await producer.stop()
    measured = list(sent)[int(per_second * WARM_S) :]
    return [(sent[key], answered[key]) for key in measured if key in answered]


def now_shown(traffic: Traffic, number: int) -> Any:
    """Draw a slate that a reader is shown now."""
    shown = traffic.impression(10_000 + number)
    return msgspec.structs.replace(shown, shown_at=instant(time.time()))


def shared_out(notes: Any, requests: Sequence[tuple[float, float]]) -> dict[str, float]:
    """Return the milliseconds of a request by what the loop did meanwhile."""
    starts, ends, which, names = (notes[key] for key in ("starts", "ends", "which", "names"))
    spent: dict[str, float] = defaultdict(float)
    for sent_s, answered_s in requests:
        first, last = np.searchsorted(ends, sent_s), np.searchsorted(starts, answered_s)
        part = slice(first, last)
        lengths = np.minimum(ends[part], answered_s) - np.maximum(starts[part], sent_s)
        by_name = np.bincount(which[part], lengths, minlength=len(names))
        for code in np.flatnonzero(by_name).tolist():
            spent[str(names[code])] += by_name[code]
        spent["idle, or on its way"] += answered_s - sent_s - float(lengths.sum())
    return {name: 1_000 * one / len(requests) for name, one in spent.items()}


def print_table(title: str, spent: dict[str, float]) -> None:
    """Print what took most of a request."""
    total = sum(spent.values())
    print(f"\n{title}: {total:.1f} ms a request")
    for name, one in sorted(spent.items(), key=lambda pair: -pair[1])[:N_ROWS]:
        print(f"  {one:7.2f} ms  {one / total:6.1%}  {name}")


def print_steps(notes: Any, since_s: float, until_s: float) -> None:
    """Print the longest steps of tasks, and what of them was waiting for a processor."""
    starts, names = notes["step_starts"], notes["names"]
    kept = (starts >= since_s) & (starts < until_s)
    wall = (notes["step_ends"] - starts)[kept]
    processor, which = notes["step_processor"][kept], notes["step_which"][kept]
    span_s = until_s - since_s
    print(f"\nsteps of tasks: the loop is busy {wall.sum() / span_s:.0%} of the time,", end=" ")
    print(f"of which {1 - processor.sum() / wall.sum():.0%} waits for a processor or a thread")
    for code in np.argsort(-np.bincount(which, wall))[:N_ROWS].tolist():
        own = 1_000 * wall[which == code]
        print(
            f"  {own.sum() / 1_000 / span_s:6.1%} of the time  {len(own) / span_s:7.1f}/s  "
            f"p99 {np.quantile(own, 0.99):7.2f}  longest {own.max():7.1f} ms  {names[code]}"
        )


def print_collections(notes: Any, since_s: float, until_s: float) -> None:
    """Print how long the loop stood still for collections of garbage."""
    starts, names, span_s = notes["starts"], notes["names"].tolist(), until_s - since_s
    kept = (starts >= since_s) & (starts < until_s)
    print("\ncollections of garbage:")
    for code in (code for code, name in enumerate(names) if name.startswith("collection")):
        own = 1_000 * (notes["ends"] - starts)[(notes["which"] == code) & kept]
        print(
            f"  {len(own) / span_s:6.2f}/s  {own.sum() / 1_000 / span_s:6.2%} of the time  "
            f"longest {own.max(initial=0.0):6.1f} ms  {names[code]}"
        )


def main(arguments: Sequence[str]) -> int:
    """Run a worker for a minute; print where the time of its requests went."""
    per_second, seconds = (*map(float, arguments), *(PER_SECOND, SECONDS)[len(arguments) :])
    header(f"a worker's loop at {per_second:g} requests/s for {seconds:g} s", seed=SEED)
    with broker() as servers, tempfile.TemporaryDirectory(prefix="cherryrec-bench-") as folder:
        kafka, traffic = topics(servers, "timeline."), Traffic(seed=SEED)
        fill(kafka, (("articles", a.article_id, a) for a in traffic.articles()))
        with noting(kafka, Path(folder)) as child:
            fill(kafka, (("profile-updates", p.user_id, p) for p in traffic.profiles()))
            shown = [traffic.impression(number) for number in range(2_000)]
            fill(kafka, (("impressions", i.user_id, i) for i in shown))
            fill(kafka, (("clicks", c.user_id, c) for c in map(traffic.click, range(400))))
            while counts(child, ["impressions", "clicks"]) < len(shown) + 400:
                time.sleep(0.1)
            asked = asyncio.run(ask(kafka, traffic, per_second=per_second, seconds=seconds))
        notes = np.load(Path(folder) / "loop.npz")
    asked.sort(key=lambda one: one[1] - one[0])
    latencies_ms = [1_000 * (answered - sent) for sent, answered in asked]
    middle, tail = len(asked) // 2, int(0.99 * len(asked))
    print(f"p50 {latencies_ms[middle]:.1f} ms, p99 {latencies_ms[tail]:.1f} ms, ", end="")
    print(f"longest {latencies_ms[-1]:.1f} ms")
    print_table("all requests", shared_out(notes, asked))
    print_table("the slowest hundredth", shared_out(notes, asked[tail:]))
    since_s, until_s = min(sent for sent, _ in asked), max(answered for _, answered in asked)
    print_steps(notes, since_s, until_s)
    print_collections(notes, since_s, until_s)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
