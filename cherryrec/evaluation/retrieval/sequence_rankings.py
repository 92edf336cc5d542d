"""Baselines over the whole catalogue by what was read one after the other, learned as it comes.

Each is what its namesake of protocol B (`leave_last_out`) or A (`baselines`) is, without the
future: a click counts from when it is known.
"""

from __future__ import annotations

from math import lcm

import numpy as np
from numpy.typing import NDArray

from cherryrec.evaluation.baselines.readings import Readings
from cherryrec.evaluation.baselines.vsknn import Vsknn
from cherryrec.evaluation.retrieval.codes import ArticleCodes, ReadTable
from cherryrec.evaluation.retrieval.moment import Moment
from cherryrec.evaluation.retrieval.rankings import Offer

__all__ = ["CatalogueItemNeighbours", "CatalogueMarkov", "CatalogueVsknn"]

Floats = NDArray[np.float64]


class CatalogueVsknn:
    """V-SkNN over the whole catalogue: what those have read whose reading ends like this one's.

    The neighbours are those of `Vsknn`; an article scores the sum of their similarities over all
    that have it among their latest reads.

    Memory: that of `ReadTable`.
    """

    name = "V-SkNN"

    def __init__(self) -> None:
        self._table = ReadTable()
        self._neighbours = Vsknn(self._table.readings)

    def score(self, offer: Offer) -> Floats:
        """Return the summed similarities of the neighbours that hold each article, (n,)."""
        codes = self._table.codes.of_rows(offer.catalogue, offer.rows)  # (n,)
        return self._table.summed(self._neighbours.nearest(offer.moment.reading))[codes]

    def learn(self, moment: Moment) -> None:
        """Keep what was read."""
        self._table.learn(moment)


class CatalogueItemNeighbours:
    """Item-kNN over the whole catalogue: what is read by the readers of what the reader has read.

    The score is that of `ItemKnn`, the sum over the reader's articles i of
    |R(i) ∩ R(j)| / sqrt((|R(i)| + λ)(|R(j)| + λ)), of every article j. Of an article with many
    readers the latest 1,000 stand for all.

    Memory: that of `ReadTable`.

    Parameters
    ----------
    shrinkage
        λ, at least 0.
    """

    name = "item-kNN"

    def __init__(self, *, shrinkage: float = 20.0) -> None:
        self._table = ReadTable()
        self._shrinkage = shrinkage

    def score(self, offer: Offer) -> Floats:
        """Return the summed cosines of each article, (n,)."""
        readings, reading = self._table.readings, offer.moment.reading
        shared = np.zeros(readings.max_users)  # per reader, what the two have in common
        for article_id in readings.read_by(reading):
            readers = readings.readers(article_id)
            if readers.size:
                shared[readers] += 1.0 / np.sqrt(readers.size + self._shrinkage)
        own = readings.slot(offer.moment.user_id)
        if own is not None:
            shared[own] = 0.0
        codes = self._table.codes.of_rows(offer.catalogue, offer.rows)  # (n,)
        sums = self._table.summed(shared)[codes]
        scores = np.zeros(len(codes))
        for place in np.flatnonzero(sums).tolist():
            n_readers = readings.n_readers(offer.catalogue.ids[offer.rows[place]])
            scores[place] = sums[place] / np.sqrt(n_readers + self._shrinkage)
        return scores

    def learn(self, moment: Moment) -> None:
        """Keep what was read."""
        self._table.learn(moment)


class CatalogueMarkov:
    """A Markov chain: what was read after the last article, d places later counting 1/d.

    As `leave_last_out.Markov` with a fixed window. Of equals the one that was read more often is
    first. Counts are whole numbers (of 1/lcm(1..window)).

    Memory: that of `Readings`, and of each article of the log up to `max_next` that followed it;
    past that the one that did so least makes room.

    Parameters
    ----------
    window
        Largest d, 1 to 20.
    max_next
        Followers kept of each article; above 0.
    """

    name = "Markov"

    def __init__(self, *, window: int = 10, max_next: int = 1_000) -> None:
        self._window = window
        self._max_next = max_next
        self._unit = lcm(*range(1, window + 1))
        self._readings = Readings()
        self._codes = ArticleCodes()
        self._after: dict[int, dict[int, int]] = {}
        self._n_reads = np.zeros(1_024)  # by code

    def score(self, offer: Offer) -> Floats:
        """Return what follows on the last article, and far below it what is read at all, (n,)."""
        codes = self._codes.of_rows(offer.catalogue, offer.rows)  # (n,)
        self._reserve()
        scores = self._n_reads / (2.0 * self._unit * (1.0 + self._n_reads.max()))  # by code
        read = self._readings.read_by(offer.moment.reading)
        after = self._after.get(self._codes.find(read[-1]), {}) if read else {}
        for code, count in after.items():
            scores[code] += count / self._unit
        return np.asarray(scores[codes], np.float64)

    def learn(self, moment: Moment) -> None:
        """Count what was read, after the reader's reads until then."""
        reading = moment.reading
        read = [self._codes.code(article_id) for article_id in self._readings.read_by(reading)]
        if self._readings.slot(moment.user_id) is None:  # what was read before the log
            for place in range(len(read)):
                self._count(read[:place], read[place])
        for article_id in moment.clicked:
            code = self._codes.code(article_id)
            self._count(read, code)
            read = [*(one for one in read if one != code), code]
        self._readings.learn(reading)

    def _count(self, before: list[int], code: int) -> None:
        """Count a read after those before it, oldest first."""
        self._reserve()
        self._n_reads[code] += 1.0
        for distance, earlier in enumerate(reversed(before[-self._window :]), start=1):
            if earlier == code:
                continue
            after = self._after.setdefault(earlier, {})
            after[code] = after.get(code, 0) + self._unit // distance
            if len(after) > self._max_next:
                others = (one for one in after if one != code)
                del after[min(others, key=after.__getitem__)]

    def _reserve(self) -> None:
        """Let there be a place for every code."""
        if len(self._codes) > len(self._n_reads):
            more = np.zeros(max(len(self._codes), 2 * len(self._n_reads)) - len(self._n_reads))
            self._n_reads = np.concatenate([self._n_reads, more])
