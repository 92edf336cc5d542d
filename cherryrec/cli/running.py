"""Running a replay with either engine and summing it up: what `replay` and `demo` share."""

from __future__ import annotations

import math
import platform
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace

import numpy as np

from cherryrec import __version__
from cherryrec.cli.arithmetic import arithmetic, processor
from cherryrec.cli.logs import read_rows
from cherryrec.cli.progress import progress_bar
from cherryrec.cli.remembered import vectors_of_log
from cherryrec.cli.settings import Settings
from cherryrec.evaluation.ablation import Ablated
from cherryrec.evaluation.baselines import STANDARD, build_baselines
from cherryrec.evaluation.comparison import differences, metric_rows
from cherryrec.evaluation.history import HistoryTable, gain_by_history
from cherryrec.evaluation.intervals import bootstrap_means
from cherryrec.evaluation.logs import Health, ImpressionLog
from cherryrec.evaluation.metrics import METRICS, PrequentialMetrics
from cherryrec.evaluation.mind_rows import MindImpression
from cherryrec.evaluation.replay import OURS, Judge, LocalReplay, LogMessages
from cherryrec.evaluation.retrieval import (
    CatalogueRanking,
    RetrievalJudge,
    RetrievalSummary,
    Selector,
    standard_rankings,
    summarise,
)
from cherryrec.evaluation.summary import METRIC_TITLES, Latency, ReplaySummary, ReportPart
from cherryrec.events import Evaluation, EvaluationRequest
from cherryrec.learner import VANS_FEATURES, vans_features
from cherryrec.pipeline import PipelineConfig
from cherryrec.topics import TopicNames
from streams.config import KafkaConfig
from streams.replay import KafkaReplay, ReplaySettings, Session, Sidecar

__all__ = [
    "Replayed",
    "core_of",
    "engine_difference",
    "open_session",
    "replay_kafka",
    "replay_local",
    "retrieval_judge",
    "versions",
]

N_NAMED = 10
"""Refused rows that a report names."""

