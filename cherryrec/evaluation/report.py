"""The report folder of a replay: `report.json`, `report.md` and pictures.

`report.json` holds every number, `report.md` the tables a person reads. Both carry protocol, log,
seed, command and versions, so that no number stands alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cherryrec.evaluation.cnle import cnle_sentences, reliability_values
from cherryrec.evaluation.cnle_alone import CNLE_ALONE
from cherryrec.evaluation.history import HistoryTable
from cherryrec.evaluation.ladder import ladder_sentence
from cherryrec.evaluation.markdown import (
    ablation_lines,
    difference_lines,
    history_lines,
    metric_lines,
    two_columns,
)
from cherryrec.evaluation.plots import (
    plot_ablation,
    plot_degraded,
    plot_history,
    plot_latency,
    plot_quality,
    plot_reliability,
)
from cherryrec.evaluation.retrieval.pictures import (
    plot_first_slates,
    plot_recall,
    plot_recall_by_hour,
)
from cherryrec.evaluation.retrieval.tables import retrieval_lines, retrieval_values
from cherryrec.evaluation.summary import CnleAlone, ReplaySummary, ReportPart
from cherryrec.evaluation.tables import ablation_sentences, metrics_table
from cherryrec.evaluation.values import interval_values, row_values

__all__ = ["metrics_table", "write_report"]

ABLATIONS = (
    "Each line is the same log and seed once more, without the part of the system it names "
    "(`learning:pointwise`: with that in place of learning per impression). The differences are on "
    "the same impressions, **bold** where the paired interval excludes 0."
)


ALONE = (
    "The ranking by CnLE's evaluations alone, and every other ranking, on those impressions of "
    "which each candidate was evaluated."
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
        ("What CnLE adds by history length", "history.png", plot_history),
        ("How far CnLE's confidence is borne out", "reliability.png", plot_reliability),
        ("Recall from the whole catalogue over time", "recall.png", plot_recall),
        ("Recall from the whole catalogue by hour", "recall-by-hour.png", plot_recall_by_hour),
        ("The first slates of a fresh system", "first-slates.png", plot_first_slates),
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
        "ladder": summary.ladder.values(),
        "metrics": {row.name: row_values(row) for row in summary.rows},
        "cherryrec_minus": {row.name: row_values(row) for row in summary.differences},
        "ablations": {
            row.name: {
                "metrics": row_values(row),
                "cherryrec_minus": row_values(gain),
                "excludes_0": {
                    part: {metric: one.excludes_zero for metric, one in getattr(gain, part).items()}
                    for _, part in summary.parts
                },
            }
            for row, gain in zip(summary.ablations, summary.ablation_gains, strict=True)
        },
        "reliability": reliability_values(summary.reliability) if summary.reliability else None,
        "trust": dict(summary.trust),
        "report_part": _report_part(summary.report_part),
        "cnle_alone": _cnle_alone_values(summary.cnle_alone),
        "from_catalogue": retrieval_values(summary.retrieval) if summary.retrieval else None,
        "cnle_by_history": {one.part: _history_values(one) for one in summary.by_history},
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
    for title, part in summary.parts if summary.rows else ():
        parts += [f"## {title[0].upper()}{title[1:]}", metric_lines(summary.rows, part)]
        if summary.differences:
            parts.append(difference_lines(summary.differences, part))
    if summary.retrieval is not None:
        parts += retrieval_lines(summary.retrieval)
    if summary.ablations:
        parts += ["## Ablations", ABLATIONS]
        for title, part in summary.parts:
            parts += [
                f"### {title[0].upper()}{title[1:]}, ablations",
                ablation_lines(summary, part),
            ]
        sentences = ablation_sentences(summary.ablation_gains, summary.parts)
        parts.append("\n".join(f"- {one}" for one in sentences))
    if summary.cnle_alone is not None:
        parts += ["## CnLE alone", ALONE]
        for title, part in summary.cnle_alone.parts:
            parts += [
                f"### CnLE alone, {title}",
                metric_lines(summary.cnle_alone.rows, part),
                difference_lines(summary.cnle_alone.differences, part, first=CNLE_ALONE),
            ]
    for table in summary.by_history:
        parts += [f"## CnLE by history length, {table.part}", history_lines(table)]
    sentences = cnle_sentences(summary.reliability, summary.trust)
    if sentences:
        parts += ["## CnLE", "\n".join(f"- {one}" for one in sentences)]
    parts += [f"![{title}]({name})" for title, name in pictures.items()]
    parts += ["## Speed", two_columns("measure", "value", _speed(summary))]
    if summary.ladder.is_evaluated:
        parts += ["## Ladder", ladder_sentence(summary.ladder) + "."]
    if summary.degraded:
        parts += ["## Degraded recommendations", _degraded_lines(summary)]
    parts += [
        "## Counts",
        two_columns("what", "number", {k: f"{v:,}" for k, v in summary.counts.items()}),
    ]
    parts += [
        "## Repeat it",
        f"```\n{summary.command}\n```",
        two_columns("what", "value", _origin(summary)),
    ]
    if summary.notes:
        parts += ["## Notes", "\n".join(f"- {note}" for note in summary.notes)]
    return "\n\n".join(parts) + "\n"


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
    return two_columns("reason", "recommendations", by_reason)


def _origin(summary: ReplaySummary) -> dict[str, str]:
    """Return what identifies the run."""
    values = {"engine": summary.engine, "seed": str(summary.seed)}
    values |= dict(summary.versions)
    if summary.sha256:
        values["SHA-256 of the recommendations"] = f"`{summary.sha256}`"
    return values


def _report_part(part: ReportPart | None) -> dict[str, float] | None:
    """Return the part that is reported on as JSON values."""
    return None if part is None else {"share": part.share, "impressions": part.n}


def _cnle_alone_values(found: CnleAlone | None) -> dict[str, Any] | None:
    """Return the ranking by evaluations alone as JSON values."""
    if found is None:
        return None
    return {
        "impressions": found.n,
        "report_part": _report_part(found.report_part),
        "metrics": {row.name: row_values(row) for row in found.rows},
        "cnle_minus": {row.name: row_values(row) for row in found.differences},
    }


def _history_values(table: HistoryTable) -> dict[str, Any]:
    """Return CnLE's gain by history length as JSON values."""
    return {
        row.length: {
            "n": row.n,
            **interval_values({"full": row.full, "without": row.without, "gain": row.gain}),
        }
        for row in table.rows
    }
