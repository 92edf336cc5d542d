"""Baselines over the whole catalogue: each scores all rows at once, from what is counted anyway.

Views play no part in any of them: what was viewed is what the site had chosen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from cherryrec.catalogue import Catalogue
from cherryrec.evaluation.baselines.readings import Readings
from cherryrec.evaluation.baselines.vsknn import Vsknn
from cherryrec.evaluation.retrieval.moment import Moment
from cherryrec.reader import Reader

__all__ = [
    "CatalogueRanking",
    "CatalogueVsknn",
    "CategoryClicks",
    "MostClicked",
    "Newest",
    "Offer",
    "RandomRows",
    "standard_rankings",
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


class CatalogueVsknn:
    """V-SkNN over the whole catalogue: what those have read whose reading ends like this one's.

    The neighbours are those of `Vsknn`; an article scores the sum of their similarities over all
    that have it among their latest reads.

    Memory: that of `Readings`, twice, and a number for each article of the log.
    """

    name = "V-SkNN"

    def __init__(self) -> None:
        self._readings = Readings()
        self._neighbours = Vsknn(self._readings)
        shape = (self._readings.max_users, self._readings.n_read)
        self._read = np.zeros(shape, np.int32)  # codes of articles by slot, 0 = none
        self._code_of: dict[str, int] = {}
        self._codes = np.zeros(0, np.int32)  # by row of the catalogue
        self._hashes = np.zeros(0, np.uint64)  # of the article each of these stands for

    def score(self, offer: Offer) -> Floats:
        """Return the summed similarities of the neighbours that hold each article, (n,)."""
        similarity = self._neighbours.nearest(offer.moment.reading)  # (max_users,)
        near = np.flatnonzero(similarity)
        codes = self._codes_of(offer)  # (n,)
        held = self._read[near]  # (k, n_read)
        weights = np.repeat(similarity[near], held.shape[1])
        sums = np.bincount(held.ravel(), weights=weights, minlength=len(self._code_of) + 1)
        return np.asarray(sums[codes], np.float64)

    def learn(self, moment: Moment) -> None:
        """Keep what was read."""
        self._readings.learn(moment.reading)
        slot = self._readings.slot(moment.user_id)
        assert slot is not None, "who has just been learned is kept"
        codes = [self._code(article_id) for article_id in self._readings.read_in(slot)]
        self._read[slot] = 0
        self._read[slot, : len(codes)] = codes

    def _code(self, article_id: str) -> int:
        return self._code_of.setdefault(article_id, len(self._code_of) + 1)

    def _codes_of(self, offer: Offer) -> NDArray[np.int32]:
        """Return the code of each row, of those that hold another article than before anew."""
        catalogue, rows = offer.catalogue, offer.rows
        missing = len(catalogue.hashes) - len(self._codes)
        if missing > 0:
            self._codes = np.concatenate([self._codes, np.zeros(missing, np.int32)])
            self._hashes = np.concatenate([self._hashes, np.zeros(missing, np.uint64)])
        changed = rows[self._hashes[rows] != catalogue.hashes[rows]]
        for row in changed.tolist():
            self._codes[row] = self._code(catalogue.ids[row])
        self._hashes[changed] = catalogue.hashes[changed]
        return self._codes[rows]


def standard_rankings() -> Sequence[CatalogueRanking]:
    """Return the baselines of every table, in its order, having learned nothing."""
    return (
        RandomRows(),
        Newest(),
        MostClicked(600.0),
        MostClicked(_HOUR_S),
        MostClicked(6 * _HOUR_S),
        CategoryClicks(),
        CatalogueVsknn(),
    )
