"""`/live`, `/ready` and `/metrics` over HTTP."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from cherryrec.supervised import Answer, ProbeServer
from gpu_worker.counts import WorkerState

__all__ = ["StateCollector", "probes"]

_COUNTERS = {
    "requests": "evaluation requests read",
    "batches": "batches judged",
    "prompts": "prompts judged",
    "tokens": "prompt tokens judged, without padding",
    "wait_s": "seconds prompts waited for their batch, summed",
    "compute_s": "seconds batches took in the model, summed",
    "failed_batches": "batches the model failed on as a whole",
}
_OUTCOMES = ("evaluated", "cached", "expired", "failed", "given_away")


class StateCollector(Collector):
    """Reads a worker's state whenever Prometheus asks.

    Parameters
    ----------
    state
        The worker's.
    """

    def __init__(self, state: WorkerState) -> None:
        self._state = state

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics as they are now."""
        counts = asdict(self._state.counts)
        answers = CounterMetricFamily(
            "cherryrec_gpu_answers", "requests answered", labels=["outcome"]
        )
        for outcome in _OUTCOMES:
            answers.add_metric([outcome], counts[outcome])
        yield answers
        for name, text in _COUNTERS.items():
            metric = f"cherryrec_gpu_{name.removesuffix('_s')}"
            yield CounterMetricFamily(
                f"{metric}_seconds" if name.endswith("_s") else metric, text, value=counts[name]
            )
        cache = self._state.cache
        for name, text, number in (
            ("cache_hits", "prompts found in the score cache", cache.n_hits),
            ("cache_misses", "prompts not found in the score cache", cache.n_misses),
            ("dead_letters", "requests that could not be decoded", self._state.dead_letters),
            (
                "unreadable_batches",
                "polls that ended at a batch which cannot be read",
                self._state.unreadable_batches,
            ),
            ("lora_swaps", "published LoRA weights that were put on", self._state.lora_swaps),
            ("lora_refusals", "published LoRA weights not put on", self._state.lora_refusals),
        ):
            yield CounterMetricFamily(f"cherryrec_gpu_{name}", text, value=number)
        for name, text, number in (
            ("cache_bytes", "bytes in the score cache", cache.n_bytes),
            ("pending", "prompts in memory", self._state.pending),
            ("ready", "1 when the worker takes requests", int(not self._state.waits_for())),
        ):
            yield GaugeMetricFamily(f"cherryrec_gpu_{name}", text, value=number)


@contextmanager
def probes(state: WorkerState, *, host: str, port: int, max_step_s: float) -> Iterator[int]:
    """Serve the probes in a thread while the context lasts; yields the port.

    Parameters
    ----------
    state
        The worker's.
    host
        Where to listen; a loopback address unless a container says otherwise.
    port
        0 for any free one.
    max_step_s
        Seconds without a step of the loop after which `/live` says 503.

    Raises
    ------
    ServiceError
        The port is taken.
    """
    registry = CollectorRegistry()
    registry.register(StateCollector(state))

    def live() -> Answer:
        is_alive = state.is_alive(time.monotonic(), within_s=max_step_s)
        return Answer(200, b"live\n") if is_alive else _not(b"the loop has not made a step")

    def ready() -> Answer:
        waits_for = state.waits_for()
        return Answer(200, b"ready\n") if not waits_for else _not(waits_for.encode())

    def metrics() -> Answer:
        return Answer(200, generate_latest(registry), CONTENT_TYPE_LATEST)

    server = ProbeServer(
        {"/live": live, "/ready": ready, "/metrics": metrics}, host=host, port=port
    )
    server.start()
    try:
        yield server.port
    finally:
        server.stop()


def _not(reason: bytes) -> Answer:
    return Answer(503, reason + b"\n")
