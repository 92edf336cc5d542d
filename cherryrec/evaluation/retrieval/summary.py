"""What protocol C found out, as one value: for the tables, the page, the pictures and the JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cherryrec.evaluation.intervals import Interval, bootstrap_means
from cherryrec.evaluation.metric_rows import Difference, MetricRow
from cherryrec.evaluation.metrics import over_time
from cherryrec.evaluation.retrieval.groups import GROUPINGS, groups
from cherryrec.evaluation.retrieval.moment import SLATE_SIZE
from cherryrec.evaluation.retrieval.record import RETRIEVAL_METRICS, RetrievalRecord

__all__ = [
    "GROUPED",
    "RETRIEVAL_COMPARED",
    "RETRIEVAL_TITLES",
    "GroupRow",
    "RetrievalSummary",
    "summarise",
]

RETRIEVAL_TITLES = {
    "recall": "recall",
    "recall@20": "recall@20",
    "mrr@10": "MRR@10",
    "ndcg@10": "nDCG@10",
    "hr@10": "HR@10",
    "shown_mrr@10": "shown MRR",
    "shown_ndcg@10": "shown nDCG",
    "shown_hr@10": "shown HR",
}
"""How the metrics of protocol C are headed in tables."""

RETRIEVAL_COMPARED = ("recall", "recall@20", "mrr@10", "ndcg@10", "hr@10")
"""The metrics of which the difference to every baseline is told."""

GROUPED = ("recall", "mrr@10")
"""The metrics that are told by hour, age and history."""

FIRST_HOURS_S = 6 * 3_600.0
"""How much of the log's beginning the picture of the first slates shows."""

Floats = NDArray[np.float64]
Intervals = Mapping[str, Interval]


@dataclass(frozen=True, slots=True)
class GroupRow:
    """One group of moments: how many have a click that counts, and each ranking's metrics there."""

    label: str
    n: int
    metrics: Mapping[str, Intervals]


@dataclass(frozen=True, slots=True)
class RetrievalSummary:
    """The measures of protocol C.

    Parameters
    ----------
    rows
        Each ranking's metrics, the first selector first, its recall over time with them.
    live_rows
        The same with the clicks on articles that were live alone.
    differences
        The first selector minus each other ranking, on the same moments.
    groups
        By grouping, out of `GROUPINGS`: its rows.
    first_slates
        Name to HR@10 over the first hours of the log.
    ablations, ablation_gains
        The first selector without a part of the system each, in a replay of its own, and the full
        one minus it; empty where nothing was left out.
    n_moments, n_clicks
        Moments with a click, and clicked articles.
    not_live, was_read
        Shares of the clicked articles that were not live at the request, and that the reader had
        read before, of 1.
    n_live, n_kept
        Articles live and kept at a request, mean.
    has_shown
        Whether the log tells what the site showed.
    """

    rows: tuple[MetricRow, ...]
    live_rows: tuple[MetricRow, ...]
    differences: tuple[Difference, ...]
    groups: Mapping[str, tuple[GroupRow, ...]]
    first_slates: tuple[MetricRow, ...]
    n_moments: int
    n_clicks: int
    not_live: float
    was_read: float
    n_live: float
    n_kept: float
    has_shown: bool
    ablations: tuple[MetricRow, ...] = ()
    ablation_gains: tuple[Difference, ...] = ()

    @property
    def metrics(self) -> tuple[str, ...]:
        """Those that the tables hold."""
        if self.has_shown:
            return RETRIEVAL_METRICS
        return tuple(one for one in RETRIEVAL_METRICS if not one.startswith("shown"))

    def sentences(self) -> tuple[str, ...]:
        """Say what was asked, and what no ranking could reach."""
        return (
            f"protocol C: {self.n_moments:,} moments with {self.n_clicks:,} clicked articles; "
            f"{self.n_kept:.1f} of {self.n_live:,.0f} live articles kept, by each baseline as many",
            f"not live yet at the request: {100 * self.not_live:.2f} % of the clicked articles; "
            f"read by their reader before: {100 * self.was_read:.2f} %: every ranking misses them",
        )


