"""How well slates are ranked, as their labels come, beside what recent popularity makes of them.

A labelled slate (`labelled-slates`) is the workers' own join of impressions and clicks, a label
delay after it was shown. Two orders of its articles are judged by the metrics of every replay:
ours, as it was answered or, of a slate of the site's own, as it stood in the shade; and recent
popularity, the clicks of all slates that were labelled before, halving every day. It is asked when
the labels come, so it knows up to a label delay more than ours did: topics are read beside each
other, and an order of reading that let it know a slate's own clicks would flatter it by far.
"""

from __future__ import annotations

from collections import deque
from math import isnan

import numpy as np
from numpy.typing import NDArray

from cherryrec.evaluation.baselines.decayed_counts import DecayedCounts
from cherryrec.evaluation.metrics import METRICS, impression_metrics
from cherryrec.events import Recommendation, SlateLabelled, seconds

__all__ = ["OnlineJudge", "RankingHour"]

HOUR_S = 3_600.0
SHOWN = ("auc", "ndcg@10")
"""The metrics that are shown."""

_PLACES = tuple(METRICS.index(name) for name in SHOWN)
_POPULARITY_S = 24 * HOUR_S

Floats = NDArray[np.float64]
Sums = dict[str, list[float]]


class RankingHour:
    """Means of the last hour by ranking, and how they went by minute; at most 60 minutes of sums.

    Examples
    --------
    >>> hour = RankingHour()
    >>> hour.add({"ours": (1.0, 1.0), "popularity": (0.5, 0.6)}, now_s=0.0)
    >>> hour.add({"ours": (0.5, 0.8), "popularity": (0.5, 0.6)}, now_s=61.0)
    >>> hour.means(now_s=61.0)["ours"]
    (0.75, 0.9)
    >>> hour.means(now_s=3_700.0)
    {}
    """

    def __init__(self) -> None:
        self._minutes: deque[tuple[int, int, Sums]] = deque()  # minute, slates, sums by ranking

    def add(self, metrics: dict[str, tuple[float, ...]], *, now_s: float) -> None:
        """Count one slate, judged at `now_s`: ranking → its metrics, those of `SHOWN`."""
        minute = int(now_s // 60)
        n, sums = 0, Sums()
        if self._minutes and self._minutes[-1][0] >= minute:
            minute, n, sums = self._minutes.pop()
        for ranking, values in metrics.items():
            own = sums.setdefault(ranking, [0.0] * len(SHOWN) + [0.0])
            for place, value in enumerate(values):
                own[place] += value
            own[-1] += 1
        self._minutes.append((minute, n + 1, sums))
        self._forget(now_s)

    def means(self, *, now_s: float) -> dict[str, tuple[float, ...]]:
        """Return the means by ranking; empty where nothing was judged."""
        self._forget(now_s)
        whole: Sums = {}
        for _, _, sums in self._minutes:
            for ranking, values in sums.items():
                own = whole.setdefault(ranking, [0.0] * len(values))
                whole[ranking] = [a + b for a, b in zip(own, values, strict=True)]
        return {name: _mean(values) for name, values in whole.items()}

    def n(self, *, now_s: float) -> int:
        """Return how many slates were judged."""
        self._forget(now_s)
        return sum(n for _, n, _ in self._minutes)

    def series(self, *, now_s: float) -> list[tuple[float, int, dict[str, tuple[float, ...]]]]:
        """Return each minute in which something was judged: its start, slates, means."""
        self._forget(now_s)
        return [
            (60.0 * minute, n, {name: _mean(values) for name, values in sums.items()})
            for minute, n, sums in self._minutes
        ]

    def _forget(self, now_s: float) -> None:
        while self._minutes and 60.0 * self._minutes[0][0] <= now_s - HOUR_S:
            self._minutes.popleft()


def _mean(values: list[float]) -> tuple[float, ...]:
    return tuple(value / values[-1] for value in values[:-1])


class OnlineJudge:
    """Judges labelled slates by what was answered before, and by what was popular.

    Of slates that wait for their labels at most `max_open` are held, for `expires_s` each: more of
    them than that are not judged, and counted. A slate without a click never gets labels.

    Parameters
    ----------
    max_open
        Slates, above 0.
    expires_s
        Seconds, above 0.
    """

    def __init__(self, *, max_open: int = 4_096, expires_s: float = 900.0) -> None:
        self.hour = RankingHour()
        self.n_passed_over = 0
        """Slates that were answered while too many waited for labels."""
        self._max_open = max_open
        self._expires_s = expires_s
        self._answered: dict[str, tuple[float, tuple[str, ...]]] = {}
        self._clicks = DecayedCounts(_POPULARITY_S)

    def answered(self, slate: Recommendation, *, now_s: float) -> None:
        """Remember the order of a slate of ours until its labels come."""
        waiting = self._answered
        while waiting:
            oldest = next(iter(waiting))
            if waiting[oldest][0] > now_s - self._expires_s:
                break
            del waiting[oldest]
        if len(waiting) >= self._max_open:
            self.n_passed_over += 1
        elif slate.slate:
            order = tuple(item.article_id for item in slate.slate)
            waiting[slate.request_id] = (now_s, order)

    def labelled(self, slate: SlateLabelled, *, now_s: float) -> None:
        """Judge a slate; corrected labels, and those without contrast, teach nothing here."""
        clicked = np.array(slate.clicked, dtype=bool)
        if slate.is_correction or clicked.all() or not clicked.any():
            return
        ours = self._ours(slate)
        shown_s = seconds(slate.shown_at)
        popular = np.array(self._clicks.read(slate.articles, now=shown_s))
        for article in np.array(slate.articles, dtype=object)[clicked]:
            self._clicks.add(article, now=shown_s)
        if ours is None:
            return
        judged = {
            name: _metrics_of(scores, slate.articles, clicked)
            for name, scores in (("ours", ours), ("popularity", popular))
        }
        if not any(isnan(value) for values in judged.values() for value in values):
            self.hour.add(judged, now_s=now_s)

    def _ours(self, slate: SlateLabelled) -> Floats | None:
        """Return scores in our order, (n,); None where it is not known."""
        if slate.shadow is not None:
            return -slate.shadow.rank_array().astype(np.float64)
        _, order = self._answered.pop(slate.slate_id, (0.0, None))
        if order is None:
            return None
        place = {article: -float(position) for position, article in enumerate(order)}
        last = -float(len(order))
        return np.array([place.get(article, last) for article in slate.articles])


def _metrics_of(
    scores: Floats, articles: tuple[str, ...], clicked: NDArray[np.bool_]
) -> tuple[float, ...]:
    """Return the metrics of `SHOWN`."""
    found = impression_metrics(scores, articles, clicked)
    return tuple(found[place] for place in _PLACES)
