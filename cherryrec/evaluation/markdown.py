"""The tables of a replay's page, in Markdown."""

from __future__ import annotations

import math
from collections.abc import Mapping

from cherryrec.evaluation.history import HistoryTable
from cherryrec.evaluation.intervals import Interval
from cherryrec.evaluation.metric_rows import COMPARED, Difference, MetricRow
from cherryrec.evaluation.metrics import METRICS
from cherryrec.evaluation.summary import METRIC_TITLES, ReplaySummary

__all__ = [
    "ablation_lines",
    "bracketed",
    "difference_lines",
    "escaped",
    "history_lines",
    "metric_lines",
    "two_columns",
]


def metric_lines(rows: tuple[MetricRow, ...], part: str) -> str:
    """Return the table of one part of the log."""
    heads = " | ".join(METRIC_TITLES[metric] for metric in METRICS)
    lines = [f"| ranking | {heads} |", "|---|" + "---:|" * len(METRICS)]
    for row in rows:
        intervals: Mapping[str, Interval] = getattr(row, part)
        cells = " | ".join(bracketed(intervals.get(metric)) for metric in METRICS)
        lines.append(f"| {escaped(row.name)} | {cells} |")
    return "\n".join(lines)


def difference_lines(
    differences: tuple[Difference, ...], part: str, *, first: str = "CherryRec"
) -> str:
    """Return the table of what a ranking adds to each other in one part of the log."""
    heads = " | ".join(METRIC_TITLES[metric] for metric in COMPARED)
    lines = [f"| {first} minus | {heads} |", "|---|" + "---:|" * len(COMPARED)]
    for row in differences:
        intervals: Mapping[str, Interval] = getattr(row, part)
        cells = " | ".join(bracketed(intervals.get(m), sign="+") for m in COMPARED)
        lines.append(f"| {escaped(row.name)} | {cells} |")
    return "\n".join(lines)


def ablation_lines(summary: ReplaySummary, part: str) -> str:
    """Return the table of the ablations in one part of the log."""
    titles = [METRIC_TITLES[metric] for metric in COMPARED]
    heads = " | ".join([*titles, *(f"full minus, {title}" for title in titles)])
    lines = [f"| ablation | {heads} |", "|---|" + "---:|" * 2 * len(COMPARED)]
    full: Mapping[str, Interval] = getattr(summary.rows[0], part)
    means = " | ".join(bracketed(full.get(metric)) for metric in COMPARED)
    lines.append(f"| none (full system) | {means} |" + " |" * len(COMPARED))
    for row, gain in zip(summary.ablations, summary.ablation_gains, strict=True):
        own: Mapping[str, Interval] = getattr(row, part)
        gains: Mapping[str, Interval] = getattr(gain, part)
        cells = [bracketed(own.get(metric)) for metric in COMPARED]
        for interval in (gains.get(metric) for metric in COMPARED):
            text = bracketed(interval, sign="+")
            cells.append(f"**{text}**" if interval and interval.excludes_zero else text)
        lines.append(f"| {escaped(row.name)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def history_lines(table: HistoryTable) -> str:
    """Return the table of CnLE's gain by history length in one part of the log."""
    lines = [
        "| articles read | n | AUC with CnLE | without | difference |",
        "|---|---:|---:|---:|---:|",
    ]
    for row in table.rows:
        gain = bracketed(row.gain, sign="+")
        gain = f"**{gain}**" if row.is_significant else gain
        cells = [f"{row.n:,}", bracketed(row.full), bracketed(row.without), gain]
        lines.append(f"| {row.length} | {' | '.join(cells)} |")
    return "\n".join(lines)


def two_columns(left: str, right: str, values: Mapping[str, str]) -> str:
    """Return a table of two columns."""
    rows = [f"| {escaped(key)} | {value} |" for key, value in values.items()]
    return "\n".join([f"| {left} | {right} |", "|---|---:|", *rows])


def bracketed(interval: Interval | None, *, sign: str = "") -> str:
    """Return `mean [low, high]` in hundredths, `+` signed or not; a dash where there is no mean.

    Of too few impressions there is a mean without an interval.
    """
    if interval is None or math.isnan(interval.mean):
        return "-"
    mean, low, high = (100 * value for value in interval)
    if math.isnan(low):
        return f"{mean:{sign}.2f} (n too small)"
    return f"{mean:{sign}.2f} [{low:{sign}.2f}, {high:{sign}.2f}]"


def escaped(text: str) -> str:
    """Return text that cannot end a table cell."""
    return text.replace("|", "\\|").replace("\n", " ")
