"""The tables of protocol C: what the command prints, what the page holds, and the JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cherryrec.evaluation.intervals import Interval
from cherryrec.evaluation.markdown import bracketed, escaped
from cherryrec.evaluation.metric_rows import Difference, MetricRow
from cherryrec.evaluation.retrieval.groups import GROUPINGS
from cherryrec.evaluation.retrieval.summary import (
    GROUPED,
    RETRIEVAL_COMPARED,
    RETRIEVAL_TITLES,
    GroupRow,
    RetrievalSummary,
)
from cherryrec.evaluation.summary import PARTS
from cherryrec.evaluation.tables import hundredths, signed
from cherryrec.evaluation.values import interval_values, row_values

__all__ = ["retrieval_lines", "retrieval_table", "retrieval_values"]

INTRODUCTION = (
    "Before each impression (in a log of clicks alone: before each click) the whole live catalogue "
    "was asked: what had been published with a time or shown, is not too old, and was not read by "
    "the reader. **recall** is the share of the clicked articles among those that KnRS keeps, "
    "**recall@20** among its first twenty; baselines keep as many. **MRR@10, nDCG@10, HR@10** are "
    "of the slate of ten that a reader would get out of the whole catalogue; **shown** are the "
    "same of the order of what is kept, with what the site did not show taken out. A clicked "
    "article that was not live yet is missed by all; the tables of live clicks leave it out. "
    "CnLE is not asked."
)
_NAME_WIDTH = 22
_WITH_SPREAD = ("recall", "mrr@10", "ndcg@10", "hr@10")
"""Metrics whose interval the command prints; the page has all."""


def retrieval_table(summary: RetrievalSummary) -> str:
    """Return what the command prints: rankings, differences and groups, in hundredths."""
    parts = [(title, of, summary.rows) for title, of in PARTS]
    parts += [(f"{title}, live", of, summary.live_rows) for title, of in PARTS]
    tables = [_rankings(title, rows, of, summary.metrics) for title, of, rows in parts]
    name = summary.rows[0].name
    if summary.differences:
        tables += [_differences(summary.differences, name, title, of) for title, of in PARTS]
    if summary.ablations:
        for title, of in PARTS:
            tables.append(_rankings(f"without, {title}", summary.ablations, of, summary.metrics))
            tables.append(_differences(summary.ablation_gains, "full system", title, of))
    tables += [_groups(GROUPINGS[one], rows) for one, rows in summary.groups.items()]
    return "\n\n".join(["\n".join(summary.sentences()), *tables])


def retrieval_lines(summary: RetrievalSummary) -> list[str]:
    """Return the parts of the page, in Markdown."""
    parts = ["## From the whole catalogue (protocol C)", INTRODUCTION]
    parts.append("\n".join(f"- {one}" for one in summary.sentences()))
    for title, of in PARTS:
        parts += [
            f"### From the whole catalogue, {title}",
            _metric_lines(summary.rows, of, summary.metrics),
        ]
        if summary.differences:
            name = summary.rows[0].name
            parts.append(
                _metric_lines(
                    summary.differences, of, RETRIEVAL_COMPARED, head=f"{name} minus", sign="+"
                )
            )
        parts += [
            f"### From the whole catalogue, live clicks alone, {title}",
            _metric_lines(summary.live_rows, of, summary.metrics),
        ]
    for title, of in PARTS if summary.ablations else ():
        parts += [
            f"### From the whole catalogue, {title}, ablations",
            _metric_lines(summary.ablations, of, summary.metrics, head="ablation"),
            _metric_lines(
                summary.ablation_gains, of, RETRIEVAL_COMPARED, head="full system minus", sign="+"
            ),
        ]
    for one, rows in summary.groups.items():
        for metric in GROUPED:
            parts += [
                f"### By {GROUPINGS[one]}: {RETRIEVAL_TITLES[metric]} from the whole catalogue",
                _group_lines(rows, metric, [row.name for row in summary.rows], GROUPINGS[one]),
            ]
    return parts


def retrieval_values(summary: RetrievalSummary) -> dict[str, Any]:
    """Return everything as JSON values."""
    return {
        "moments": summary.n_moments,
        "clicks": summary.n_clicks,
        "not_live": summary.not_live,
        "was_read": summary.was_read,
        "live_articles": summary.n_live,
        "kept_articles": summary.n_kept,
        "metrics": {row.name: row_values(row) for row in summary.rows},
        "metrics_live": {row.name: row_values(row) for row in summary.live_rows},
        "cherryrec_minus": {row.name: row_values(row) for row in summary.differences},
        "ablations": {
            row.name: {"metrics": row_values(row), "cherryrec_minus": row_values(gain)}
            for row, gain in zip(summary.ablations, summary.ablation_gains, strict=True)
        },
        "recall_over_time": {row.name: _course(row) for row in summary.rows},
        "first_slates_hr@10": {row.name: _course(row) for row in summary.first_slates},
        "groups": {
            one: [
                {
                    "label": row.label,
                    "n": row.n,
                    "metrics": {name: interval_values(of) for name, of in row.metrics.items()},
                }
                for row in rows
            ]
            for one, rows in summary.groups.items()
        },
    }


def _course(row: MetricRow) -> dict[str, list[float]]:
    """Return the course of a metric: bucket ends in epoch seconds, means within."""
    assert row.over_time is not None, "every ranking of protocol C has a course"
    course = row.over_time
    return {"ends_s": course.ends_s.tolist(), "in_bucket": course.in_bucket.tolist()}


def _rankings(title: str, rows: Sequence[MetricRow], of: str, metrics: Sequence[str]) -> str:
    """Return the means of each ranking, the half widths of intervals behind the first ones."""
    heads = []
    for metric in metrics:
        heads += [RETRIEVAL_TITLES[metric], *(["±95 %"] if metric in _WITH_SPREAD else [])]
    lines = [f"{title:<{_NAME_WIDTH}}" + "".join(f"  {head:>7}" for head in heads)]
    for row in rows:
        found: Mapping[str, Interval] = getattr(row, of)
        cells = []
        for metric in metrics:
            interval = found[metric]
            cells.append(hundredths(interval.mean))
            if metric in _WITH_SPREAD:
                cells.append(hundredths((interval.high - interval.low) / 2))
        lines.append(
            f"{row.name:<{_NAME_WIDTH}}"
            + "".join(f"  {cell:>{max(7, len(h))}}" for cell, h in zip(cells, heads, strict=True))
        )
    return "\n".join(lines)


def _differences(rows: Sequence[Difference], first: str, title: str, of: str) -> str:
    """Return the first selector minus each other, with 95 % intervals."""
    name = f"{first} minus, {title}"
    width = max(_NAME_WIDTH, len(name))
    heads = "".join(f"{RETRIEVAL_TITLES[metric]:>25}" for metric in GROUPED)
    lines = [f"{name:<{width}}{heads}"]
    for row in rows:
        found: Mapping[str, Interval] = getattr(row, of)
        cells = "".join(f"{signed(found[metric]):>25}" for metric in GROUPED)
        lines.append(f"{row.name:<{width}}{cells}")
    return "\n".join(lines)


def _groups(title: str, rows: Sequence[GroupRow]) -> str:
    """Return the first ranking's metrics by group, beside the best of the others."""
    heads = "".join(f"  {RETRIEVAL_TITLES[m]:>7}  best other" + " " * 18 for m in GROUPED)
    lines = [f"{title:<28}{'n':>8}{heads}".rstrip()]
    for row in rows:
        first, *others = row.metrics
        cells = ""
        for metric in GROUPED:
            best = max(others, key=lambda name: row.metrics[name][metric].mean, default=None)
            described = ""
            if best is not None and row.metrics[best][metric].mean > 0:
                described = f"{hundredths(row.metrics[best][metric].mean):>5} {best}"
            cells += f"  {hundredths(row.metrics[first][metric].mean):>7}  {described:<28}"
        lines.append(f"{row.label:<28}{row.n:>8,}{cells}".rstrip())
    return "\n".join(lines)


def _metric_lines(
    rows: Sequence[Any], of: str, metrics: Sequence[str], *, head: str = "ranking", sign: str = ""
) -> str:
    """Return a table of rankings by metric."""
    heads = " | ".join(RETRIEVAL_TITLES[metric] for metric in metrics)
    lines = [f"| {head} | {heads} |", "|---|" + "---:|" * len(metrics)]
    for row in rows:
        found: Mapping[str, Interval] = getattr(row, of)
        cells = " | ".join(bracketed(found[metric], sign=sign) for metric in metrics)
        lines.append(f"| {escaped(row.name)} | {cells} |")
    return "\n".join(lines)


def _group_lines(rows: Sequence[GroupRow], metric: str, names: Sequence[str], head: str) -> str:
    """Return a table of groups by ranking, of one metric."""
    lines = [
        f"| {head} | n | {' | '.join(map(escaped, names))} |",
        "|---|---:|" + "---:|" * len(names),
    ]
    for row in rows:
        cells = " | ".join(bracketed(row.metrics[name][metric]) for name in names)
        lines.append(f"| {row.label} | {row.n:,} | {cells} |")
    return "\n".join(lines)
