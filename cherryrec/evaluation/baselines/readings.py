"""Who has read what: each user's latest articles, and each article's latest readers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cherryrec.evaluation.mind_rows import MindImpression

__all__ = ["Readings"]


class Readings:
    """Histories and clicks from both sides, for baselines that know users by their reading.

    A user new to it brings the history of the row; after that, clicks are added as they become
    known. Users are numbered by slots, so that what belongs to them fits in arrays.

    Memory: at most `max_users` times `n_read` pairs of user and article, held from both sides. The
    user idle longest makes room.

    Parameters
    ----------
    max_users
        Users kept; above 0.
    n_read
        Latest articles kept of each user; above 0.
    max_readers
        Latest readers kept of each article; above 0. They stand for all of its readers.

    Examples
    --------
    >>> readings = Readings()
    >>> readings.learn(MindImpression("1", "ann", 0.0, ("a",), ("b", "c"), (True, False)))
    >>> readings.read_by(MindImpression("2", "ann", 9.0, ("a",), ("c",), None))
    ['a', 'b']

    Ann has slot 0:

    >>> readings.readers("b").tolist(), readings.readers("c").tolist()
    ([0], [])
    """

    def __init__(
        self, *, max_users: int = 20_000, n_read: int = 30, max_readers: int = 1_000
    ) -> None:
        self.max_users = max_users
        self.n_read = n_read
        self.last_learned = np.zeros(max_users, dtype=np.int64)  # per slot; higher is later
        self._max_readers = max_readers
        self._n_learned = 0
        self._slots: dict[str, int] = {}  # the user idle longest first
        self._read: list[dict[str, None]] = []  # per slot, oldest first
        self._readers: dict[str, dict[int, None]] = {}  # oldest first

    def read_by(self, impression: MindImpression) -> list[str]:
        """Return what the impression's user has read, each article once, oldest first."""
        slot = self._slots.get(impression.user_id)
        if slot is None:
            return list(dict.fromkeys(impression.history[-self.n_read :]))
        return list(self._read[slot])

    def slot(self, user_id: str) -> int | None:
        """Return the number of a user, None for one who is not kept."""
        return self._slots.get(user_id)

    def read_in(self, slot: int) -> list[str]:
        """Return what the user of a slot has read, each article once, oldest first."""
        return list(self._read[slot])

    def readers(self, article_id: str) -> NDArray[np.intp]:
        """Return the slots of an article's latest readers, each once."""
        found = self._readers.get(article_id, {})
        return np.fromiter(found, dtype=np.intp, count=len(found))

    def n_readers(self, article_id: str) -> int:
        """Return how many readers are kept of an article."""
        return len(self._readers.get(article_id, ()))

    def learn(self, impression: MindImpression) -> None:
        """Add an impression's clicks; one without labels adds nothing."""
        if impression.clicked is None:
            return
        self._n_learned += 1
        is_new = impression.user_id not in self._slots
        slot = self._slots.pop(impression.user_id) if not is_new else self._free_slot()
        self._slots[impression.user_id] = slot
        self.last_learned[slot] = self._n_learned
        if is_new:
            for article_id in impression.history[-self.n_read :]:
                self._add(slot, article_id)
        for article_id, clicked in zip(impression.candidates, impression.clicked, strict=True):
            if clicked:
                self._add(slot, article_id)

    def _free_slot(self) -> int:
        """Return an empty slot, the longest idle user's where all are taken."""
        if len(self._slots) < self.max_users:
            self._read.append({})
            return len(self._read) - 1
        slot = self._slots.pop(next(iter(self._slots)))
        for article_id in self._read[slot]:
            self._leave(slot, article_id)
        self._read[slot] = {}
        return slot

    def _add(self, slot: int, article_id: str) -> None:
        """Make an article the newest a user has read, and the user its newest reader."""
        read = self._read[slot]
        read.pop(article_id, None)
        read[article_id] = None
        if len(read) > self.n_read:
            oldest = next(iter(read))
            del read[oldest]
            self._leave(slot, oldest)
        readers = self._readers.setdefault(article_id, {})
        readers.pop(slot, None)
        readers[slot] = None
        if len(readers) > self._max_readers:
            del readers[next(iter(readers))]

    def _leave(self, slot: int, article_id: str) -> None:
        """Take a user out of an article's readers; an article without readers is forgotten."""
        readers = self._readers.get(article_id)
        if readers is not None:
            readers.pop(slot, None)
            if not readers:
                del self._readers[article_id]
