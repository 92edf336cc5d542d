"""Baselines over the whole catalogue: each scores all rows at once, from what is counted anyway.

Views play no part in any of them: what was viewed is what the site had chosen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from cherryrec.catalogue import Catalogue
from cherryrec.evaluation.retrieval.codes import ArticleCodes
from cherryrec.evaluation.retrieval.moment import Moment
from cherryrec.reader import Reader

__all__ = [
    "CatalogueRanking",
    "CategoryClicks",
    "ClickedLately",
    "MostClicked",
    "Newest",
    "Offer",
    "RandomRows",
]

Floats = NDArray[np.float64]

_HOUR_S = 3_600.0


@dataclass(frozen=True, slots=True, eq=False)
class Offer:
    """What may be recommended at a moment.

    `rows` (n,) are the catalogue's live articles that the reader has not read.
    """

    moment: Moment
    catalogue: Catalogue
    reader: Reader
    rows: NDArray[np.intp]


class CatalogueRanking(Protocol):
    """A ranking of the whole catalogue; `score` changes no result, `learn` takes what is over."""

    @property
    def name(self) -> str:
        """The row of the tables."""

    def score(self, offer: Offer) -> Floats:
        """Return one number per row of the offer, higher is better, (n,)."""

    def learn(self, moment: Moment) -> None:
        """Learn what was clicked, once that is known."""


class RandomRows:
    """No article before another: ties are decided by a hash of request and article."""

    name = "random"

    def score(self, offer: Offer) -> Floats:
        """Return zeros, (n,)."""
        return np.zeros(len(offer.rows))

    def learn(self, moment: Moment) -> None:
        """Learn nothing."""


class Newest:
    """The latest to be published, else shown first."""

    name = "newest"

    def score(self, offer: Offer) -> Floats:
        """Return when each article appeared, epoch seconds, (n,)."""
        born = offer.catalogue.born(offer.rows)
        return np.where(np.isnan(born), -np.inf, born)

    def learn(self, moment: Moment) -> None:
        """Learn nothing: the catalogue knows."""


class MostClicked:
    """Clicks, each halving every `half_life_s`: what everybody reads.

    Parameters
    ----------
    half_life_s
        One of the catalogue's half-lives, in seconds.

    Examples
    --------
    >>> MostClicked(600.0).name, MostClicked(3_600.0).name
    ('most clicked, 10 min', 'most clicked, 1 h')
    """

    def __init__(self, half_life_s: float) -> None:
        self.half_life_s = half_life_s
        is_short = half_life_s < _HOUR_S
        unit_s, unit = (60.0, "min") if is_short else (_HOUR_S, "h")
        self.name = f"most clicked, {half_life_s / unit_s:g} {unit}"

    def score(self, offer: Offer) -> Floats:
        """Return the decayed clicks of each article, (n,)."""
        totals = offer.catalogue.totals
        column = int(np.flatnonzero(totals.half_lives == self.half_life_s)[0])
        return totals.clicks(offer.rows, offer.moment.time_s)[:, column]

    def learn(self, moment: Moment) -> None:
        """Learn nothing: the catalogue counts."""


class CategoryClicks:
    """Clicks times how much more the reader reads of the category than everyone does.

    The score is c · p(category | reader) / p(category): c the clicks of `half_life_s`, the quotient
    smoothed with five of everyone's reads (`cherryrec.reader.lift`), 1 without a history.

    Parameters
    ----------
    half_life_s
        One of the catalogue's half-lives, in seconds.

    References
    ----------
    Liu, Dolan and Pedersen (2010), Personalized news recommendation based on click behavior, IUI,
    https://doi.org/10.1145/1719970.1719976
    """

    name = "category clicks"

    def __init__(self, half_life_s: float = _HOUR_S) -> None:
        self._clicks = MostClicked(half_life_s)

    def score(self, offer: Offer) -> Floats:
        """Return the clicks of each article times the reader's lift of its category, (n,)."""
        lift = offer.reader.category_lift[offer.catalogue.category[offer.rows]]  # (n,)
        return np.asarray(self._clicks.score(offer) * np.exp(lift))

    def learn(self, moment: Moment) -> None:
        """Learn nothing: the catalogue and the profile count."""


class ClickedLately:
    """Clicks, each halving every `half_life_s`, over a shorter time than the catalogue counts.

    Memory: two numbers for each article of the log.

    Parameters
    ----------
    half_life_s
        In seconds, above 0.

    Examples
    --------
    >>> ClickedLately(120.0).name
    'most clicked, 2 min'
    """

    def __init__(self, half_life_s: float) -> None:
        self.half_life_s = half_life_s
        self.name = f"most clicked, {half_life_s / 60.0:g} min"
        self._codes = ArticleCodes()
        self._clicks = np.zeros(1_024)  # by code, as of `_as_of`
        self._as_of = np.zeros(1_024)

    def score(self, offer: Offer) -> Floats:
        """Return the decayed clicks of each article, (n,)."""
        codes = self._codes.of_rows(offer.catalogue, offer.rows)
        self._reserve()
        return self._clicks[codes] * self._left(offer.moment.time_s - self._as_of[codes])

    def learn(self, moment: Moment) -> None:
        """Count what was clicked."""
        for article_id in moment.clicked:
            code = self._codes.code(article_id)
            self._reserve()
            left = self._left(moment.time_s - self._as_of[code])
            self._clicks[code] = self._clicks[code] * left + 1.0
            self._as_of[code] = moment.time_s

    def _left(self, ages_s: Floats) -> Floats:
        return np.asarray(np.exp2(-ages_s / self.half_life_s))

    def _reserve(self) -> None:
        """Let there be a place for every code."""
        missing = len(self._codes) - len(self._clicks)
        if missing > 0:
            more = np.zeros(max(missing, len(self._clicks)))
            self._clicks = np.concatenate([self._clicks, more])
            self._as_of = np.concatenate([self._as_of, more])
