"""Rankings of one log side by side: their metrics, and how far the first is ahead of the others."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cherryrec.evaluation.intervals import Interval, bootstrap_means
from cherryrec.evaluation.metric_rows import COMPARED, Difference, MetricRow
from cherryrec.evaluation.metrics import METRICS, LogPart, PrequentialMetrics

__all__ = ["differences", "metric_rows"]


def metric_rows(
    rankings: Mapping[str, PrequentialMetrics], seed: int, *, report_from: int | None = None
) -> tuple[MetricRow, ...]:
    """Return the metrics of each ranking that ranked something, with 95 % bootstrap intervals.

    Parameters
    ----------
    rankings
        Name to metrics, in the order of the table.
    seed
        Of the resampling.
    report_from
        Number of the first impression of the report part; None leaves it out.
    """
    return tuple(
        MetricRow(
            name=name,
            whole=metrics.intervals(part="whole", seed=seed),
            second_half=metrics.intervals(part="second_half", seed=seed),
            report={} if report_from is None else metrics.intervals(part=report_from, seed=seed),
        )
        for name, metrics in rankings.items()
        if len(metrics)
    )


def differences(
    rankings: Mapping[str, PrequentialMetrics], seed: int, *, report_from: int | None = None
) -> tuple[Difference, ...]:
    """Return the first ranking minus each other one, with 95 % paired bootstrap intervals.

    Parameters
    ----------
    rankings
        Name to metrics; all have ranked the same impressions in the same order, or nothing.
    seed, report_from
        As in `metric_rows`.

    Examples
    --------
    >>> ours, theirs = PrequentialMetrics(), PrequentialMetrics()
    >>> for time_s in (0.0, 1.0):
    ...     ours.add(time_s, [2.0, 1.0], ["a", "b"], [1, 0])
    ...     theirs.add(time_s, [1.0, 2.0], ["a", "b"], [1, 0])
    >>> found = differences({"ours": ours, "theirs": theirs}, seed=0)
    >>> [(one.name, one.whole["auc"].mean) for one in found]
    [('theirs', 1.0)]
    """
    first, *others = rankings
    names = [name for name in others if len(rankings[name])]
    whole = _minus(rankings, first, names, part="whole", seed=seed)
    second_half = _minus(rankings, first, names, part="second_half", seed=seed)
    report: dict[str, dict[str, Interval]] = {}
    if report_from is not None:
        report = _minus(rankings, first, names, part=report_from, seed=seed)
    return tuple(
        Difference(
            name=name,
            whole=whole[name],
            second_half=second_half[name],
            report=report.get(name, {}),
        )
        for name in names
    )


def _minus(
    rankings: Mapping[str, PrequentialMetrics],
    first: str,
    names: list[str],
    *,
    part: LogPart,
    seed: int,
) -> dict[str, dict[str, Interval]]:
    """Resample impressions, the same ones for all pairs of rankings and metrics at once."""
    if not names:
        return {}
    columns = [METRICS.index(metric) for metric in COMPARED]
    ours = rankings[first].values(part)[:, columns].astype(np.float64)  # (n, m)
    minus = [ours - rankings[name].values(part)[:, columns] for name in names]
    found = iter(bootstrap_means(np.hstack(minus), seed=seed))
    return {name: {metric: next(found) for metric in COMPARED} for name in names}
