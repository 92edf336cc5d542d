"""Running a replay with either engine and summing it up: what `replay` and `demo` share."""

from __future__ import annotations

import platform
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from cherryrec import __version__
from cherryrec.cli.progress import progress_bar
from cherryrec.cli.settings import Settings
from cherryrec.evaluation.baselines import STANDARD, build_baselines
from cherryrec.evaluation.comparison import differences, metric_rows
from cherryrec.evaluation.intervals import bootstrap_means
from cherryrec.evaluation.metrics import METRICS, PrequentialMetrics
from cherryrec.evaluation.mind import MindLog
from cherryrec.evaluation.mind_rows import MindImpression
from cherryrec.evaluation.replay import OURS, Judge, LocalReplay, LogMessages
from cherryrec.evaluation.summary import METRIC_TITLES, Latency, ReplaySummary
from cherryrec.events import Evaluation, EvaluationRequest
from cherryrec.learner import VANS_FEATURES
from cherryrec.topics import TopicNames
from streams.config import KafkaConfig
from streams.replay import KafkaReplay, ReplaySettings, Session

__all__ = ["Replayed", "engine_difference", "open_session", "replay_kafka", "replay_local"]

Evaluate = Callable[[EvaluationRequest], Evaluation]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What a replay gave: the judge, and how long everything took."""

    engine: str
    judge: Judge
    rows: Sequence[MindImpression]
    latencies_s: Sequence[float]
    wall_s: float
    has_digest: bool

    def summary(
        self,
        log: MindLog,
        *,
        name: str,
        label_delay_s: float,
        seed: int,
        notes: Sequence[str],
        ablations: Mapping[str, PrequentialMetrics] | None = None,
    ) -> ReplaySummary:
        """Sum up for the report and the tables, with the ablations by their part, if any."""
        times = np.array([row.shown_at for row in self.rows])
        rows = tuple(
            replace(row, over_time=self.judge.metrics[row.name].over_time())
            for row in self.judge.rows(seed)
        )
        beside = {OURS: self.judge.metrics[OURS], **ablations} if ablations else {}
        return ReplaySummary(
            protocol=f"A: impression ranking, prequential, label delay {label_delay_s:g} s",
            log_name=name,
            engine=self.engine,
            seed=seed,
            command=" ".join(["cherryrec", *sys.argv[1:]]),
            rows=rows,
            differences=self.judge.differences(seed),
            ablations=metric_rows(beside, seed)[1:],
            ablation_gains=differences(beside, seed) if beside else (),
            counts={
                "impressions": len(self.rows),
                "recommendations": self.judge.n_recommendations,
                "users": len({row.user_id for row in self.rows}),
                "clicks": sum(sum(row.clicked or ()) for row in self.rows),
                "evaluations by CnLE": self.judge.n_evaluations,
                "bad rows": log.n_bad_rows,
            },
            wall_s=self.wall_s,
            impressions_per_s=len(self.rows) / max(self.wall_s, 1e-9),
            latency=Latency(times, 1_000.0 * np.array(self.latencies_s)),
            degraded=dict(self.judge.degraded),
            sha256=self.judge.digest if self.has_digest else None,
            versions={
                "cherryrec": __version__,
                "python": platform.python_version(),
                "numpy": np.__version__,
            },
            notes=tuple(notes),
        )


def replay_local(
    log: MindLog,
    settings: Settings,
    *,
    limit: int | None,
    label_delay_s: float,
    seed: int,
    baselines: Sequence[str] = STANDARD,
    keep_ranks: bool = False,
    evaluate: Evaluate | None = None,
    evaluate_from: float = 0.0,
) -> Replayed:
    """Replay in this process, beside the named baselines.

    CnLE is asked from a share of the impressions on: `evaluate_from`, 0 to 1, in time order.
    """
    articles = log.articles()
    built = build_baselines(baselines, articles, VANS_FEATURES, seed=seed)
    judge = Judge(built.by_row, built.by_features, keep_ranks=keep_ranks)
    core = replace(settings.core, vans=replace(settings.core.vans, seed=seed))
    engine = LocalReplay(core, label_delay_s=label_delay_s, evaluate=evaluate)
    rows = list(log.impressions(limit))
    messages = LogMessages(articles, n_unasked=round(evaluate_from * len(rows)))
    started = time.perf_counter()
    with progress_bar("replaying", len(rows)) as advance:
        engine.run(rows, messages, judge, advance)
    return Replayed(
        engine="local",
        judge=judge,
        rows=rows,
        latencies_s=engine.latencies_s,
        wall_s=time.perf_counter() - started,
        has_digest=True,
    )


def open_session(kafka: KafkaConfig) -> Session:
    """Return a client of a cluster, to be entered."""
    client = {"bootstrap_servers": kafka.bootstrap_servers, **kafka.security.client_options()}
    return Session(client, TopicNames(kafka.prefix))


def replay_kafka(
    log: MindLog,
    kafka: KafkaConfig,
    *,
    limit: int | None,
    seed: int,
    window: int,
    baselines: Sequence[str] = STANDARD,
    keep_ranks: bool = False,
    deadline_ms: int | None = None,
    evaluate_from: float = 0.0,
) -> Replayed:
    """Replay through the topics of a running system; the feature matrices stay in the workers.

    `baselines` are names out of `ROW_BASELINES`.
    """
    articles = log.articles()
    built = build_baselines(baselines, articles, VANS_FEATURES, seed=seed)
    judge = Judge(built.by_row, keep_ranks=keep_ranks)
    rows = list(log.impressions(limit))
    n_unasked = round(evaluate_from * len(rows))
    messages = LogMessages(articles, deadline_ms=deadline_ms, n_unasked=n_unasked)
    started = time.perf_counter()
    with (
        open_session(kafka) as session,
        progress_bar("replaying through Kafka", len(rows)) as advance,
    ):
        engine = KafkaReplay(session, ReplaySettings(window=window))
        engine.run(rows, messages, judge, advance)
    return Replayed(
        engine="kafka",
        judge=judge,
        rows=rows,
        latencies_s=engine.latencies_s,
        wall_s=time.perf_counter() - started,
        has_digest=False,
    )


def engine_difference(kafka: Replayed, local: Replayed, *, seed: int) -> str:
    """Say how much each metric differs between the engines, impression by impression.

    What was replayed through Kafka lags by the requests in flight, so that it may be a little
    worse; more than a little is a defect of one of the engines.
    """
    pairs = [done.judge.metrics[OURS].values().astype(np.float64) for done in (kafka, local)]
    found = bootstrap_means(pairs[0] - pairs[1], seed=seed)
    parts = []
    for name, interval in zip(METRICS, found, strict=True):
        mean, low, high = (100 * end for end in interval)
        parts.append(f"{METRIC_TITLES[name]} {mean:+.2f} ({low:+.2f} to {high:+.2f})")
    return f"kafka minus local, the whole log: {', '.join(parts)}"
