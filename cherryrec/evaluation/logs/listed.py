"""Slates with their keys and the ids that their files list, as both formats of slates sort them."""

from __future__ import annotations

from dataclasses import replace
from hashlib import blake2b

import msgspec

from cherryrec.evaluation.logs.keys import Keys
from cherryrec.evaluation.mind_rows import MindImpression

__all__ = ["Listed", "listed"]

_DIGEST_BYTES = 16


class Listed(msgspec.Struct, array_like=True, frozen=True):
    """A slate under its key, and what its file calls it.

    Parameters
    ----------
    impression
        Its id is the key.
    listed_id
        As the file has it, without split and line.
    is_repeated
        Whether that had come before in the split.
    """

    impression: MindImpression
    listed_id: str
    is_repeated: bool

    @property
    def shown_at(self) -> float:
        """Event time, UTC seconds since the epoch."""
        return self.impression.shown_at

    @property
    def size(self) -> int:
        """About how many bytes it takes in memory, if it shares no id with others.

        Examples
        --------
        >>> row = MindImpression("1", "u", 1.6e9, ("N1", "N2"), ("N3",), (True,))
        >>> Listed(row, "1", is_repeated=False).size
        904
        """
        row = self.impression
        ids = (*row.history, *row.candidates)
        return 700 + 66 * len(ids) + sum(map(len, ids))

    @property
    def content(self) -> bytes:
        """A digest of the row as the file has it: equal for rows that repeat each other alone."""
        encoded = msgspec.msgpack.encode(replace(self.impression, impression_id=self.listed_id))
        return blake2b(encoded, digest_size=_DIGEST_BYTES).digest()


def listed(impression: MindImpression, keys: Keys, line: int) -> Listed:
    """Return a slate under its key.

    Examples
    --------
    >>> keys, row = Keys("dev"), MindImpression("7", "u", 1.6e9, (), ("N1",), None)
    >>> [listed(row, keys, line).impression.impression_id for line in (1, 2)]
    ['dev/7', 'dev/7#2']
    """
    listed_id = impression.impression_id
    key = keys.key(listed_id, line=line)
    row = impression if key == listed_id else replace(impression, impression_id=key)
    return Listed(row, listed_id, key != keys.prefix + listed_id)
