"""`/live`, `/ready` and `/metrics` over HTTP."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from cherryrec.errors import ServiceError
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
_POLL_S = 0.05
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
            ("ready", "1 when the worker takes requests", int(self._state.is_ready)),
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

    def answer(path: str) -> tuple[int, bytes]:
        if path == "/metrics":
            return 200, generate_latest(registry)
        if path == "/live":
            is_alive = state.is_alive(time.monotonic(), within_s=max_step_s)
            return (200, b"live\n") if is_alive else (503, b"the loop has not made a step\n")
        if path == "/ready":
            if state.unreadable:
                return 503, f"a batch cannot be read: {state.unreadable}\n".encode()
            return (200, b"ready\n") if state.is_ready else (503, b"loading or joining\n")
        return 404, b"try /live, /ready or /metrics\n"

    try:
        server = ThreadingHTTPServer((host, port), _responder(answer))
    except OSError as error:
        msg = f"cannot listen on {host}:{port}: {error}"
        raise ServiceError(msg) from error
    server.daemon_threads = True
    thread = threading.Thread(
        target=server.serve_forever, args=(_POLL_S,), name="probes", daemon=True
    )
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _responder(answer: Callable[[str], tuple[int, bytes]]) -> type[BaseHTTPRequestHandler]:
    """Return a request class that asks `answer`."""

    class Responder(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = answer(self.path.partition("?")[0])
            self.send_response(status)
            self.send_header("Content-Type", "text/plain; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Keep probes out of the log: they come every few seconds."""

    return Responder
