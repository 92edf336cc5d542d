"""Pictures of protocol C: recall over time and by hour, and the first slates of a fresh system."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cherryrec.evaluation.metric_rows import MetricRow
from cherryrec.evaluation.plots import OTHERS, OURS, instants, save, time_axis
from cherryrec.evaluation.summary import ReplaySummary

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_first_slates", "plot_recall", "plot_recall_by_hour"]


def plot_recall(summary: ReplaySummary, path: Path) -> bool:
    """Draw every ranking's recall in buckets of the log's time; False without protocol C."""
    if summary.retrieval is None:
        return False
    rows = summary.retrieval.rows

    def draw(axes: Axes) -> None:
        _draw_rows(axes, rows)
        axes.set_ylabel("recall of the clicked among the kept, in hundredths")

    save(draw, f"Recall from the whole catalogue: {summary.log_name}", summary, path)
    return True


def plot_first_slates(summary: ReplaySummary, path: Path) -> bool:
    """Draw the share of slates with a clicked article over the log's first hours."""
    if summary.retrieval is None:
        return False
    rows = summary.retrieval.first_slates

    def draw(axes: Axes) -> None:
        _draw_rows(axes, rows)
        axes.set_ylabel("HR@10 in hundredths, by ten minutes")

    save(draw, f"The first slates of a fresh system: {summary.log_name}", summary, path)
    return True


def plot_recall_by_hour(summary: ReplaySummary, path: Path) -> bool:
    """Draw every ranking's recall by hour of the day; False without protocol C."""
    if summary.retrieval is None:
        return False
    rows = summary.retrieval.groups["hour"]
    names = [row.name for row in summary.retrieval.rows]

    def draw(axes: Axes) -> None:
        hours = [int(row.label) for row in rows]
        for number, name in enumerate(names):
            means = 100 * np.array([row.metrics[name]["recall"].mean for row in rows])
            _draw(axes, np.array(hours), means, name, number)
        axes.set_xlabel("hour of the day (UTC)")
        axes.set_ylabel("recall of the clicked among the kept, in hundredths")

    save(draw, f"Recall from the whole catalogue by hour: {summary.log_name}", summary, path)
    return True


def _draw_rows(axes: Axes, rows: Sequence[MetricRow]) -> None:
    """Draw each ranking's course, the first before the others."""
    for number, row in enumerate(rows):
        assert row.over_time is not None, "every ranking of protocol C has a course"
        _draw(
            axes,
            instants(row.over_time.ends_s),
            100 * row.over_time.in_bucket,
            row.name,
            number,
        )
    time_axis(axes)


def _draw(
    axes: Axes, x: NDArray[np.generic], y: NDArray[np.float64], name: str, number: int
) -> None:
    """Draw one ranking's line."""
    is_ours = number == 0
    axes.plot(
        x,
        y,
        color=OURS if is_ours else OTHERS[(number - 1) % len(OTHERS)],
        linestyle="-" if number <= len(OTHERS) else "--",  # colours come round again
        linewidth=2.4 if is_ours else 1.2,
        label=name,
        zorder=3 if is_ours else 2,
    )
