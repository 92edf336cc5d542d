"""The tables of a replay as plain text: what the command prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from cherryrec.evaluation.history import HistoryTable
from cherryrec.evaluation.intervals import Interval
from cherryrec.evaluation.metric_rows import COMPARED, Difference, MetricRow
from cherryrec.evaluation.metrics import METRICS
from cherryrec.evaluation.summary import METRIC_TITLES, PARTS, LogParts, ReplaySummary

__all__ = [
    "ablation_sentences",
    "ablation_table",
    "differences_table",
    "history_table",
    "hundredths",
    "metrics_table",
    "rankings_table",
    "signed",
]


def metrics_table(summary: ReplaySummary) -> str:
    """Return the metrics as plain text, in hundredths, whole log and second half.

    The interval's half width of the AUC stands behind it.

    Examples
    --------
    >>> from cherryrec.evaluation.metric_rows import MetricRow
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
    return rankings_table(summary.rows, summary.parts)


def rankings_table(rows: Sequence[MetricRow], parts: LogParts) -> str:
    """Return the metrics of rankings over parts of a log, as `metrics_table` does."""
    width = max(16, *(len(row.name) for row in rows), *(len(title) for title, _ in parts))
    tables = []
    for title, of in parts:
        heads = ["AUC", "±95 %", *(METRIC_TITLES[metric] for metric in METRICS[1:])]
        lines = [f"{title:<{width}}" + _cells(heads, heads)]
        for row in rows:
            intervals: Mapping[str, Interval] = getattr(row, of)
            auc = intervals.get("auc")
            cells = [
                hundredths(auc.mean if auc else None),
                hundredths((auc.high - auc.low) / 2 if auc else None),
                *(hundredths(_mean(intervals.get(metric))) for metric in METRICS[1:]),
            ]
            lines.append(f"{row.name:<{width}}" + _cells(cells, heads))
        tables.append("\n".join(lines))
    return "\n\n".join(tables)


