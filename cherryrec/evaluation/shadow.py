"""How CherryRec would have ranked the slates that a site shows by itself, on its live traffic.

A labelled slate of the site's own carries the order in which we would have shown its articles, by
the models of that moment, before it was clicked (`Shadow`). So protocol A is judged prequentially
of what readers really saw, beside the order in which the site showed it; and, of the share of
slates at which KnRS was asked to choose from the whole catalogue, whether it would have kept what
was clicked (protocol C).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from cherryrec.evaluation.metrics import METRICS, impression_metrics
from cherryrec.events import SlateLabelled, seconds
from cherryrec.text import stable_hash

__all__ = ["FIRST", "Judged", "ShadowHour", "ShadowRecord", "judged", "together"]

FIRST = 20
"""Of what KnRS keeps, how many are looked at beside all: as many as go on to CnLE."""

HOUR_S = 3_600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One slate: metrics of both orders, and how many of its clicked articles KnRS kept.

    `ours` and `site` are the values of `METRICS`. `n_clicked` is 0 where the catalogue was not
    asked; else `n_kept` of them were kept, `n_first` among the first 20.
    """

    ours: tuple[float, ...]
    site: tuple[float, ...]
    n_clicked: int = 0
    n_kept: int = 0
    n_first: int = 0


def judged(slate: SlateLabelled) -> Judged | None:
    """Judge a labelled slate; None where there is nothing to judge.

    That is one of ours, one whose labels are corrected (it was judged before), or one without
    contrast.

    Examples
    --------
    The site showed b first; we would have shown a, which was clicked:

    >>> from cherryrec.events import Shadow, instant
    >>> ranks = np.array([2, 1], "<i4").tobytes()
    >>> slate = SlateLabelled(
    ...     slate_id="slate:i",
    ...     shown_at=instant(0.0),
    ...     articles=("b", "a"),
    ...     clicked=(False, True),
    ...     categories=("", ""),
    ...     origin="slate",
    ...     shadow=Shadow(ranks=ranks, version=3),
    ... )
    >>> one = judged(slate)
    >>> one.ours[0], one.site[0]
    (1.0, 0.0)
    """
    shadow = slate.shadow
    clicked = np.array(slate.clicked)
    if shadow is None or slate.is_correction or clicked.all() or not clicked.any():
        return None
    site = -np.arange(len(clicked), dtype=np.float64)  # the first place is the best
    places = shadow.place_array()
    mine = places[clicked] if len(places) else places
    return Judged(
        ours=impression_metrics(-shadow.rank_array().astype(np.float64), slate.articles, clicked),
        site=impression_metrics(site, slate.articles, clicked),
        n_clicked=len(mine),
        n_kept=int(np.count_nonzero(mine >= 0)),
        n_first=int(np.count_nonzero((mine >= 0) & (mine < FIRST))),
    )


@dataclass(slots=True)
class ShadowHour:
    """Sums over the slates of one hour of event time, which begins at `start_s`."""

    start_s: float
    n: int = 0
    ours: list[float] = field(default_factory=lambda: [0.0] * len(METRICS))
    site: list[float] = field(default_factory=lambda: [0.0] * len(METRICS))
    n_clicked: int = 0
    n_kept: int = 0
    n_first: int = 0

    def add(self, one: Judged) -> None:
        """Count a slate."""
        self.n += 1
        for k in range(len(METRICS)):
            self.ours[k] += one.ours[k]
            self.site[k] += one.site[k]
        self.n_clicked += one.n_clicked
        self.n_kept += one.n_kept
        self.n_first += one.n_first

    def means(self, ranking: str) -> tuple[float, ...]:
        """Return the means of `METRICS` of `ours` or of the `site`; NaN of no slates."""
        sums = self.ours if ranking == "ours" else self.site
        return tuple(value / self.n if self.n else float("nan") for value in sums)


class ShadowRecord:
    """Collects labelled slates by the hour in which they were shown; each counts once.

    Examples
    --------
    >>> record = ShadowRecord()
    >>> record.hours()
    []
    """

    def __init__(self) -> None:
        self.n_other = 0
        """Labelled slates that there was nothing to judge of."""
        self._hours: dict[float, ShadowHour] = {}
        self._seen: set[int] = set()

    def add(self, slate: SlateLabelled) -> Judged | None:
        """Judge a slate; the same again is passed over."""
        key = stable_hash(slate.slate_id)
        if key in self._seen:
            return None
        one = judged(slate)
        if one is None:
            self.n_other += 1
            return None
        self._seen.add(key)
        start_s = seconds(slate.shown_at) // HOUR_S * HOUR_S
        self._hours.setdefault(start_s, ShadowHour(start_s)).add(one)
        return one

    def hours(self) -> list[ShadowHour]:
        """Return the hours in their order."""
        return [self._hours[start_s] for start_s in sorted(self._hours)]

    def whole(self) -> ShadowHour:
        """Return all hours together."""
        return together(self.hours())


def together(hours: Sequence[ShadowHour]) -> ShadowHour:
    """Sum hours up."""
    whole = ShadowHour(hours[0].start_s if hours else 0.0)
    for hour in hours:
        whole.n += hour.n
        whole.ours = [a + b for a, b in zip(whole.ours, hour.ours, strict=True)]
        whole.site = [a + b for a, b in zip(whole.site, hour.site, strict=True)]
        whole.n_clicked += hour.n_clicked
        whole.n_kept += hour.n_kept
        whole.n_first += hour.n_first
    return whole
