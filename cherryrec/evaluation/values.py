"""Intervals as plain JSON values, for every part of a report."""

from __future__ import annotations

import math
from collections.abc import Mapping

from cherryrec.evaluation.intervals import Interval
from cherryrec.evaluation.metric_rows import Difference, MetricRow

__all__ = ["interval_values", "row_values"]

Values = dict[str, dict[str, float | None]]


def row_values(row: MetricRow | Difference) -> dict[str, Values]:
    """Return the parts of the log, each with its metrics."""
    values = {
        "whole": interval_values(row.whole),
        "second_half": interval_values(row.second_half),
    }
    return values | {"report": interval_values(row.report)} if row.report else values


def interval_values(intervals: Mapping[str, Interval]) -> Values:
    """Return the mean and the ends of each interval; NaN becomes null.

    Examples
    --------
    >>> interval_values({"auc": Interval(0.5, float("nan"), 0.6)})
    {'auc': {'mean': 0.5, 'low': None, 'high': 0.6}}
    """
    return {
        metric: {
            end: None if math.isnan(value) else value for end, value in interval._asdict().items()
        }
        for metric, interval in intervals.items()
    }
