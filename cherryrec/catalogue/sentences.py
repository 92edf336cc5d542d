"""A sentence model's vectors of titles, by row of the catalogue, and the titles that have none yet.

A vector is a direction: 384 whole numbers from -127 to 127, made once an article by whoever runs
the model, and the same in every process that has it. Only whole numbers are summed, so
that the catalogue's mean doesn't depend on the order in which they came.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from cherryrec.text import SENTENCE_DIMENSIONS, stable_hash

__all__ = ["Sentences", "UnreadTitle"]

Rows = NDArray[np.intp]

_UNIT = float(1 << 20)
"""What a length of 1 is in the sum."""

_NEAR = np.float32(1e-4)
"""Squared distance below which a vector is the mean itself, and has no direction from it."""

_LARGEST = np.float32(127.0)

_FEW = 50.0
"""Titles at which the mean counts half: of a handful it is their own."""


@dataclass(frozen=True, slots=True)
class UnreadTitle:
    """A title of which no vector is known.

    Parameters
    ----------
    article_id
        Its article.
    title
        The text.
    key
        `stable_hash` of the title: the vector of another title is none of this one's.
    """

    article_id: str
    title: str
    key: int


class Sentences:
    """Vectors by row; false where no sentence model is set.

    Parameters
    ----------
    model
        Name of the model, `none` for none.
    capacity
        Rows to start with.
    max_rows
        As many rows as there may be.

    Examples
    --------
    >>> sentences = Sentences("minilm", 4, max_rows=8)
    >>> for row, title in enumerate(("Storm", "Gale", "Tax")):
    ...     sentences.publish(row, f"a{row}", title)
    >>> [one.title for one in sentences.unread(2)]
    ['Tax', 'Gale']
    >>> vector = np.zeros(384, np.int8)
    >>> vector[:2] = 3, 4
    >>> for one in sentences.unread(3):
    ...     _ = sentences.put(one.article_id, one.key, vector)
    >>> sentences.n_unread
    0

    Three titles of one direction are alike, though less of it is left when more have it:

    >>> storm, gale = sentences.centred(np.array([0, 1]))
    >>> (storm @ gale).round(2)
    np.float32(1.0)
    """

    def __init__(self, model: str, capacity: int, *, max_rows: int) -> None:
        self.model = model
        self._max_rows = max_rows
        n = capacity if self else 0
        self._vectors = np.zeros((n, SENTENCE_DIMENSIONS), np.int8)  # (N, D)
        self._inverse = np.zeros(n, np.float32)  # 1 / length; 0 where there is no vector
        self._key = np.zeros(n, np.uint64)  # of the title whose vector it is
        self._sum = np.zeros(SENTENCE_DIMENSIONS, np.int64)
        self._n_read = 0
        self._rows: dict[str, int] = {}
        self._unread: dict[str, UnreadTitle] = {}
        self._early: dict[str, tuple[int, NDArray[np.int8]]] = {}

    def __bool__(self) -> bool:
        """Whether there is a model."""
        return self.model != "none"

    @property
    def n_unread(self) -> int:
        """How many titles have no vector yet."""
        return len(self._unread)

    @property
    def n_read(self) -> int:
        """How many rows have one."""
        return self._n_read

    def unread(self, n: int, but: Collection[tuple[str, int]] = ()) -> list[UnreadTitle]:
        """Return titles without a vector, the newest first, n at most.

        Parameters
        ----------
        n
            How many.
        but
            Article and key of those that are read already.
        """
        found = (
            one
            for one in reversed(self._unread.values())
            if not but or (one.article_id, one.key) not in but
        )
        return list(islice(found, n))

    def grow(self, capacity: int) -> None:
        """Make room for `capacity` rows."""
        if self:
            more = capacity - len(self._inverse)
            self._vectors = np.pad(self._vectors, ((0, more), (0, 0)))
            self._inverse = np.pad(self._inverse, (0, more))
            self._key = np.pad(self._key, (0, more))

    def publish(self, row: int, article_id: str, title: str) -> None:
        """Take note of a title as it stands now; a vector of the one before is dropped."""
        if not self:
            return
        key = stable_hash(title)
        if self._inverse[row] and int(self._key[row]) == key:
            return
        self._drop(row)
        self._rows[article_id] = row
        self._unread.pop(article_id, None)
        self._unread[article_id] = UnreadTitle(article_id, title, key)
        early = self._early.pop(article_id, None)
        if early is not None:
            self.put(article_id, *early)

    def put(self, article_id: str, key: int, vector: NDArray[np.int8]) -> bool:
        """Take a vector; say whether it is the one that was waited for.

        One that comes before its article, or before the title that it is of, is kept until then,
        as many as there may be rows: who reads titles may be ahead of who follows. So is that of
        an article that has left.
        """
        row, waiting = self._rows.get(article_id), self._unread.get(article_id)
        if row is None or waiting is None or waiting.key != key:
            self._keep_early(article_id, key, vector)
            return False
        del self._unread[article_id]
        self._key[row] = key
        if vector.any():
            self._vectors[row] = vector
            self._inverse[row] = 1.0 / _length(vector)
            self._sum += _whole(vector)
            self._n_read += 1
        return True

    def _keep_early(self, article_id: str, key: int, vector: NDArray[np.int8]) -> None:
        row = self._rows.get(article_id)
        if row is not None and self._inverse[row] and int(self._key[row]) == key:
            return  # it is there already
        self._early.pop(article_id, None)
        if len(self._early) >= self._max_rows:
            del self._early[next(iter(self._early))]
        self._early[article_id] = (key, vector)

    def forget(self, row: int, article_id: str) -> None:
        """Empty a row, for its reuse; the vector waits in case that the article comes again."""
        if not self:
            return
        has, key, vector = bool(self._inverse[row]), int(self._key[row]), self._vectors[row].copy()
        self._drop(row)
        self._rows.pop(article_id, None)
        self._unread.pop(article_id, None)
        if has and article_id not in self._early:  # one that waits is of a newer title
            self._keep_early(article_id, key, vector)

    def centred(self, rows: Rows) -> NDArray[np.float32]:
        """Return directions from the catalogue's mean, unit vectors, (n, D); zeros without one.

        Sentence vectors of any two titles point much the same way: what they have in common is
        taken out, so that the product of two is how alike they are beyond that. (0, 0) without a
        model.
        """
        if not self:
            return np.zeros((0, 0), np.float32)
        has = self._inverse.take(rows)
        away = self._vectors.take(rows, axis=0).astype(np.float32)
        away *= has[:, None]
        away -= self._mean()
        squared = np.einsum("nd,nd->n", away, away)
        scale = (squared > _NEAR) * (has > 0) / np.sqrt(np.maximum(squared, _NEAR))
        away *= scale[:, None]
        return away

    def products(self, rows: Rows, along: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return `centred(rows)` times some vectors, (k, D), without laying them out, (n, k)."""
        vectors = self._vectors.take(rows, axis=0).astype(np.float32)  # (n, D)
        has, mean = self._inverse.take(rows), self._mean()
        all_at_once = vectors @ np.vstack((along, mean)).T  # (n, k + 1)
        all_at_once *= has[:, None]
        # (a − m)·b and |a − m|² of unit vectors a, by the products of what is at hand.
        squared = (1 - 2 * all_at_once[:, -1] + mean @ mean) * (has > 0)
        scale = (squared > _NEAR) / np.sqrt(np.maximum(squared, _NEAR))
        products: NDArray[np.float32] = (all_at_once[:, :-1] - along @ mean) * scale[:, None]
        return products

    def directions(self, rows: Rows) -> NDArray[np.int8]:
        """Return `centred` in whole numbers, the largest ±127; a row below 0 has no vector."""
        away = self.centred(np.maximum(rows, 0)) * (rows >= 0)[:, None]
        largest = np.abs(away).max(axis=1, initial=0.0, keepdims=True)
        whole = away * (_LARGEST / np.maximum(largest, _NEAR))
        directions: NDArray[np.int8] = np.rint(whole).astype(np.int8)
        return directions

    def _mean(self) -> NDArray[np.float32]:
        """Return the direction that all titles share, at its length, (D,); near 0 of a few."""
        return (self._sum / (_UNIT * (self._n_read + _FEW))).astype(np.float32)

    def _drop(self, row: int) -> None:
        if self._inverse[row]:
            self._sum -= _whole(self._vectors[row])
            self._n_read -= 1
        self._vectors[row], self._inverse[row], self._key[row] = 0, 0.0, 0


def _length(vector: NDArray[np.int8]) -> float:
    whole = vector.astype(np.int64)
    return float(np.sqrt(float(whole @ whole)))


def _whole(vector: NDArray[np.int8]) -> NDArray[np.int64]:
    """Return a vector at unit length in whole parts of `_UNIT`."""
    return np.rint(vector.astype(np.float64) * (_UNIT / _length(vector))).astype(np.int64)
