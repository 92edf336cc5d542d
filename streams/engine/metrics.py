"""The numbers of a worker, for Prometheus."""

from __future__ import annotations

from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

__all__ = ["Metrics", "Outcome"]

Outcome = Literal["applied", "duplicate", "late", "dead_lettered"]
"""What became of an event; in = the sum of these."""

LATENCY_BUCKETS_S = (
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
)  # fmt: skip
BATCH_BUCKETS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000)


class Metrics:
    """Counters and histograms of one worker, in a registry of its own.

    Examples
    --------
    >>> metrics = Metrics()
    >>> metrics.count("clicks", "applied")
    >>> metrics.count("clicks", "duplicate", 2)
    >>> metrics.total("clicks", "duplicate")
    2.0
    """

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry if registry is not None else CollectorRegistry()
        self.events = Counter(
            "cherryrec_events",
            "Events by what became of them; in = applied + duplicate + late + dead_lettered.",
            ["topic", "outcome"],
            registry=self.registry,
        )
        self.batch_events = Histogram(
            "cherryrec_batch_events",
            "Events in one batch.",
            ["topic"],
            buckets=BATCH_BUCKETS,
            registry=self.registry,
        )
        self.batch_s = Histogram(
            "cherryrec_batch_seconds",
            "Time an agent needed for one batch.",
            ["topic"],
            buckets=LATENCY_BUCKETS_S,
            registry=self.registry,
        )
        self.latency_s = Histogram(
            "cherryrec_latency_seconds",
            "Age of a batch's oldest event, since the broker took it, when what follows is sent.",
            ["topic"],
            buckets=LATENCY_BUCKETS_S,
            registry=self.registry,
        )
        self.recommendations = Counter(
            "cherryrec_recommendations",
            "Slates sent; degraded is empty for a slate with fresh evaluations.",
            ["degraded"],
            registry=self.registry,
        )
        self.lag = Gauge(
            "cherryrec_consumer_lag_events",
            "Log end offset minus the position of this worker.",
            ["topic", "partition"],
            registry=self.registry,
        )
        self.model_version = Gauge(
            "cherryrec_model_version",
            "Version of the models: the one a worker ranks with, the last one a learner published.",
            registry=self.registry,
        )
        self.ready = Gauge("cherryrec_ready", "1 when every gate is open.", registry=self.registry)

    def count(self, topic: str, outcome: Outcome, n: int = 1) -> None:
        """Count events of a topic (its name without prefix) by what became of them."""
        self.events.labels(topic, outcome).inc(n)

    def total(self, topic: str, outcome: Outcome) -> float:
        """Return the count so far."""
        value = self.registry.get_sample_value(
            "cherryrec_events_total", {"topic": topic, "outcome": outcome}
        )
        return value if value is not None else 0.0
