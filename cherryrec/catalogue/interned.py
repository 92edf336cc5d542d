"""Names as small integers, so that columns of categories compare as arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cherryrec.text import stable_hash

__all__ = ["MISSING", "Interned"]

MISSING = 0
"""The code of an absent name."""


class Interned:
    """Gives each name a code from 1 on; 0 stands for absent.

    Names outlive their articles, so they are bounded: past `capacity` a new name counts as absent,
    which every metric treats as neutral.

    Parameters
    ----------
    capacity
        Names that get a code; above 0.

    Examples
    --------
    >>> names = Interned()
    >>> names.code("sport"), names.code("news"), names.code("sport"), names.code(None)
    (1, 2, 1, 0)
    >>> few = Interned(capacity=1)
    >>> few.code("sport"), few.code("news"), few.code("sport")
    (1, 0, 1)
    >>> names.name(2)
    'news'
    """

    def __init__(self, capacity: int = 4_096) -> None:
        self.capacity = capacity
        self._codes: dict[str, int] = {}
        self._names: list[str] = [""]
        self._keys = np.zeros(64, np.uint32)

    def __len__(self) -> int:
        """Codes in use, the absent one counted."""
        return len(self._names)

    def code(self, name: str | None) -> int:
        """Return the code of a name, a new one if it is new."""
        if not name:
            return MISSING
        code = self._codes.get(name)
        if code is None and len(self._codes) >= self.capacity:
            return MISSING
        if code is None:
            code = len(self._names)
            self._codes[name] = code
            self._names.append(name)
            if code >= len(self._keys):
                self._keys = np.concatenate([self._keys, np.zeros_like(self._keys)])
            self._keys[code] = stable_hash(name) & 0xFFFF_FFFF
        return code

    def find(self, name: str) -> int:
        """Return the code of a name, or the absent code if it was never stored."""
        return self._codes.get(name, MISSING)

    def keys(self, codes: NDArray[np.int32]) -> NDArray[np.uint32]:
        """Return the low 32 bits of each name's stable hash; 0 for the absent one."""
        return self._keys[codes]

    @property
    def all_keys(self) -> NDArray[np.uint32]:
        """The same for every name by its code, and 0 for codes not in use; not to be written."""
        return self._keys

    def names(self, codes: NDArray[np.int32]) -> list[str]:
        """Return the names behind some codes, (n,)."""
        return [self._names[code] for code in codes.tolist()]

    def name(self, code: int) -> str:
        """Return the name behind a code; empty for the absent one."""
        return self._names[code]
