"""The numbers of a gateway, for Prometheus."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

__all__ = ["GatewayMetrics"]

LATENCY_BUCKETS_S = (
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
)  # fmt: skip


class GatewayMetrics:
    """Counters and histograms of one gateway, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.calls = Counter(
            "cherryrec_gateway_calls",
            "Calls answered, by path, method and status; `unmatched` where there is no such path.",
            ["path", "method", "status"],
            registry=self.registry,
        )
        self.latency_s = Histogram(
            "cherryrec_gateway_latency_seconds",
            "From a call's first byte to its answer, by path.",
            ["path"],
            buckets=LATENCY_BUCKETS_S,
            registry=self.registry,
        )
        self.served = Counter(
            "cherryrec_gateway_slates",
            "Slates given to who asked: the answer, one published before (stale), or popular.",
            ["served"],
            registry=self.registry,
        )
        self.events = Counter(
            "cherryrec_gateway_events",
            "Events by topic and what became of them: taken, refused, or not acknowledged.",
            ["topic", "outcome"],
            registry=self.registry,
        )
        self.kafka_errors = Counter(
            "cherryrec_gateway_kafka_errors",
            "Records that Kafka did not acknowledge, by topic.",
            ["topic"],
            registry=self.registry,
        )
        self.limited = Counter(
            "cherryrec_gateway_limited",
            "Calls beyond the rate of their key or address.",
            registry=self.registry,
        )
        self.ready = Gauge("cherryrec_ready", "Whether every gate is open.", registry=self.registry)

    def show(self, name: str, text: str, value: Callable[[], float]) -> None:
        """Show a number that is asked for when the metrics are."""
        Gauge(f"cherryrec_gateway_{name}", text, registry=self.registry).set_function(value)
