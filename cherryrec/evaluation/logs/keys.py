"""Keys of rows: their ids, or where an id came before, the id with the line behind it."""

from __future__ import annotations

__all__ = ["Keys"]

_PAGE_BITS = 2**16
_MOST = 2**32


class Keys:
    """Gives every row of a file an id that no row before has.

    Whole numbers below 2³² take a bit each, in pages of 8 KiB, so that the 12 million ids of
    EB-NeRD's largest split take 75 MB at most; other ids take about 100 bytes each.

    Parameters
    ----------
    split
        Put before each id, with a stroke; empty where a log has one split.

    Attributes
    ----------
    prefix
        What stands before each id.

    Examples
    --------
    >>> keys = Keys("test")
    >>> keys.key("7", line=1), keys.key("0", line=2), keys.key("0", line=3)
    ('test/7', 'test/0', 'test/0#3')
    """

    def __init__(self, split: str = "") -> None:
        self.prefix = f"{split}/" if split else ""
        self._pages: dict[int, bytearray] = {}
        self._others: set[str] = set()

    def key(self, listed_id: str, *, line: int) -> str:
        """Return the key of the next row."""
        key = listed_id
        while self._is_taken(key):
            key = f"{key}#{line}"
        return self.prefix + key

    def _is_taken(self, key: str) -> bool:
        """Say whether a key has come before; from now on it has."""
        is_number = key.isascii() and key.isdigit() and str(int(key[:11])) == key
        if not is_number or int(key) >= _MOST:
            is_taken = key in self._others
            self._others.add(key)
            return is_taken
        page, bit = divmod(int(key), _PAGE_BITS)
        bits = self._pages.setdefault(page, bytearray(_PAGE_BITS // 8))
        byte, mask = bit >> 3, 1 << (bit & 7)
        is_taken = bool(bits[byte] & mask)
        bits[byte] |= mask
        return is_taken
