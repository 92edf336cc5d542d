"""What is clicked when it is shown: the strongest baseline without text or users."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cherryrec.evaluation.baselines.decayed_counts import DecayedCounts
from cherryrec.evaluation.mind_rows import MindImpression

__all__ = ["SmoothedCtr"]


class SmoothedCtr:
    """(clicks + a) / (views + b), both decayed: the share of views that became clicks.

    Parameters
    ----------
    half_life_s
        Seconds for a view or click to count half; above 0.
    prior_clicks, prior_views
        a and b: what every article starts with; above 0. The defaults, 1 click in 20 views, are
        below most sites' average, so an article has to earn its place.

    Examples
    --------
    >>> ctr = SmoothedCtr(prior_clicks=1.0, prior_views=4.0)
    >>> seen = MindImpression("1", "u", 0.0, (), ("a", "b"), (True, False))
    >>> ctr.learn(seen)
    >>> ctr.score(seen).tolist()  # (1 + 1) / (1 + 4) and (0 + 1) / (1 + 4)
    [0.4, 0.2]
    """

    name = "smoothed CTR"

    def __init__(
        self,
        half_life_s: float = 6 * 3600.0,
        *,
        prior_clicks: float = 1.0,
        prior_views: float = 20.0,
    ) -> None:
        self._prior_clicks = prior_clicks
        self._prior_views = prior_views
        self._views = DecayedCounts(half_life_s)
        self._clicks = DecayedCounts(half_life_s)

    def score(self, impression: MindImpression) -> NDArray[np.float64]:
        """Return the smoothed CTR of each candidate, (n,)."""
        now = impression.shown_at
        views = np.array(self._views.read(impression.candidates, now=now))  # (n,)
        clicks = np.array(self._clicks.read(impression.candidates, now=now))  # (n,)
        ctr: NDArray[np.float64] = (clicks + self._prior_clicks) / (views + self._prior_views)
        return ctr

    def learn(self, impression: MindImpression) -> None:
        """Count the views and the clicks."""
        if impression.clicked is None:
            return
        for article_id, clicked in zip(impression.candidates, impression.clicked, strict=True):
            self._views.add(article_id, now=impression.shown_at)
            if clicked:
                self._clicks.add(article_id, now=impression.shown_at)
