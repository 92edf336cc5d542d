"""Articles as small numbers, by row of the catalogue, and who has read which of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cherryrec.catalogue import Catalogue
from cherryrec.evaluation.baselines.readings import Readings
from cherryrec.evaluation.retrieval.moment import Moment

__all__ = ["ArticleCodes", "ReadTable"]

Codes = NDArray[np.int32]
Floats = NDArray[np.float64]


class ArticleCodes:
    """Numbers articles from 1 on, as they come; 0 is none.

    Memory: a number for each article of the log.
    """

    def __init__(self) -> None:
        self._code_of: dict[str, int] = {}
        self._codes: Codes = np.zeros(0, np.int32)  # by row of the catalogue
        self._hashes = np.zeros(0, np.uint64)  # of the article each of these stands for

    def __len__(self) -> int:
        """Return how many numbers there are, that of none with them."""
        return len(self._code_of) + 1

    def code(self, article_id: str) -> int:
        """Return the number of an article, a new one for a new one."""
        return self._code_of.setdefault(article_id, len(self._code_of) + 1)

    def find(self, article_id: str) -> int:
        """Return the number of an article, 0 of one that has none."""
        return self._code_of.get(article_id, 0)

    def of_rows(self, catalogue: Catalogue, rows: NDArray[np.intp]) -> Codes:
        """Return the number of each row, of those that hold another article than before anew."""
        missing = len(catalogue.hashes) - len(self._codes)
        if missing > 0:
            self._codes = np.concatenate([self._codes, np.zeros(missing, np.int32)])
            self._hashes = np.concatenate([self._hashes, np.zeros(missing, np.uint64)])
        changed = rows[self._hashes[rows] != catalogue.hashes[rows]]
        for row in changed.tolist():
            self._codes[row] = self.code(catalogue.ids[row])
        self._hashes[changed] = catalogue.hashes[changed]
        return self._codes[rows]


class ReadTable:
    """The latest reads of each user as numbers, so that sums over readers are one pass.

    Memory: that of `Readings`, twice, and a number for each article of the log.
    """

    def __init__(self) -> None:
        self.readings = Readings()
        self.codes = ArticleCodes()
        shape = (self.readings.max_users, self.readings.n_read)
        self._read = np.zeros(shape, np.int32)  # codes of articles by slot, 0 = none

    def summed(self, by_reader: Floats) -> Floats:
        """Return the sum over the readers of each article, (max_users,) → (codes,)."""
        some = np.flatnonzero(by_reader)
        read = self._read[some]  # (k, n_read)
        weights = np.repeat(by_reader[some], read.shape[1])
        sums = np.bincount(read.ravel(), weights=weights, minlength=len(self.codes))
        return np.asarray(sums, np.float64)

    def learn(self, moment: Moment) -> None:
        """Keep what was read."""
        self.readings.learn(moment.reading)
        slot = self.readings.slot(moment.user_id)
        assert slot is not None, "who has just been learned is kept"
        codes = [self.codes.code(article_id) for article_id in self.readings.read_in(slot)]
        self._read[slot] = 0
        self._read[slot, : len(codes)] = codes
