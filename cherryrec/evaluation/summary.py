"""Everything a replay found out, as one value: what `report` writes and the command prints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cherryrec.evaluation.intervals import Interval
from cherryrec.evaluation.metrics import OverTime

__all__ = [
    "COMPARED",
    "METRIC_TITLES",
    "Difference",
    "Latency",
    "MetricRow",
    "ReplaySummary",
]

METRIC_TITLES = {
    "auc": "AUC",
    "mrr": "MRR",
    "mrr_first": "MRR first",
    "ndcg@5": "nDCG@5",
    "ndcg@10": "nDCG@10",
}
"""How the metrics of protocol A are headed in tables."""

COMPARED = ("auc", "ndcg@10")
"""The metrics of which the difference to every other ranking is told."""

PERCENTILES = (50, 90, 99, 100)


@dataclass(frozen=True, slots=True)
class MetricRow:
    """One ranking's metrics over the whole log and over its second half.

    Parameters
    ----------
    name
        Of the ranking: `CherryRec`, a baseline, the part that an ablation leaves out.
    whole, second_half
        Metric to mean and 95 % interval, as fractions of 1 (`PrequentialMetrics.intervals`).
    over_time
        AUC in buckets of the log's time, for the plot; None leaves the ranking out of it.
    """

    name: str
    whole: Mapping[str, Interval]
    second_half: Mapping[str, Interval]
    over_time: OverTime | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """CherryRec minus another ranking on the same impressions.

    Parameters
    ----------
    name
        Of the other ranking.
    whole, second_half
        Metric out of `COMPARED` to the mean difference and its 95 % paired bootstrap interval, as
        fractions of 1.
    """

    name: str
    whole: Mapping[str, Interval]
    second_half: Mapping[str, Interval]


@dataclass(frozen=True, slots=True)
class Latency:
    """How long each recommendation took, beside its event time.

    Parameters
    ----------
    event_times_s
        Event time of each request, UTC seconds, (n,).
    milliseconds
        From request to recommendation, (n,).
    is_degraded
        Whether each was answered without evaluations, (n,); None where that was not recorded.
    """

    event_times_s: NDArray[np.float64]
    milliseconds: NDArray[np.float64]
    is_degraded: NDArray[np.bool_] | None = None

    def percentiles(self) -> dict[str, float]:
        """Return p50, p90, p99 and p100 in milliseconds; empty where nothing was timed."""
        if not self.milliseconds.size:
            return {}
        found = np.percentile(self.milliseconds, PERCENTILES)
        return {f"p{p}": float(ms) for p, ms in zip(PERCENTILES, found, strict=True)}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaySummary:
    """What a replay measured, and all that is needed to repeat it.

    Parameters
    ----------
    protocol
        In one line, label delay included: `A: impression ranking, prequential, label delay 0 s`.
    log_name
        Name of the log folder.
    engine
        `local` or `kafka`.
    seed, command
        What repeats the run.
    rows
        The rankings in the order of the table, CherryRec first.
    differences
        CherryRec minus each other ranking, in the order of the rows.
    counts
        Numbers of impressions, articles, users, bad rows and the like, by name.
    wall_s
        Seconds the replay took.
    impressions_per_s
        Throughput of ranking and learning together.
    ablations
        CherryRec without a part of it each, named by the part; empty where nothing was left out.
    ablation_gains
        CherryRec minus each of `ablations`, in their order.
    latency
        Request to recommendation; None where it was not timed.
    degraded
        Reason to number of recommendations answered so; empty where none was.
    sha256
        Of the recommendations; None where the engine promises no fixed order.
    versions
        Name to version of what ran: cherryrec, python, numpy.
    notes
        Sentences for the reader: what was cut, assumed, left out.
    """

    protocol: str
    log_name: str
    engine: str
    seed: int
    command: str
    rows: tuple[MetricRow, ...]
    counts: Mapping[str, int]
    wall_s: float
    impressions_per_s: float
    differences: tuple[Difference, ...] = ()
    ablations: tuple[MetricRow, ...] = ()
    ablation_gains: tuple[Difference, ...] = ()
    latency: Latency | None = None
    degraded: Mapping[str, int] = field(default_factory=dict)
    sha256: str | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
