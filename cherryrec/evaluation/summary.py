"""Everything a replay found out, as one value: what `report` writes and the command prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cherryrec.evaluation.intervals import Interval
from cherryrec.evaluation.metrics import METRICS, OverTime

__all__ = [
    "COMPARED",
    "METRIC_TITLES",
    "Difference",
    "Latency",
    "MetricRow",
    "ReplaySummary",
    "differences_table",
    "metrics_table",
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
"""The metrics of which the difference to every baseline is told."""

PERCENTILES = (50, 90, 99, 100)


@dataclass(frozen=True, slots=True)
class MetricRow:
    """One ranking's metrics over the whole log and over its second half.

    Parameters
    ----------
    name
        Of the ranking: `CherryRec`, a baseline, an ablation.
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
    latency: Latency | None = None
    degraded: Mapping[str, int] = field(default_factory=dict)
    sha256: str | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def metrics_table(summary: ReplaySummary) -> str:
    """Return the metrics as plain text, in hundredths, whole log and second half.

    The interval's half width of the AUC stands behind it.

    Examples
    --------
    >>> interval = Interval(0.5, 0.49, 0.51)
    >>> row = MetricRow("random", {"auc": interval}, {"auc": interval})
    >>> print(metrics_table(ReplaySummary(
    ...     protocol="A", log_name="demo", engine="local", seed=0, command="", rows=(row,),
    ...     counts={}, wall_s=1.0, impressions_per_s=1.0)))
    whole log           AUC  ±95 %    MRR  MRR first  nDCG@5  nDCG@10
    random            50.00   1.00      -          -       -        -
    <BLANKLINE>
    second half         AUC  ±95 %    MRR  MRR first  nDCG@5  nDCG@10
    random            50.00   1.00      -          -       -        -
    """
    width = max(16, *(len(row.name) for row in summary.rows)) if summary.rows else 16
    parts = []
    for title, of in (("whole log", "whole"), ("second half", "second_half")):
        heads = ["AUC", "±95 %", *(METRIC_TITLES[metric] for metric in METRICS[1:])]
        lines = [f"{title:<{width}}" + _cells(heads, heads)]
        for row in summary.rows:
            intervals: Mapping[str, Interval] = getattr(row, of)
            auc = intervals.get("auc")
            cells = [
                _hundredths(auc.mean if auc else None),
                _hundredths((auc.high - auc.low) / 2 if auc else None),
                *(_hundredths(_mean(intervals.get(metric))) for metric in METRICS[1:]),
            ]
            lines.append(f"{row.name:<{width}}" + _cells(cells, heads))
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def differences_table(differences: Sequence[Difference]) -> str:
    """Return CherryRec minus each ranking as plain text, in hundredths with 95 % intervals.

    Examples
    --------
    >>> gain = {"auc": Interval(0.12, 0.1, 0.14), "ndcg@10": Interval(-0.05, -0.1, 0.001)}
    >>> print(differences_table([Difference("random", gain, {})]))
    CherryRec minus, whole log                        AUC                  nDCG@10
    random                        +12.00 [+10.00, +14.00]   -5.00 [-10.00,  +0.10]
    <BLANKLINE>
    CherryRec minus, second half                      AUC                  nDCG@10
    random                                              -                        -
    """
    width = max(28, *(len(row.name) for row in differences)) if differences else 28
    parts = []
    for title, of in (("whole log", "whole"), ("second half", "second_half")):
        heads = "".join(f"{METRIC_TITLES[metric]:>25}" for metric in COMPARED)
        lines = [f"{'CherryRec minus, ' + title:<{width}}{heads}"]
        for row in differences:
            intervals: Mapping[str, Interval] = getattr(row, of)
            cells = "".join(f"{_signed(intervals.get(metric)):>25}" for metric in COMPARED)
            lines.append(f"{row.name:<{width}}{cells}")
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def _signed(interval: Interval | None) -> str:
    """Return `mean [low, high]` in hundredths with signs; a dash where there is no mean."""
    if interval is None or np.isnan(interval.mean):
        return "-"
    mean, low, high = (100 * value for value in interval)
    return f"{mean:+.2f} [{low:+6.2f}, {high:+6.2f}]"


def _cells(cells: list[str], heads: list[str]) -> str:
    """Set cells right-aligned under their heads."""
    return "".join(
        f"  {cell:>{max(5, len(head))}}" for cell, head in zip(cells, heads, strict=True)
    )


def _mean(interval: Interval | None) -> float | None:
    """Return the mean, or None where the metric was not measured."""
    return None if interval is None else interval.mean


def _hundredths(value: float | None) -> str:
    """Return a fraction times 100 with two decimals; a dash where there is none."""
    return "-" if value is None or np.isnan(value) else f"{100 * value:.2f}"
