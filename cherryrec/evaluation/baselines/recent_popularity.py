"""What everybody reads: clicks that fade."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cherryrec.evaluation.baselines.decayed_counts import DecayedCounts
from cherryrec.evaluation.mind_rows import MindImpression

__all__ = ["RecentPopularity"]


class RecentPopularity:
    """An article's clicks so far, each halving every `half_life_s`.

    Parameters
    ----------
    half_life_s
        Seconds for a click to count half; above 0. The default, 24 h, is the daily rhythm of news.
    """

    name = "recent popularity"

    def __init__(self, half_life_s: float = 24 * 3600.0) -> None:
        self._clicks = DecayedCounts(half_life_s)

    def score(self, impression: MindImpression) -> NDArray[np.float64]:
        """Return the decayed clicks of each candidate, (n,)."""
        return np.array(self._clicks.read(impression.candidates, now=impression.shown_at))

    def learn(self, impression: MindImpression) -> None:
        """Count the clicks."""
        if impression.clicked is None:
            return
        for article_id, clicked in zip(impression.candidates, impression.clicked, strict=True):
            if clicked:
                self._clicks.add(article_id, now=impression.shown_at)
