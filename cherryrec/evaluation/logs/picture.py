"""A picture of a log's clicks by the hour of the day: a zone taken wrongly shows in it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cherryrec.evaluation.logs.base import Log
from cherryrec.evaluation.logs.health import Health
from cherryrec.evaluation.plots import OURS, save_picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_hours"]


def plot_hours(health: Health, log: Log, path: Path) -> None:
    """Draw clicks by hour, impressions where there are none, and write a PNG.

    Parameters
    ----------
    health
        Counted over the log.
    log
        For its name and zone.
    path
        The file to write, replaced if it is there.
    """
    what = "clicks" if health.n_clicks else "impressions"
    hours = health.hours  # (24,)

    def draw(axes: Axes) -> None:
        axes.bar(np.arange(hours.size), hours, color=OURS, width=0.8)
        axes.set_xticks(range(0, hours.size, 2))
        axes.set_xlabel("hour of the day (UTC); readers are fewest in their night")
        axes.set_ylabel(what)

    detail = f"{log.title} · {int(hours.sum()):,} {what} · times taken as {log.zone}"
    save_picture(draw, f"{what.capitalize()} by hour: {log.name}", detail, path)
