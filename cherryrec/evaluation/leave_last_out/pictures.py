"""The picture of protocol B's ablations: what each part that was left out had brought."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cherryrec.evaluation.leave_last_out.results import KEPT, Results
from cherryrec.evaluation.plots import OTHERS, OURS, save_picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["PICTURE", "plot_ablations"]

PICTURE = "ablations.png"
"""The file's name in a report's folder."""

_DRAWN = (("ndcg@5", "nDCG@5", OURS), (KEPT, "recall of what KnRS keeps", OTHERS[0]))


def plot_ablations(results: Results, path: Path) -> bool:
    """Draw how far the whole is ahead of itself without each part; False without any."""
    rows = results.ablations
    if not rows:
        return False

    def draw(axes: Axes) -> None:
        for number, (metric, label, colour) in enumerate(_DRAWN):
            mean, low, high = 100 * np.array([row.gains[metric] for row in rows]).T  # (3, rows)
            ends = np.nan_to_num(np.maximum([mean - low, high - mean], 0.0))  # (2, rows)
            places = np.arange(len(rows)) + 0.36 * (number - 0.5)
            axes.errorbar(
                mean,
                places,
                xerr=ends,
                fmt="o",
                color=colour,
                capsize=2.5,
                markersize=4,
                label=label,
            )
        axes.axvline(0.0, color="#333333", linewidth=0.8)
        axes.set_yticks(range(len(rows)), [row.part for row in rows])
        axes.invert_yaxis()
        axes.set_xlabel("in hundredths, whole system minus ablation, 95 % intervals")

    save_picture(
        draw,
        f"The whole system minus each part: {results.log_name}",
        f"protocol B · {results.split} · {results.statistics.n_users:,} users",
        path,
        height=1.8 + 0.34 * len(rows),
        grid="x",
    )
    return True
