"""Articles as a page shows them: title, section, attention over time, what rises and falls."""

from __future__ import annotations

from collections.abc import Iterable
from math import log

import msgspec

from cherryrec.events import ArticlePublished, seconds
from streams.gateway.live.windows import WindowedCounts

__all__ = ["HORIZONS_S", "Known", "Stories", "Story", "trend"]

HORIZONS_S = {"10m": 600.0, "1h": 3_600.0}
"""How far back attention is shown; sixty buckets each."""

N_BUCKETS = 60
STEADY = 0.05
"""A trend of this size at most is none."""

_FRESH = 6
_PRIOR_CLICKS = 3.0
_TITLE = 200


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What is shown of an article; `published_s` None where its site did not say."""

    title: str
    category: str
    published_s: float | None


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """One article's attention within a horizon: `clicks` by bucket, the oldest first."""

    article_id: str
    title: str
    category: str
    published_s: float | None
    n_clicks: int
    n_views: int
    trend: float
    clicks: list[int]


def trend(n_fresh: float, n_all: float) -> float:
    """Return the log of clicks in the last tenth of a horizon against what evenness would bring.

    Three clicks of evenness are added to both, so that one click is no trend: 0 is steady, 0.7
    twice as many as before.

    Examples
    --------
    >>> trend(10, 100), round(trend(50, 100), 2), round(trend(0, 100), 2), trend(0, 0)
    (0.0, 1.41, -1.47, 0.0)
    """
    expected = n_all * _FRESH / N_BUCKETS
    return log((n_fresh + _PRIOR_CLICKS) / (expected + _PRIOR_CLICKS))


class Stories:
    """The newest articles, and the views and clicks of each in the horizons.

    Parameters
    ----------
    max_known
        Articles of which title and section are held, above 0; those heard of longest ago leave.
    max_counted
        Articles counted in each bucket, above 0.
    """

    def __init__(self, *, max_known: int = 20_000, max_counted: int = 1_000) -> None:
        self._max_known = max_known
        self._known: dict[str, Known] = {}
        self._gone: dict[str, tuple[float, Known]] = {}
        self._clicks = self._windows(max_counted)
        self._views = self._windows(max_counted)

    @staticmethod
    def _windows(max_keys: int) -> dict[str, WindowedCounts[str]]:
        return {
            name: WindowedCounts(window_s=s, bucket_s=s / N_BUCKETS, max_keys=max_keys)
            for name, s in HORIZONS_S.items()
        }

    def __len__(self) -> int:
        return len(self._known)

    def published(self, article: ArticlePublished) -> None:
        """Note an article as it stands now."""
        at = article.published_at
        self._known.pop(article.article_id, None)
        self._gone.pop(article.article_id, None)
        self._known[article.article_id] = Known(
            title=article.title[:_TITLE],
            category=article.category,
            published_s=None if at is None else seconds(at),
        )
        if len(self._known) > self._max_known:
            del self._known[next(iter(self._known))]

    def retracted(self, article_id: str, *, now_s: float) -> None:
        """Take an article out; the last twenty that left are remembered."""
        known = self._known.pop(article_id, None)
        if known is None:
            return
        self._gone[article_id] = (now_s, known)
        if len(self._gone) > 20:
            del self._gone[next(iter(self._gone))]
        for windows in (self._clicks, self._views):
            for window in windows.values():
                window.drop(article_id)

    def clicked(self, article_id: str, *, now_s: float) -> None:
        """Count a click."""
        for window in self._clicks.values():
            window.add(article_id, now_s=now_s)

    def shown(self, articles: Iterable[str], *, now_s: float) -> None:
        """Count a view of each."""
        for window in self._views.values():
            for article_id in articles:
                window.add(article_id, now_s=now_s)

    def known(self, article_id: str) -> Known | None:
        """Return what is shown of an article; None: it was retracted, or never seen."""
        return self._known.get(article_id)

    def gone(self) -> list[tuple[float, str, str]]:
        """Return when each of the last retracted left, its id and title, the newest first."""
        return [(s, key, one.title) for key, (s, one) in reversed(self._gone.items())]

    def counts(self, article_id: str, *, now_s: float) -> dict[str, int]:
        """Return views and clicks of an article in each horizon, by `clicks_1h` and so on."""
        return {
            f"{kind}_{name}": sum(window.series(article_id, now_s=now_s))
            for kind, windows in (("clicks", self._clicks), ("views", self._views))
            for name, window in windows.items()
        }

    def base_rates(self, *, now_s: float) -> dict[str, float]:
        """Return everyone's clicks per view in each horizon, by `base_1h` and so on; 0 of none."""
        rates = {}
        for name in HORIZONS_S:
            n_views = self._views[name].totals(now_s=now_s).total()
            n_clicks = self._clicks[name].totals(now_s=now_s).total()
            rates[f"base_{name}"] = n_clicks / n_views if n_views else 0.0
        return rates

    def moving(
        self, horizon: str, *, now_s: float, n: int = 8
    ) -> tuple[list[Story], list[Story], list[Story]]:
        """Return what rises, what falls, and what is opened most; at most `n` of each.

        Equal ones stand in the order of their clicks, then of when they were published.
        """
        window = self._clicks[horizon]
        totals = window.totals(now_s=now_s)
        fresh = window.totals(now_s=now_s, within_s=_FRESH * window.bucket_s)
        views = self._views[horizon].totals(now_s=now_s)
        found = [
            (trend(fresh[key], n_clicks), n_clicks, key)
            for key, n_clicks in totals.items()
            if key in self._known
        ]

        def story(one: tuple[float, int, str]) -> Story:
            slope, n_clicks, key = one
            known = self._known[key]
            return Story(
                article_id=key,
                title=known.title,
                category=known.category,
                published_s=known.published_s,
                n_clicks=n_clicks,
                n_views=views[key],
                trend=slope,
                clicks=window.series(key, now_s=now_s),
            )

        up = [one for one in found if one[0] > STEADY]
        down = [one for one in found if one[0] < -STEADY]
        rising = sorted(up, key=lambda one: (-one[0], -one[1]))
        falling = sorted(down, key=lambda one: (one[0], -one[1]))
        most = sorted(found, key=lambda one: -one[1])
        return tuple([story(one) for one in part[:n]] for part in (rising, falling, most))  # type: ignore[return-value]
