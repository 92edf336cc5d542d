"""The report folder of a replay: `report.json`, `report.md` and pictures.

`report.json` holds every number, `report.md` the tables a person reads. Both carry protocol, log,
seed, command and versions, so that no number stands alone.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cherryrec.evaluation.intervals import Interval
from cherryrec.evaluation.metrics import METRICS
from cherryrec.evaluation.plots import (
    plot_ablation,
    plot_degraded,
    plot_latency,
    plot_quality,
)
from cherryrec.evaluation.summary import (
    COMPARED,
    METRIC_TITLES,
    Difference,
    MetricRow,
    ReplaySummary,
)
from cherryrec.evaluation.tables import ablation_sentences, metrics_table

__all__ = ["metrics_table", "write_report"]

ABLATIONS = (
    "Each line is the same log and seed once more, without the part of the system it names "
    "(`learning:pointwise`: with that in place of learning per impression). The differences are on "
    "the same impressions, **bold** where the paired interval excludes 0."
)


def write_report(summary: ReplaySummary, folder: str | Path) -> Path:
    """Write the report's files, replacing those of an earlier run; returns the folder.

    Parameters
    ----------
    summary
        What the replay measured.
    folder
        Made if it is not there.
    """
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    pictures = {}
    for title, name, plot in (
        ("Quality over time", "quality.png", plot_quality),
        ("Latency over time", "latency.png", plot_latency),
        ("Share degraded over time", "degraded.png", plot_degraded),
        ("The full system minus each ablation", "ablation.png", plot_ablation),
    ):
        if plot(summary, target / name):
            pictures[title] = name
        else:
            (target / name).unlink(missing_ok=True)
    text = json.dumps(report_values(summary), indent=2, ensure_ascii=False, allow_nan=False)
    (target / "report.json").write_text(text + "\n", encoding="utf-8")
    (target / "report.md").write_text(report_page(summary, pictures), encoding="utf-8")
    return target


def report_values(summary: ReplaySummary) -> dict[str, Any]:
    """Return everything in the summary as plain JSON values; NaN becomes null."""
    return {
        "protocol": summary.protocol,
        "log": summary.log_name,
        "engine": summary.engine,
        "seed": summary.seed,
        "command": summary.command,
        "versions": dict(summary.versions),
        "sha256": summary.sha256,
        "counts": dict(summary.counts),
        "wall_s": summary.wall_s,
        "impressions_per_s": summary.impressions_per_s,
        "latency_ms": summary.latency.percentiles() if summary.latency else None,
        "degraded": dict(summary.degraded),
        "metrics": {row.name: _both(row) for row in summary.rows},
        "cherryrec_minus": {row.name: _both(row) for row in summary.differences},
        "ablations": {
            row.name: {
                "metrics": _both(row),
                "cherryrec_minus": _both(gain),
                "excludes_0": {
                    part: {metric: one.excludes_zero for metric, one in getattr(gain, part).items()}
                    for part in ("whole", "second_half")
                },
            }
            for row, gain in zip(summary.ablations, summary.ablation_gains, strict=True)
        },
        "notes": list(summary.notes),
    }


def report_page(summary: ReplaySummary, pictures: Mapping[str, str]) -> str:
    """Return the page a person reads, in Markdown.

    Parameters
    ----------
    summary
        What the replay measured.
    pictures
        Title to file name of the pictures beside the page.
    """
    parts = [f"# Replay of {summary.log_name}", f"Protocol {summary.protocol}."]
    parts.append(
        "Means over impressions in hundredths, with their 95 % bootstrap intervals in brackets; of "
        "differences the intervals are paired: both rankings on the same resampled impressions."
    )
    for title, part in (("Whole log", "whole"), ("Second half", "second_half")):
        parts += [f"## {title}", _metric_lines(summary.rows, part)]
        if summary.differences:
            parts.append(_difference_lines(summary.differences, part))
    if summary.ablations:
        parts += ["## Ablations", ABLATIONS]
        for title, part in (("Whole log", "whole"), ("Second half", "second_half")):
            parts += [f"### {title}, ablations", _ablation_lines(summary, part)]
        parts.append("\n".join(f"- {one}" for one in ablation_sentences(summary.ablation_gains)))
    parts += [f"![{title}]({name})" for title, name in pictures.items()]
    parts += ["## Speed", _lines("measure", "value", _speed(summary))]
    if summary.degraded:
        parts += ["## Degraded recommendations", _degraded_lines(summary)]
    parts += [
        "## Counts",
        _lines("what", "number", {k: f"{v:,}" for k, v in summary.counts.items()}),
    ]
    parts += [
        "## Repeat it",
        f"```\n{summary.command}\n```",
        _lines("what", "value", _origin(summary)),
    ]
    if summary.notes:
        parts += ["## Notes", "\n".join(f"- {note}" for note in summary.notes)]
    return "\n\n".join(parts) + "\n"


def _metric_lines(rows: tuple[MetricRow, ...], part: str) -> str:
    """Return the table of one part of the log."""
    heads = " | ".join(METRIC_TITLES[metric] for metric in METRICS)
    lines = [f"| ranking | {heads} |", "|---|" + "---:|" * len(METRICS)]
    for row in rows:
        intervals: Mapping[str, Interval] = getattr(row, part)
        cells = " | ".join(_bracketed(intervals.get(metric)) for metric in METRICS)
        lines.append(f"| {_escaped(row.name)} | {cells} |")
    return "\n".join(lines)


def _difference_lines(differences: tuple[Difference, ...], part: str) -> str:
    """Return the table of what CherryRec adds to each ranking in one part of the log."""
    heads = " | ".join(METRIC_TITLES[metric] for metric in COMPARED)
    lines = [f"| CherryRec minus | {heads} |", "|---|" + "---:|" * len(COMPARED)]
    for row in differences:
        intervals: Mapping[str, Interval] = getattr(row, part)
        cells = " | ".join(_bracketed(intervals.get(m), sign="+") for m in COMPARED)
        lines.append(f"| {_escaped(row.name)} | {cells} |")
    return "\n".join(lines)


def _ablation_lines(summary: ReplaySummary, part: str) -> str:
    """Return the table of the ablations in one part of the log."""
    titles = [METRIC_TITLES[metric] for metric in COMPARED]
    heads = " | ".join([*titles, *(f"full minus, {title}" for title in titles)])
    lines = [f"| ablation | {heads} |", "|---|" + "---:|" * 2 * len(COMPARED)]
    full: Mapping[str, Interval] = getattr(summary.rows[0], part)
    means = " | ".join(_bracketed(full.get(metric)) for metric in COMPARED)
    lines.append(f"| none (full system) | {means} |" + " |" * len(COMPARED))
    for row, gain in zip(summary.ablations, summary.ablation_gains, strict=True):
        own: Mapping[str, Interval] = getattr(row, part)
        gains: Mapping[str, Interval] = getattr(gain, part)
        cells = [_bracketed(own.get(metric)) for metric in COMPARED]
        for interval in (gains.get(metric) for metric in COMPARED):
            text = _bracketed(interval, sign="+")
            cells.append(f"**{text}**" if interval and interval.excludes_zero else text)
        lines.append(f"| {_escaped(row.name)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _bracketed(interval: Interval | None, *, sign: str = "") -> str:
    """Return `mean [low, high]` in hundredths, `+` signed or not; a dash where there is no mean."""
    if interval is None or math.isnan(interval.mean):
        return "-"
    mean, low, high = (100 * value for value in interval)
    return f"{mean:{sign}.2f} [{low:{sign}.2f}, {high:{sign}.2f}]"


def _speed(summary: ReplaySummary) -> dict[str, str]:
    """Return throughput and latency percentiles."""
    values = {
        "wall time": f"{summary.wall_s:.1f} s",
        "impressions a second": f"{summary.impressions_per_s:,.0f}",
    }
    if summary.latency:
        for name, milliseconds in summary.latency.percentiles().items():
            values[f"request to recommendation, {name}"] = f"{milliseconds:.2f} ms"
    return values


def _degraded_lines(summary: ReplaySummary) -> str:
    """Return how many recommendations were degraded, by reason, with their share."""
    n = summary.counts.get("recommendations") or summary.counts.get("impressions", 0)
    by_reason = {
        reason: f"{count:,}" + (f" ({100 * count / n:.2f} %)" if n else "")
        for reason, count in sorted(summary.degraded.items())
    }
    return _lines("reason", "recommendations", by_reason)


def _origin(summary: ReplaySummary) -> dict[str, str]:
    """Return what identifies the run."""
    values = {"engine": summary.engine, "seed": str(summary.seed)}
    values |= dict(summary.versions)
    if summary.sha256:
        values["SHA-256 of the recommendations"] = f"`{summary.sha256}`"
    return values


def _lines(left: str, right: str, values: Mapping[str, str]) -> str:
    """Return a table of two columns."""
    rows = [f"| {_escaped(key)} | {value} |" for key, value in values.items()]
    return "\n".join([f"| {left} | {right} |", "|---|---:|", *rows])


def _escaped(text: str) -> str:
    """Return text that cannot end a table cell."""
    return text.replace("|", "\\|").replace("\n", " ")


def _both(row: MetricRow | Difference) -> dict[str, dict[str, dict[str, float | None]]]:
    """Return both parts of the log as JSON values."""
    return {
        "whole": _interval_values(row.whole),
        "second_half": _interval_values(row.second_half),
    }


def _interval_values(intervals: Mapping[str, Interval]) -> dict[str, dict[str, float | None]]:
    """Return intervals as JSON values."""
    return {
        metric: {
            end: None if math.isnan(value) else value for end, value in interval._asdict().items()
        }
        for metric, interval in intervals.items()
    }