Evaluate = Callable[[EvaluationRequest], Evaluation]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What a replay gave: the judge, and how long everything took.

    Parameters
    ----------
    n_read
        Articles read before each row's request; empty where the engine does not tell.
    n_unasked
        Rows at the start that CnLE was not asked about.
    refused
        Rows that were left out because no worker takes their messages: impression id → why.
    checks
        Sentences on what the engine checked of itself; empty where there is nothing to check.
    retrieval
        The judge of protocol C; None where the whole catalogue was not asked.
    health
        What was counted of the log.
    """

    engine: str
    judge: Judge
    rows: Sequence[MindImpression]
    latencies_s: Sequence[float]
    wall_s: float
    has_digest: bool
    trust: Mapping[str, float] = field(default_factory=dict)
    n_read: Sequence[int] = ()
    n_unasked: int = 0
    refused: Mapping[str, str] = field(default_factory=dict)
    checks: Sequence[str] = ()
    retrieval: RetrievalJudge | None = None
    health: Health = field(default_factory=Health)

    def n_judged(self, n_rows: int | None = None) -> int:
        """Return how many of the first rows have labels; of all if absent."""
        return sum(row.clicked is not None for row in self.rows[:n_rows])

    def refused_notes(self) -> list[str]:
        """Name the first rows that were left out, and say how many there are."""
        if not self.refused:
            return []
        named = list(self.refused.items())[:N_NAMED]
        left_out = f"{len(self.refused):,}, the first {len(named)} named"
        return [
            *(f"refused row {impression_id!r}: {reason}" for impression_id, reason in named),
            f"rows left out, as no worker takes their messages: {left_out}",
        ]

    def by_history(
        self, without: PrequentialMetrics, parts: Mapping[str, int], seed: int
    ) -> tuple[HistoryTable, ...]:
        """Tell CnLE's gain by history length, over parts given by title and first judged row."""
        pairs = zip(self.rows, self.n_read, strict=True)
        n_read = [n for row, n in pairs if row.clicked is not None]
        return tuple(
            gain_by_history(
                self.judge.metrics[OURS], without, n_read, part=title, first=first, seed=seed
            )
            for title, first in parts.items()
        )

    def summary(
        self,
        log: ImpressionLog,
        *,
        name: str,
        label_delay_s: float,
        seed: int,
        notes: Sequence[str],
        ablations: Mapping[str, Ablated] | None = None,
        split: Sequence[float] | None = None,
    ) -> ReplaySummary:
        """Sum up for the report and the tables.

        `ablations` are by their part; the last of the three shares of `split` is reported on.
        """
        times = np.array([row.shown_at for row in self.rows])
        report_from, report_part = None, None
        history_parts = {"CnLE asked": self.n_judged(self.n_unasked)}
        if split is not None:
            report_from = self.n_judged(round((split[0] + split[1]) * len(self.rows)))
            report_part = ReportPart(split[2], self.n_judged() - report_from)
            history_parts[report_part.title] = report_from
        rows = tuple(
            replace(row, over_time=self.judge.metrics[row.name].over_time())
            for row in self.judge.rows(seed, report_from=report_from)
        )
        without = {part: one.metrics for part, one in (ablations or {}).items()}
        beside = {OURS: self.judge.metrics[OURS], **without} if without else {}
        protocols = "A: impression ranking" + (
            "; C: from the whole catalogue" if self.retrieval is not None else ""
        )
        return ReplaySummary(
            protocol=f"{protocols}, prequential, label delay {label_delay_s:g} s",
            log_name=name,
            engine=self.engine,
            seed=seed,
            command=" ".join(["cherryrec", *sys.argv[1:]]),
            rows=rows,
            differences=self.judge.differences(seed, report_from=report_from),
            ablations=metric_rows(beside, seed, report_from=report_from)[1:],
            ablation_gains=differences(beside, seed, report_from=report_from) if beside else (),
            counts={
                "impressions": len(self.rows),
                "recommendations": self.judge.n_recommendations,
                "users": len({row.user_id for row in self.rows}),
                "clicks": sum(sum(row.clicked or ()) for row in self.rows),
                "evaluations by CnLE": self.judge.n_evaluations,
                "bad rows": log.n_bad_rows,
                **({"refused rows": len(self.refused)} if self.refused else {}),
            },
            wall_s=self.wall_s,
            impressions_per_s=len(self.rows) / max(self.wall_s, 1e-9),
            latency=Latency(times, 1_000.0 * np.array(self.latencies_s)),
            degraded=dict(self.judge.degraded),
            ladder=self.judge.ladder,
            sha256=self.judge.digest if self.has_digest else None,
            versions=versions(),
            notes=tuple(notes),
            reliability=self.judge.reliability.summary(seed),
            trust=dict(self.trust),
            report_part=report_part,
            cnle_alone=self.judge.cnle.summary(
                self.judge.metrics, seed, report_from=report_from, share=split[2] if split else 0.0
            ),
            by_history=self.by_history(without["cnle"], history_parts, seed)
            if "cnle" in without
            else (),
            retrieval=self.from_catalogue(ablations or {}, seed),
        )

    def from_catalogue(
        self, ablations: Mapping[str, Ablated], seed: int
    ) -> RetrievalSummary | None:
        """Sum up protocol C, its ablations with it; None where it was not judged."""
        if self.retrieval is None:
            return None
        found = {part: one.retrieval for part, one in ablations.items()}
        without = {part: record for part, record in found.items() if record is not None}
        return summarise(self.retrieval.record, seed=seed, ablations=without)


def versions() -> dict[str, str]:
    """Return what ran: versions by name, the processor and its arithmetic."""
    return {
        "cherryrec": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "processor": processor(),
        "arithmetic": arithmetic(),
    }


def retrieval_judge(networks: Sequence[str], seed: int) -> RetrievalJudge:
    """Return the judge of protocol C, of this build's own selection beside all baselines.

    Networks are named as in `NETWORKS`; they need torch.
    """
    more: Sequence[CatalogueRanking] = ()
    if networks:
        from cherryrec.cli.networks import prequential_networks

        more = prequential_networks(networks, seed=seed)
    return RetrievalJudge([Selector(OURS)], (*standard_rankings(), *more))


def core_of(settings: Settings, *, seed: int, from_catalogue: bool) -> PipelineConfig:
    """Return the core's settings for a replay; from the catalogue only what has a birth comes."""
    catalogue = settings.core.catalogue
    return replace(
        settings.core,
        vans=replace(settings.core.vans, seed=seed),
        catalogue=replace(catalogue, requires_birth=from_catalogue or catalogue.requires_birth),
    )


