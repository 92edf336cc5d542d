"""Claim: traces of all requests cost each at most 15 % more, of one in a hundred 5 %.

A stream worker's agent without a broker: requests for 37 given candidates are read, ranked and
sent to a sender that keeps nothing, with traces off, of one in a hundred and of all, in the same
run. Spans go through OpenTelemetry's batches to an exporter that drops them. Beside it: what a span
of OpenTelemetry's API takes where nothing makes spans, and the bytes of the header that goes along.
"""

from __future__ import annotations

import asyncio
import sys
import time
import timeit
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import msgspec
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio
from opentelemetry.trace import NoOpTracer

from benchmarks._report import header, spread, verdict
from benchmarks._traffic import Traffic
from cherryrec.codec import encode
from cherryrec.learner import Learner
from cherryrec.pipeline import Effects, MemoryStore, Models, Pipeline, PipelineConfig
from cherryrec.topics import TopicNames
from cherryrec.tracing import Tracer
from streams.agents import Agent, agent_specs
from streams.config import StreamConfig
from streams.engine import Arrivals, BrokerClock, DeadLetters, Metrics, Mover, RecordingSender
from streams.model_age import ModelAge
from streams.outbox import Outbox
from streams.tracing import request_traces

SEED = 0
N_ARTICLES, N_CANDIDATES, N_REQUESTS, N_RUNS = 500, 37, 500, 9
BATCH, N_SPANS = 50, 20_000
KINDS: dict[str, float | None] = {"off": None, "1 in 100": 0.01, "all": 1.0}
AT_MOST = {"1 in 100": 1.05, "all": 1.15}


class Dropped(SpanExporter):
    """Takes spans, and keeps none."""

    def export(self, spans: Sequence[Any]) -> SpanExportResult:
        """Drop them."""
        return SpanExportResult.SUCCESS


def tracer_of(rate: float | None) -> Tracer | None:
    """Make a tracer whose spans are batched and dropped."""
    if rate is None:
        return None
    provider = TracerProvider(sampler=ParentBasedTraceIdRatio(rate), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(Dropped()))
    return Tracer(provider)


class Desk:
    """The agent of `requests` over a pipeline with articles, and its way out.

    Parameters
    ----------
    sample_rate
        Of traces; None: they are off.
    """

    def __init__(self, sample_rate: float | None) -> None:
        config, names, metrics = PipelineConfig(), TopicNames(), Metrics()
        traffic = Traffic(n_articles=N_ARTICLES, seed=SEED)
        models = Models(scorer=Learner(config.knrs, config.vans).vans)
        pipeline = Pipeline(config, models, profiles=MemoryStore(), requests=MemoryStore())
        for article in traffic.articles():
            pipeline.article(article.article_id, article, now=traffic.start_s)
        self.sender, self.traffic, self.n_read = RecordingSender(), traffic, 0
        broker_clock = BrokerClock(time.time)
        traces = request_traces(tracer_of(sample_rate), pipeline, names, broker_clock)
        self.outbox = Outbox(
            self.sender,
            names,
            metrics=metrics,
            model_age=ModelAge(120.0),
            broker_clock=broker_clock,
            clock=time.time,
            traces=traces,
        )
        specs = agent_specs(
            pipeline,
            clock=time.time,
            config=StreamConfig(),
            count_title=lambda _: None,
        )
        spec = next(one for one in specs if one.rules.topic == "requests")
        self.agent: Agent[Any] = Agent(
            spec.rules,
            spec.apply,
            deliver=self.deliver,
            may_start=asyncio.Event(),
            dead_letters=DeadLetters(self.sender, topic="dead-letters", clock=time.time),
            metrics=metrics,
            arrivals=Arrivals(time.time, metrics),
            mover=Mover(self.sender, n_partitions=1),
            max_batch=BATCH,
            traces=traces,
        )

    async def deliver(self, effects: Sequence[Effects]) -> None:
        """Send what followed."""
        for one in effects:
            for send in one.sends:
                await self.outbox.send(send, one.headers)

    async def seconds(self, n_requests: int = N_REQUESTS) -> float:
        """Answer requests of new readers; return the processor time of one, in seconds."""
        batches = [[self.record() for _ in range(BATCH)] for _ in range(n_requests // BATCH)]
        started_s = time.process_time()
        for batch in batches:
            await self.agent.work(batch)
        taken_s = time.process_time() - started_s
        n_answers = len(self.sender.sent)
        assert n_answers == n_requests, f"{n_answers} of {n_requests} requests were answered"
        self.sender.sent.clear()
        self.sender.headers.clear()
        return taken_s / n_requests

    def record(self) -> Any:
        """Draw a request, as the engine hands it to an agent."""
        self.n_read += 1
        asked = self.traffic.request(self.n_read, n_candidates=N_CANDIDATES)
        asked = msgspec.structs.replace(asked, user_id=f"U{self.n_read}")
        message = SimpleNamespace(
            topic="cherryrec.requests",
            partition=0,
            offset=self.n_read,
            key=asked.user_id.encode(),
            value=encode(asked),
            headers=(),
            timestamp=time.time(),
            timestamp_type=1,
        )
        return SimpleNamespace(message=message)


async def measured() -> dict[str, list[float]]:
    """Return microseconds a request by kind, the kinds taking turns."""
    desks = {kind: Desk(rate) for kind, rate in KINDS.items()}
    found: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for run in range(N_RUNS + 1):
        for kind, desk in desks.items():
            taken_us = 1e6 * await desk.seconds()
            if run:  # the first compiles, or loads what was compiled
                found[kind].append(taken_us)
    return found


def empty_spans_us() -> list[float]:
    """Return microseconds of a span in the API's tracer that makes none, by run."""
    tracer = NoOpTracer()

    def span() -> None:
        with tracer.start_as_current_span("select"):
            pass

    return [1e6 * taken_s / N_SPANS for taken_s in timeit.repeat(span, number=N_SPANS)]


def header_bytes() -> int:
    """Return the length of the header that a request takes along, its name and its value."""
    tracer = tracer_of(1.0)
    assert tracer is not None, "a rate was given"
    headers = tracer.begin("read requests", "consumer", None, started_s=0.0).headers
    return sum(len(name) + len(value) for name, value in headers)


def main() -> int:
    """Print processor time a request; exit 1 where the claim does not hold."""
    what = f"{N_REQUESTS} requests for {N_CANDIDATES} candidates of {N_ARTICLES} articles"
    header(f"{what}, {N_RUNS} runs", seed=SEED)
    found = asyncio.run(measured())
    for kind, values in found.items():
        print(f"traces {kind}: {spread(values)} µs of processor time a request")
    print(f"a span of the API where none is made: {spread(empty_spans_us(), 1)} µs")
    print(f"the header that goes along: {header_bytes()} bytes")
    off = min(found["off"])  # of runs on a busy machine the best says what the code takes
    ratios = {kind: min(found[kind]) / off for kind in AT_MOST}
    holds = [verdict(f"{kind} over off", ratios[kind], most=most) for kind, most in AT_MOST.items()]
    return 0 if all(holds) else 1


if __name__ == "__main__":
    sys.exit(main())
