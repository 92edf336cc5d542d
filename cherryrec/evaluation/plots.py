"""Pictures of a replay: quality and latency over the time of the log, gains over its ablations.

Matplotlib is imported when a plot is drawn, never with the core, and draws on a canvas of its own
without touching its global state.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from cherryrec.evaluation.metric_rows import MetricRow
from cherryrec.evaluation.summary import ReplaySummary

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "OTHERS",
    "OURS",
    "instants",
    "plot_ablation",
    "plot_degraded",
    "plot_history",
    "plot_latency",
    "plot_quality",
    "plot_reliability",
    "save",
    "save_picture",
    "time_axis",
]

# Okabe & Ito (2008), Color universal design: told apart by readers of every colour vision.
OURS = "#D55E00"
OTHERS = ("#0072B2", "#009E73", "#56B4E9", "#CC79A7", "#E69F00", "#F0E442")
GREY = "#8C8C8C"
N_BUCKETS = 60


def plot_quality(summary: ReplaySummary, path: Path) -> bool:
    """Draw the running AUC of every ranking and ours by bucket; False where there is none."""
    rows = [row for row in summary.rows if row.over_time is not None and row.over_time.ends_s.size]
    if not rows:
        return False

    def draw(axes: Axes) -> None:
        for number, row in enumerate(rows):
            _draw_running_auc(axes, row, number)
        axes.axhline(50.0, color=GREY, linewidth=0.8, linestyle=":")
        axes.set_ylabel("AUC in hundredths, mean of all impressions so far")
        time_axis(axes)

    save(draw, f"Ranking quality over time: {summary.log_name}", summary, path)
    return True


def plot_latency(summary: ReplaySummary, path: Path) -> bool:
    """Draw p50, p90 and p99 of the latency in buckets of the log's time; False without any."""
    from matplotlib.ticker import LogLocator

    latency = summary.latency
    if latency is None or not latency.milliseconds.size:
        return False

    def draw(axes: Axes) -> None:
        ends, buckets = _buckets(latency.event_times_s, latency.milliseconds)
        percentiles = np.array([np.percentile(bucket, (50, 90, 99)) for bucket in buckets])
        styles = (("p50", OTHERS[0]), ("p90", OTHERS[1]), ("p99", OURS))
        for column, (name, colour) in reversed(list(enumerate(styles))):
            axes.plot(ends, percentiles[:, column], color=colour, linewidth=1.6, label=name)
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter("")
        axes.set_ylabel("request to recommendation (ms, log scale)")
        time_axis(axes)

    save(draw, f"Latency over time: {summary.log_name}", summary, path)
    return True


def plot_degraded(summary: ReplaySummary, path: Path) -> bool:
    """Draw the share of degraded recommendations over the log's time; False where none was."""
    latency = summary.latency
    if latency is None or latency.is_degraded is None or not latency.is_degraded.any():
        return False
    is_degraded = latency.is_degraded.astype(np.float64)  # (n,)

    def draw(axes: Axes) -> None:
        ends, buckets = _buckets(latency.event_times_s, is_degraded)
        share = [100.0 * float(bucket.mean()) for bucket in buckets]
        axes.plot(ends, share, color=OURS, linewidth=1.6, label="degraded")
        axes.set_ylim(0.0, 105.0)
        axes.set_ylabel("recommendations without evaluations (%)")
        time_axis(axes)

    save(draw, f"Share degraded over time: {summary.log_name}", summary, path)
    return True


def plot_ablation(summary: ReplaySummary, path: Path) -> bool:
    """Draw how far the AUC is ahead of each ablation, furthest first; False without any."""
    found = [(one.name, one.whole.get("auc")) for one in summary.ablation_gains]
    gains = [(name, gain) for name, gain in found if gain and not np.isnan(gain.mean)]
    if not gains:
        return False
    gains.sort(key=lambda one: (-one[1].mean, one[0]))

    def draw(axes: Axes) -> None:
        for colour, is_significant, label in (
            (OURS, True, "interval excludes 0"),
            (GREY, False, "interval holds 0"),
        ):
            rows = [n for n, (_, gain) in enumerate(gains) if gain.excludes_zero == is_significant]
            if not rows:
                continue
            mean, low, high = 100 * np.array([gains[n][1] for n in rows]).T  # (3, rows)
            ends = np.maximum([mean - low, high - mean], 0.0)  # (2, rows)
            axes.barh(
                rows,
                mean,
                xerr=ends,
                color=colour,
                height=0.7,
                capsize=2.5,
                ecolor="#333333",
                error_kw={"elinewidth": 1.0},
                label=label,
            )
        axes.axvline(0.0, color="#333333", linewidth=0.8)
        axes.set_yticks(range(len(gains)), [name for name, _ in gains])
        axes.invert_yaxis()
        axes.set_xlabel("AUC in hundredths, full system minus ablation")

    title = f"The full system minus each ablation: {summary.log_name}"
    save(draw, title, summary, path, height=1.8 + 0.28 * len(gains), grid="x")
    return True


