"""Names as small integers, so that columns of categories compare as arrays."""

from __future__ import annotations

__all__ = ["MISSING", "Interned"]

MISSING = 0
"""The code of an absent name."""


class Interned:
    """Gives each name a code from 1 on; 0 stands for absent.

    Bounded by the catalogue's own bound: names come only from stored articles.

    Examples
    --------
    >>> names = Interned()
    >>> names.code("sport"), names.code("news"), names.code("sport"), names.code(None)
    (1, 2, 1, 0)
    >>> names.name(2)
    'news'
    """

    def __init__(self) -> None:
        self._codes: dict[str, int] = {}
        self._names: list[str] = [""]

    def __len__(self) -> int:
        """Codes in use, the absent one counted."""
        return len(self._names)

    def code(self, name: str | None) -> int:
        """Return the code of a name, a new one if it is new."""
        if not name:
            return MISSING
        code = self._codes.get(name)
        if code is None:
            code = len(self._names)
            self._codes[name] = code
            self._names.append(name)
        return code

    def find(self, name: str) -> int:
        """Return the code of a name, or the absent code if it was never stored."""
        return self._codes.get(name, MISSING)

    def name(self, code: int) -> str:
        """Return the name behind a code; empty for the absent one."""
        return self._names[code]
