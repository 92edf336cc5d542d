"""The cheapest honest answer: what is read most now, for requests that come too late for more.

No profile is read, no feature computed, no place kept in the feedback join; the order of the live
articles by clicks of the last hour is made at most once a second. Behind an outage thousands of
requests have passed their deadline, and each second spent on one of them is taken from a reader
who is still waiting.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cherryrec.catalogue import Catalogue
from cherryrec.events import Degraded, Recommendation, RecommendationRequest, Recommended, seconds
from cherryrec.text import stable_hash

__all__ = ["N_POPULAR", "PopularSlates"]

N_POPULAR = 2_500
"""Articles kept in order: the longest slate, the longest list of exclusions, and some to spare."""

REFRESH_S = 1.0
"""How old the order may be, in seconds of the caller's clock."""

_SPAN_S = 600.0
_LAST_HOUR = 1
_REASON = "clicks_1h"


class PopularSlates:
    """Answers with the articles clicked most in the last hour, of those that may be shown.

    Parameters
    ----------
    catalogue
        The articles and what is clicked of them.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._ordered: list[str] = []
        self._clicks: NDArray[np.float64] = np.zeros(0)
        self._born: NDArray[np.float64] = np.zeros(0)
        self._made_s: float | None = None
        self._as_of_s = 0.0

    def answer(
        self, request: RecommendationRequest, *, clock_s: float, degraded: Degraded
    ) -> Recommendation:
        """Return a slate of what is popular, without what the request excludes.

        Parameters
        ----------
        request
            Its time says which articles are live; its candidates, if any, are all that is ranked.
        clock_s
            Any clock in seconds: the order is made anew once a second of it.
        degraded
            Why the request gets no more than this.
        """
        self._refresh(seconds(request.requested_at), clock_s)
        catalogue = self._catalogue
        excluded = set(request.exclude)
        if request.candidates is None:
            names = self._ordered
        else:
            names = sorted(dict.fromkeys(request.candidates), key=self._place)
        shown: list[str] = []
        dropped: list[str] = []
        for name in names:
            if name in excluded or catalogue.is_withheld(name):
                dropped.append(name)
            else:
                shown.append(name)
            if request.candidates is None and len(shown) == request.slate_size:
                break
        return Recommendation(
            request_id=request.request_id,
            user_id=request.user_id,
            requested_at=request.requested_at,
            slate=tuple(
                Recommended(
                    article_id=name,
                    position=position,
                    score=(clicks := self._clicks_of(name)),
                    news_value=0.0,
                    contributions={_REASON: clicks},
                )
                for position, name in enumerate(shown[: request.slate_size])
            ),
            degraded=degraded,
            rung="popular",
            dropped=tuple(dropped) if request.candidates is not None else (),
        )

    def _refresh(self, now_s: float, clock_s: float) -> None:
        """Order the live articles, those shown lately where none is live."""
        if (
            self._made_s is not None
            and 0.0 <= clock_s - self._made_s < REFRESH_S
            and abs(now_s - self._as_of_s) < _SPAN_S
        ):
            return
        self._made_s, self._as_of_s = clock_s, now_s
        catalogue = self._catalogue
        rows = catalogue.live_rows(now_s)
        if not rows.size:
            rows = catalogue.shown_rows(now_s)
        known = slice(0, catalogue.n_rows)
        self._clicks = catalogue.totals.clicks(known, now_s)[:, _LAST_HOUR]
        self._born = np.nan_to_num(catalogue.born(known))
        if len(rows) > N_POPULAR:
            rows = rows[np.lexsort((-self._born[rows], -self._clicks[rows]))[:N_POPULAR]]
        self._ordered = sorted((catalogue.ids[row] for row in rows.tolist()), key=self._place)

    def _place(self, article_id: str) -> tuple[float, float, int]:
        """Return what articles are ordered by: clicks, newness, and a hash that tells nothing."""
        row = self._catalogue.row_of.get(article_id, len(self._born))
        born_s = float(self._born[row]) if row < len(self._born) else 0.0
        return -self._clicks_of(article_id), -born_s, stable_hash(article_id)

    def _clicks_of(self, article_id: str) -> float:
        row = self._catalogue.row_of.get(article_id, len(self._clicks))
        return float(self._clicks[row]) if row < len(self._clicks) else 0.0