def plot_history(summary: ReplaySummary, path: Path) -> bool:
    """Draw what CnLE adds to the AUC by history length, in the last part; False without any."""
    rows = [row for row in summary.by_history[-1].rows if row.n] if summary.by_history else []
    if not rows:
        return False

    def draw(axes: Axes) -> None:
        mean, low, high = 100 * np.array([row.gain for row in rows]).T  # (3, rows)
        places = np.arange(len(rows))
        ends = np.maximum([mean - low, high - mean], 0.0)  # (2, rows)
        axes.bar(places, mean, yerr=ends, color=OURS, width=0.6, capsize=3.0, ecolor="#333333")
        axes.axhline(0.0, color="#333333", linewidth=0.8)
        axes.set_xticks(places, [f"{row.length}\nn = {row.n:,}" for row in rows])
        axes.set_xlabel("articles read before the request")
        axes.set_ylabel("AUC with CnLE minus without, in hundredths")

    part = summary.by_history[-1].part
    save(draw, f"What CnLE adds, {part}: {summary.log_name}", summary, path)
    return True


def plot_reliability(summary: ReplaySummary, path: Path) -> bool:
    """Draw clicks against CnLE's chances, as they are and calibrated; False without evaluations."""
    found = summary.reliability
    if found is None:
        return False

    def draw(axes: Axes) -> None:
        curves = ((OTHERS[0], "T = 1", found.before), (OURS, "calibrated", found.after))
        most = max(float(np.concatenate([c.chances, c.clicks]).max()) for _, _, c in curves)
        axes.plot([0.0, 100 * most], [0.0, 100 * most], color=GREY, linewidth=0.8, linestyle=":")
        for colour, name, curve in curves:
            label = f"{name} (error {100 * curve.error.mean:.2f})"
            chances, clicks = 100 * curve.chances, 100 * curve.clicks
            axes.plot(chances, clicks, color=colour, linewidth=1.6, marker="o", label=label)
        axes.set_xlabel("chance by CnLE (%), mean of each bin of equal counts")
        axes.set_ylabel("share of the clicks (%)")

    save(draw, f"How far CnLE's confidence is borne out: {summary.log_name}", summary, path)
    return True


def _draw_running_auc(axes: Axes, row: MetricRow, number: int) -> None:
    """Draw one ranking; the first is ours, and its buckets show behind its running mean."""
    assert row.over_time is not None, "rows without a course are left out before"
    times = instants(row.over_time.ends_s)
    ours = number == 0
    colour = OURS if ours else OTHERS[(number - 1) % len(OTHERS)]
    if ours:
        axes.plot(
            times,
            100 * row.over_time.in_bucket,
            color=colour,
            alpha=0.3,
            linewidth=1.0,
            label=f"{row.name}, within each bucket",
        )
    final = 100 * row.over_time.so_far[-1]
    axes.plot(
        times,
        100 * row.over_time.so_far,
        color=colour,
        linestyle="-" if number <= len(OTHERS) else "--",  # colours come round again
        linewidth=2.4 if ours else 1.4,
        label=f"{row.name} ({final:.1f})",
        zorder=3 if ours else 2,
    )


def _buckets(
    times_s: NDArray[np.float64], values: NDArray[np.float64]
) -> tuple[NDArray[np.datetime64], list[NDArray[np.float64]]]:
    """Return the ends of the time buckets that hold something, and the values within each."""
    order = np.argsort(times_s, kind="stable")
    times_s, values = times_s[order], values[order]
    edges = np.linspace(times_s[0], times_s[-1], N_BUCKETS + 1)
    cuts = np.searchsorted(times_s, edges[1:-1], side="right")
    parts = np.split(values, cuts)
    filled = [number for number, part in enumerate(parts) if part.size]
    return instants(edges[1:][filled]), [parts[number] for number in filled]


def instants(times_s: NDArray[np.float64]) -> NDArray[np.datetime64]:
    """Return UTC instants for the time axis."""
    return np.round(times_s * 1000.0).astype("datetime64[ms]")


def time_axis(axes: Axes) -> None:
    """Label the time axis with as few words as its length needs."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(tz=UTC)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    formatter = ConciseDateFormatter(locator, tz=UTC)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_formatter(formatter)
    axes.set_xlabel("event time (UTC)")


def save(
    draw: Callable[[Axes], None],
    title: str,
    summary: ReplaySummary,
    path: Path,
    *,
    height: float = 5.0,
    grid: Literal["x", "y"] = "y",
) -> None:
    """Draw one picture of a replay and write it as a PNG; `height` is in inches."""
    detail = f"protocol {summary.protocol} · engine {summary.engine} · seed {summary.seed}"
    save_picture(draw, title, detail, path, height=height, grid=grid)


def save_picture(
    draw: Callable[[Axes], None],
    title: str,
    detail: str,
    path: Path,
    *,
    height: float = 5.0,
    grid: Literal["x", "y"] = "y",
) -> None:
    """Draw one picture in the common style and write it as a PNG.

    Parameters
    ----------
    draw
        Draws on the axes it is given.
    title, detail
        What stands above, in large and in small letters.
    path
        The file to write.
    height
        In inches; the width is 9.
    grid
        The axis whose lines show.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, height), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    draw(axes)
    axes.set_title(title, loc="left", fontsize=13, fontweight="bold", pad=22)
    axes.text(0.0, 1.02, detail, transform=axes.transAxes, fontsize=9, color="#555555")
    axes.grid(True, axis=grid, color="#E5E5E5", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False, fontsize=9, loc="center left", bbox_to_anchor=(1.0, 0.5))
    figure.savefig(path, metadata={"Software": None})
