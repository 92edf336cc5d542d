"""The numbers of a worker, for Prometheus."""

from __future__ import annotations

from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Summary

__all__ = ["Metrics", "Outcome"]

Outcome = Literal["applied", "duplicate", "late", "unchanged", "dead_lettered", "moved", "left_out"]
"""What became of a record, as `cherryrec.pipeline.Counted` says; in = the sum of these. One that
was moved comes in again; for an example that was left out another one stands."""

LATENCY_BUCKETS_S = (
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
)  # fmt: skip
GAIN_BUCKETS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.2, 0.3, 0.5, 1.0, 3.0)
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
            "Records by what became of them; in = the sum over all outcomes.",
            ["topic", "outcome"],
            registry=self.registry,
        )
        self.uncounted = Counter(
            "cherryrec_uncounted_events",
            "Views and clicks that move their reader's state only: repeats, or too many an hour.",
            ["topic", "reason"],
            registry=self.registry,
        )
        self.sender_times = Counter(
            "cherryrec_sender_times",
            "Records whose time is their sender's: taken to have arrived when they were read.",
            ["topic"],
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
            "Slates sent, by step of the ladder; degraded is empty where nothing is missing.",
            ["degraded", "rung"],
            registry=self.registry,
        )
        self.stages = Counter(
            "cherryrec_slate_stages",
            "Slates sent, by the stage of the cold start; empty where none is known.",
            ["stage"],
            registry=self.registry,
        )
        self.trials = Counter(
            "cherryrec_trials",
            "Places of slates given to articles that are hardly known.",
            registry=self.registry,
        )
        self.inquiries = Counter(
            "cherryrec_inquiries",
            "Inquiries by what became of them: answered, too_late, over_limit, refused.",
            ["outcome"],
            registry=self.registry,
        )
        self.suspicious_titles = Counter(
            "cherryrec_suspicious_titles",
            "Titles that look written for a language model; one may have several reasons.",
            ["reason"],
            registry=self.registry,
        )
        self.choices = Counter(
            "cherryrec_evaluation_choices",
            "Requests by whether CnLE was asked about them, or why not.",
            ["outcome"],
            registry=self.registry,
        )
        self.gain = Histogram(
            "cherryrec_expected_gain",
            "What an answer of CnLE was expected to bring, of requests under a budget.",
            ["outcome"],
            buckets=GAIN_BUCKETS,
            registry=self.registry,
        )
        self.evaluation_tokens = Counter(
            "cherryrec_evaluation_tokens",
            "Tokens that CnLE read for the answers that came.",
            ["outcome"],
            registry=self.registry,
        )
        self.evaluation_compute_s = Counter(
            "cherryrec_evaluation_compute_seconds",
            "Time that CnLE's model needed for the answers that came, by their share of a batch.",
            ["outcome"],
            registry=self.registry,
        )
        self.evaluation_wait_s = Histogram(
            "cherryrec_evaluation_wait_seconds",
            "Time that questions waited for their batch.",
            buckets=LATENCY_BUCKETS_S,
            registry=self.registry,
        )
        self.lag = Gauge(
            "cherryrec_consumer_lag_events",
            "Log end offset minus the position of this worker.",
            ["topic", "partition"],
            registry=self.registry,
        )
        self.store_failures = Counter(
            "cherryrec_store_failures",
            "Writes that the local store of a table did not take; they are tried again.",
            ["table"],
            registry=self.registry,
        )
        self.unstored_bytes = Gauge(
            "cherryrec_unstored_bytes",
            "What a table holds in memory because its store does not take it.",
            ["table"],
            registry=self.registry,
        )
        self.unreadable = Counter(
            "cherryrec_unreadable_batches",
            "Fetches that ended at a batch which cannot be decompressed or fails its checksum.",
            ["topic", "partition"],
            registry=self.registry,
        )
        self.standing = Gauge(
            "cherryrec_partitions_standing_still",
            "Partitions that stand still at a batch which cannot be read, by who reads them.",
            ["reader"],
            registry=self.registry,
        )
        self.uncommitted = Gauge(
            "cherryrec_uncommitted_records",
            "Records behind the beginning of a writer's open transaction: they wait for its end.",
            ["topic", "partition"],
            registry=self.registry,
        )
        self.model_version = Gauge(
            "cherryrec_model_version",
            "Version of the models: the one a worker ranks with, the last one a learner published.",
            registry=self.registry,
        )
        self.model_published_s = Gauge(
            "cherryrec_model_published_timestamp_seconds",
            "When that version was published, in epoch seconds.",
            registry=self.registry,
        )
        self.model_waiting_s = Gauge(
            "cherryrec_model_waiting_seconds",
            "How long examples have waited for a newer model; 0 where none waits.",
            registry=self.registry,
        )
        self.examples_waiting = Gauge(
            "cherryrec_examples_waiting",
            "Examples that the learner has not come to yet.",
            registry=self.registry,
        )
        self.learned_share = Gauge(
            "cherryrec_learned_share",
            "Share of the examples that is learned now, each for all it stands for; 1 is all.",
            registry=self.registry,
        )
        self.learned_share.set(1.0)
        self.labelled_slates = Counter(
            "cherryrec_labelled_slates",
            "Labelled slates followed: each was sent to the learner as an example.",
            registry=self.registry,
        )
        self.site_share = Gauge(
            "cherryrec_site_share",
            "Share of the labelled slates whose articles the site chose: so much do views count.",
            registry=self.registry,
        )
        self.drawn_share = Gauge(
            "cherryrec_drawn_share",
            "Share of requests and own slates that drew what to learn against, as of the last one.",
            registry=self.registry,
        )
        self.titles_read = Counter(
            "cherryrec_titles_read",
            "Titles that this worker read by the sentence model for all workers.",
            registry=self.registry,
        )
        self.title_failures = Counter(
            "cherryrec_title_failures",
            "Times that titles could not be read by the sentence model.",
            registry=self.registry,
        )
        self.titles_unread = Gauge(
            "cherryrec_titles_unread",
            "Titles in the catalogue without a sentence vector: they rank without.",
            registry=self.registry,
        )
        self.co_reads = Counter(
            "cherryrec_co_reads",
            "Clicks followed with what was read before them, for what readers alike went on to.",
            registry=self.registry,
        )
        self.examples = Counter(
            "cherryrec_examples",
            "Examples sent to the learner, by what they are of; corrections count again.",
            ["origin"],
            registry=self.registry,
        )
        self.taken = Counter(
            "cherryrec_site_events",
            "Impressions and clicks of no request of ours, by whether they are learned from.",
            ["topic", "outcome"],
            registry=self.registry,
        )
        self.shadow = Summary(
            "cherryrec_shadow",
            "Protocol A of the site's own slates: our ranking of them, and the site's order.",
            ["ranking", "metric"],
            registry=self.registry,
        )
        self.shadow_clicked = Counter(
            "cherryrec_shadow_clicked_articles",
            "Clicked articles of slates at which KnRS chose from the whole catalogue.",
            ["place"],
            registry=self.registry,
        )
        self.stale_slates = Counter(
            "cherryrec_stale_slates",
            "Slates sent with the mark `model_stale`.",
            registry=self.registry,
        )
        self.follower_lag = Gauge(
            "cherryrec_follower_lag_messages",
            "Messages of a followed topic that were not taken yet.",
            ["topic"],
            registry=self.registry,
        )
        self.follower_stalled = Gauge(
            "cherryrec_follower_stalled",
            "1 while a followed topic has had messages waiting for too long and none was taken.",
            ["topic"],
            registry=self.registry,
        )
        self.embargoed = Gauge(
            "cherryrec_embargoed_articles",
            "Articles that came before they are published, and wait for their time.",
            registry=self.registry,
        )
        self.started = Gauge(
            "cherryrec_started_timestamp_seconds",
            "When this process was started, in epoch seconds; it changes with every restart.",
            registry=self.registry,
        )
        self.started.set_to_current_time()
        self.ready = Gauge("cherryrec_ready", "1 when every gate is open.", registry=self.registry)

    def count(self, topic: str, outcome: Outcome, n: int = 1) -> None:
        """Count events of a topic (its name without prefix) by what became of them."""
        self.events.labels(topic, outcome).inc(n)

    def chosen(self, outcome: str, gain: float | None) -> None:
        """Count whether CnLE was asked, and what that was expected to bring."""
        self.choices.labels(outcome).inc()
        if gain is not None:
            self.gain.labels(outcome).observe(gain)

    def spent(self, outcome: str, *, tokens: int, compute_s: float, wait_s: float) -> None:
        """Count what an answer of CnLE took."""
        self.evaluation_tokens.labels(outcome).inc(tokens)
        self.evaluation_compute_s.labels(outcome).inc(compute_s)
        self.evaluation_wait_s.observe(wait_s)

    def total(self, topic: str, outcome: Outcome) -> float:
        """Return the count so far."""
        value = self.registry.get_sample_value(
            "cherryrec_events_total", {"topic": topic, "outcome": outcome}
        )
        return value if value is not None else 0.0