def differences_table(
    differences: Sequence[Difference], parts: LogParts = PARTS, *, first: str = "CherryRec"
) -> str:
    """Return one ranking minus each other as plain text, in hundredths with 95 % intervals.

    Parameters
    ----------
    differences
        The first ranking minus each other.
    parts
        Titles and attributes of the parts of the log.
    first
        Name of the ranking that the others are taken from.

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
    titles = [f"{first} minus, {title}" for title, _ in parts]
    width = max(28, *(len(row.name) for row in differences), *map(len, titles))
    tables = []
    for title, (_, of) in zip(titles, parts, strict=True):
        heads = "".join(f"{METRIC_TITLES[metric]:>25}" for metric in COMPARED)
        lines = [f"{title:<{width}}{heads}"]
        for row in differences:
            intervals: Mapping[str, Interval] = getattr(row, of)
            cells = "".join(f"{signed(intervals.get(metric)):>25}" for metric in COMPARED)
            lines.append(f"{row.name:<{width}}{cells}")
        tables.append("\n".join(lines))
    return "\n\n".join(tables)


def ablation_table(summary: ReplaySummary) -> str:
    """Return every ablation as plain text, and the full system minus it.

    Means are in hundredths; of the differences the 95 % paired intervals are given, with a star
    where they exclude 0.

    Examples
    --------
    >>> from cherryrec.evaluation.metric_rows import MetricRow
    >>> row = MetricRow("CherryRec", {"auc": Interval(0.7, 0.6, 0.8)}, {})
    >>> less = MetricRow("vans:linear", {"auc": Interval(0.68, 0.6, 0.8)}, {})
    >>> gain = Difference("vans:linear", {"auc": Interval(0.02, 0.01, 0.03)}, {})
    >>> table = ablation_table(ReplaySummary(
    ...     protocol="A", log_name="demo", engine="local", seed=0, command="", rows=(row,),
    ...     counts={}, wall_s=1.0, impressions_per_s=1.0, ablations=(less,),
    ...     ablation_gains=(gain,)))
    >>> for line in table.splitlines()[:3]:
    ...     print(line[:73].rstrip())
    ablation, whole log               AUC  nDCG@10         full minus, AUC
    none (full system)              70.00        -                       -
    vans:linear                     68.00        -  +2.00 [ +1.00,  +3.00]*
    """
    gains: list[Difference | None] = [None, *summary.ablation_gains]
    rows = (*summary.rows[:1], *summary.ablations)
    titles = [f"ablation, {title}" for title, _ in summary.parts]
    width = max(28, *(len(row.name) for row in rows), *map(len, titles))
    tables = []
    for title, (_, of) in zip(titles, summary.parts, strict=True):
        lines = [
            f"{title:<{width}}"
            + "".join(f"  {METRIC_TITLES[metric]:>7}" for metric in COMPARED)
            + "".join(f"{'full minus, ' + METRIC_TITLES[metric]:>24} " for metric in COMPARED)
        ]
        for row, gain in zip(rows, gains, strict=True):
            means: Mapping[str, Interval] = getattr(row, of)
            gains_of: Mapping[str, Interval] = {} if gain is None else getattr(gain, of)
            cells = [f"{hundredths(_mean(means.get(metric))):>7}" for metric in COMPARED]
            name = "none (full system)" if gain is None else row.name
            lines.append(
                f"{name:<{width}}"
                + "".join(f"  {cell}" for cell in cells)
                + "".join(_starred(gains_of.get(metric)) for metric in COMPARED)
            )
        tables.append("\n".join(line.rstrip() for line in lines))
    return "\n\n".join(tables)


def history_table(table: HistoryTable) -> str:
    """Return CnLE's gain by history length as plain text, in hundredths with 95 % intervals.

    Examples
    --------
    >>> from cherryrec.evaluation.history import HistoryRow
    >>> auc, gain = Interval(0.7, 0.6, 0.8), Interval(0.02, 0.01, 0.03)
    >>> print(history_table(HistoryTable("CnLE asked", (HistoryRow("1-5", 90, auc, auc, gain),))))
    articles read, CnLE asked          n  AUC with CnLE    without               difference
    1-5                               90          70.00      70.00  +2.00 [ +1.00,  +3.00]*
    """
    title = f"articles read, {table.part}"
    width = max(28, len(title))
    lines = [f"{title:<{width}}{'n':>8}  AUC with CnLE    without{'difference':>25}"]
    lines += [
        f"{row.length:<{width}}{row.n:>8,}{hundredths(row.full.mean):>15}"
        f"{hundredths(row.without.mean):>11}{signed(row.gain):>24}"
        f"{'*' if row.is_significant else ' '}"
        for row in table.rows
    ]
    return "\n".join(line.rstrip() for line in lines)


def ablation_sentences(gains: Sequence[Difference], parts: LogParts = PARTS) -> list[str]:
    """Say of each metric and part of the log which intervals exclude 0, and on which side.

    Examples
    --------
    >>> gain = {"auc": Interval(0.02, 0.01, 0.03), "ndcg@10": Interval(0.01, -0.01, 0.03)}
    >>> for line in ablation_sentences([Difference("vans:linear", gain, gain)])[:2]:
    ...     print(line)
    AUC, whole log: full system better than vans:linear; worse than none; not told apart: 0
    nDCG@10, whole log: full system better than none; worse than none; not told apart: 1
    """
    lines = []
    for title, of in parts:
        for metric in COMPARED:
            found = {one.name: getattr(one, of).get(metric) for one in gains}
            significant = {
                name: one.mean for name, one in found.items() if one and one.excludes_zero
            }
            better = ", ".join(name for name, mean in significant.items() if mean > 0) or "none"
            worse = ", ".join(name for name, mean in significant.items() if mean < 0) or "none"
            lines.append(
                f"{METRIC_TITLES[metric]}, {title}: full system better than {better}; "
                f"worse than {worse}; not told apart: {len(found) - len(significant)}"
            )
    return lines


def _starred(interval: Interval | None) -> str:
    """Return the cell of a difference, with a star where its interval excludes 0."""
    star = "*" if interval is not None and interval.excludes_zero else " "
    return f"{signed(interval):>24}{star}"


def signed(interval: Interval | None) -> str:
    """Return `mean [low, high]` in hundredths with signs; a dash where there is no mean.

    Of too few impressions there is a mean without an interval.
    """
    if interval is None or np.isnan(interval.mean):
        return "-"
    mean, low, high = (100 * value for value in interval)
    if np.isnan(low):
        return f"{mean:+.2f}  (n too small)"
    return f"{mean:+.2f} [{low:+6.2f}, {high:+6.2f}]"


def _cells(cells: list[str], heads: list[str]) -> str:
    """Set cells right-aligned under their heads."""
    return "".join(
        f"  {cell:>{max(5, len(head))}}" for cell, head in zip(cells, heads, strict=True)
    )


def _mean(interval: Interval | None) -> float | None:
    """Return the mean, or None where the metric was not measured."""
    return None if interval is None else interval.mean


def hundredths(value: float | None) -> str:
    """Return a fraction times 100 with two decimals; a dash where there is none."""
    return "-" if value is None or np.isnan(value) else f"{100 * value:.2f}"