def summarise(
    record: RetrievalRecord,
    *,
    seed: int,
    has_shown: bool = True,
    ablations: Mapping[str, RetrievalRecord] | None = None,
) -> RetrievalSummary | None:
    """Sum up a record, with 95 % bootstrap intervals over moments; None of one without moments.

    Parameters
    ----------
    record
        Of a whole replay.
    seed
        Of the resampling.
    has_shown
        Whether the log tells what the site showed.
    ablations
        By the part left out: the record of the same moments, its first ranking taken.
    """
    if not len(record):
        return None
    is_live = record.is_live
    all_values = {name: record.values(name) for name in record.names}
    live_values = {name: record.values(name, is_live) for name in record.names}
    parts = {part: one.values(one.names[0]) for part, one in (ablations or {}).items()}
    first, *others = record.names
    theirs = {name: all_values[name] for name in others}
    whole, second = _halves(all_values, RETRIEVAL_METRICS, seed)
    live, live_second = _halves(live_values, RETRIEVAL_METRICS, seed)
    without, without_second = _halves(parts, RETRIEVAL_METRICS, seed)
    times_s = record.times_s
    return RetrievalSummary(
        rows=tuple(
            MetricRow(name, whole[name], second[name], over_time(times_s, all_values[name][:, 0]))
            for name in record.names
        ),
        live_rows=tuple(MetricRow(name, live[name], live_second[name]) for name in record.names),
        differences=_differences(all_values[first], theirs, seed),
        ablations=tuple(MetricRow(name, without[name], without_second[name]) for name in parts),
        ablation_gains=_differences(all_values[first], parts, seed),
        groups={one: _group_rows(record, one, seed) for one in GROUPINGS},
        first_slates=_first_slates(times_s, all_values),
        n_moments=len(record),
        n_clicks=len(is_live),
        not_live=float((~is_live).mean()),
        was_read=float(record.was_read.mean()),
        n_live=float(record.n_live.mean()),
        n_kept=float(record.n_kept.mean()),
        has_shown=has_shown,
    )


def _differences(ours: Floats, others: Mapping[str, Floats], seed: int) -> tuple[Difference, ...]:
    """Return one ranking minus each other, on the same moments."""
    columns = [RETRIEVAL_METRICS.index(metric) for metric in RETRIEVAL_COMPARED]
    minus = {name: ours[:, columns] - one[:, columns] for name, one in others.items()}
    whole, second = _halves(minus, RETRIEVAL_COMPARED, seed)
    return tuple(Difference(name, whole[name], second[name]) for name in others)


def _halves(
    values: Mapping[str, Floats], metrics: tuple[str, ...], seed: int
) -> tuple[dict[str, dict[str, Interval]], ...]:
    """Return the means over the whole log and over its second half."""
    half = len(next(iter(values.values()))) // 2 if values else 0
    return tuple(_means(values, metrics, start, seed) for start in (0, half))


def _means(
    values: Mapping[str, Floats], metrics: tuple[str, ...], start: int, seed: int
) -> dict[str, dict[str, Interval]]:
    """Resample the moments from one on, the same ones for all rankings and metrics at once."""
    if not values:
        return {}
    found = iter(bootstrap_means(np.hstack([one[start:] for one in values.values()]), seed=seed))
    return {name: {metric: next(found) for metric in metrics} for name in values}


def _group_rows(record: RetrievalRecord, grouping: str, seed: int) -> tuple[GroupRow, ...]:
    """Return the rows of one grouping."""
    columns = [RETRIEVAL_METRICS.index(metric) for metric in GROUPED]
    rows = []
    for group in groups(record, grouping):
        values = {
            name: record.values(name, group.clicks)[group.moments][:, columns]
            for name in record.names
        }
        counted = ~np.isnan(values[record.names[0]][:, 0])  # (n,)
        values = {name: one[counted] for name, one in values.items()}
        rows.append(GroupRow(group.label, int(counted.sum()), _means(values, GROUPED, 0, seed)))
    return tuple(rows)


def _first_slates(times_s: Floats, values: Mapping[str, Floats]) -> tuple[MetricRow, ...]:
    """Return HR@10 over the first hours, in buckets of ten minutes."""
    is_first = times_s - times_s[0] < FIRST_HOURS_S
    column = RETRIEVAL_METRICS.index(f"hr@{SLATE_SIZE}")
    return tuple(
        MetricRow(name, {}, {}, over_time(times_s[is_first], one[is_first, column], n_buckets=36))
        for name, one in values.items()
    )