def replay_local(
    log: ImpressionLog,
    settings: Settings,
    *,
    limit: int | None,
    label_delay_s: float,
    seed: int,
    baselines: Sequence[str] = STANDARD,
    keep_ranks: bool = False,
    evaluate: Evaluate | None = None,
    evaluate_from: float = 0.0,
    from_catalogue: bool = False,
    networks: Sequence[str] = (),
    in_shade: bool = False,
    anyway: bool = False,
) -> Replayed:
    """Replay in this process, beside the named baselines.

    CnLE is asked from a share of the impressions on: `evaluate_from`, 0 to 1, in time order. With
    `from_catalogue` protocol C is judged in the same run, beside `networks`. In the shade
    impressions name no request: see `LogMessages`. A log that no healthy one looks like is refused
    unless `anyway`.
    """
    articles = log.articles()
    built = build_baselines(baselines, articles, vans_features(settings.core.catalogue), seed=seed)
    judge = Judge(built.by_row, built.by_features, keep_ranks=keep_ranks)
    core = core_of(settings, seed=seed, from_catalogue=from_catalogue)
    retrieval = retrieval_judge(networks, seed) if from_catalogue else None
    rows, health = read_rows(log, articles, limit, anyway=anyway)
    embed = vectors_of_log(rows, articles, core.catalogue.sentence_model)
    engine = LocalReplay(
        core, label_delay_s=label_delay_s, evaluate=evaluate, embed=embed, retrieval=retrieval
    )
    n_unasked = round(evaluate_from * len(rows))
    messages = LogMessages(articles, n_unasked=n_unasked, in_shade=in_shade)
    started = time.perf_counter()
    with progress_bar("replaying", len(rows), _accuracy(judge)) as advance:
        engine.run(rows, messages, judge, advance)
    judge.ladder.compute_s = engine.evaluate_s
    return Replayed(
        engine="local",
        judge=judge,
        rows=rows,
        latencies_s=engine.latencies_s,
        wall_s=time.perf_counter() - started,
        has_digest=True,
        trust=engine.learner.trust(),
        n_read=engine.n_read,
        n_unasked=n_unasked,
        retrieval=retrieval,
        health=health,
    )


def _accuracy(judge: Judge) -> Callable[[], str]:
    """Return what to say beside a bar: the evaluations so far, and how many a second."""
    first_s: float | None = None

    def accuracy() -> str:
        nonlocal first_s
        n = judge.n_evaluations
        if not n:
            return ""
        first_s = first_s if first_s is not None else time.perf_counter()
        passed_s = time.perf_counter() - first_s
        rate = f", {n / passed_s:.1f}/s" if passed_s > 1.0 else ""
        return f"{n:,} evaluations{rate}"

    return accuracy


def open_session(kafka: KafkaConfig) -> Session:
    """Return a client of a cluster, to be entered."""
    return Session(kafka.client_options(), TopicNames(kafka.prefix))


def replay_kafka(
    log: ImpressionLog,
    kafka: KafkaConfig,
    *,
    limit: int | None,
    seed: int,
    window: int,
    baselines: Sequence[str] = STANDARD,
    keep_ranks: bool = False,
    deadline_ms: int | None = None,
    evaluate_from: float = 0.0,
    label_delay_s: float = 0.0,
    in_shade: bool = False,
    anyway: bool = False,
    sidecar: Callable[[Session], Sidecar] | None = None,
    check: Callable[[], None] = lambda: None,
) -> Replayed:
    """Replay through the topics of a running system; the feature matrices stay in the workers.

    `baselines` are names out of `ROW_BASELINES`; a sidecar runs beside, see `streams.replay`;
    `check` raises when a part of the system is given up.

    Raises
    ------
    ServiceError
        The models did not learn what was labelled, or slates were ranked without.
    """
    articles = log.articles()
    built = build_baselines(baselines, articles, VANS_FEATURES, seed=seed)
    judge = Judge(built.by_row, keep_ranks=keep_ranks)
    rows, health = read_rows(log, articles, limit, anyway=anyway)
    n_unasked = round(evaluate_from * len(rows))
    messages = LogMessages(
        articles, deadline_ms=deadline_ms, n_unasked=n_unasked, in_shade=in_shade
    )
    started = time.perf_counter()
    with (
        open_session(kafka) as session,
        sidecar(session) if sidecar is not None else nullcontext() as beside,
        progress_bar("replaying through Kafka", len(rows), _accuracy(judge)) as advance,
    ):
        pace = ReplaySettings(window=window, label_delay_s=label_delay_s)
        engine = KafkaReplay(session, pace, check=check)
        engine.run(rows, messages, judge, _both(advance, beside))
    return Replayed(
        engine="kafka",
        judge=judge,
        rows=[row for row in rows if row.impression_id not in engine.refused],
        latencies_s=engine.latencies_s,
        wall_s=time.perf_counter() - started,
        has_digest=False,
        n_unasked=n_unasked,
        refused=engine.refused,
        checks=engine.learned.sentences(halted_s=engine.halted_s),
        health=health,
    )


def _both(advance: Callable[[int], None], beside: Sidecar | None) -> Callable[[int], None]:
    """Return what moves the bar and lets the sidecar take its step."""

    def step(n: int) -> None:
        advance(n)
        if beside is not None:
            beside.step()

    return step


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
        ends = "n too small" if math.isnan(low) else f"{low:+.2f} to {high:+.2f}"
        parts.append(f"{METRIC_TITLES[name]} {mean:+.2f} ({ends})")
    return f"kafka minus local, the whole log: {', '.join(parts)}"
