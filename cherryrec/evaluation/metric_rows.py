"""One ranking's metrics, and what CherryRec has more: the rows of every table of a replay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cherryrec.evaluation.intervals import Interval
from cherryrec.evaluation.metrics import OverTime

__all__ = ["COMPARED", "Difference", "MetricRow"]

COMPARED = ("auc", "ndcg@10")
"""The metrics of which the difference to every other ranking is told."""


@dataclass(frozen=True, slots=True)
class MetricRow:
    """One ranking's metrics over the whole log, its second half, and the part reported on.

    Parameters
    ----------
    name
        Of the ranking: `CherryRec`, a baseline, the part that an ablation leaves out.
    whole, second_half
        Metric to mean and 95 % interval, as fractions of 1 (`PrequentialMetrics.intervals`).
    over_time
        AUC in buckets of the log's time, for the plot; None leaves the ranking out of it.
    report
        The same over the last part of a split log; empty where it was not split.
    """

    name: str
    whole: Mapping[str, Interval]
    second_half: Mapping[str, Interval]
    over_time: OverTime | None = None
    report: Mapping[str, Interval] = field(default_factory=dict)


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
    report
        The same over the last part of a split log; empty where it was not split.
    """

    name: str
    whole: Mapping[str, Interval]
    second_half: Mapping[str, Interval]
    report: Mapping[str, Interval] = field(default_factory=dict)
