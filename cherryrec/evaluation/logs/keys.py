"""Keys of rows: their ids, or where an id came before, the id with the line behind it."""

from __future__ import annotations

from array import array
from bisect import bisect_left

__all__ = ["Keys"]

_PAGE_NUMBERS = 2**16
_MOST_LISTED = 4_096
"""Numbers of a page from which on a bit for each takes less than listing them."""

_MOST = 2**32


class Keys:
    """Gives every row of a file an id that no row before has.

    Whole numbers below 2³² are kept in pages of 65,536: listed in two bytes each while they are
    few, and a bit each in 8 KiB from 4,096 of a page on (the array and bitmap containers of
    Roaring). So n ids take 2 n bytes and 200 bytes a page at most, however far apart they are;
    other ids about 100 bytes each.

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

    References
    ----------
    Chambi et al. (2016), Better bitmap performance with Roaring bitmaps, Software: Practice and
    Experience 46(5), https://doi.org/10.1002/spe.2325, section 2.
    """

    def __init__(self, split: str = "") -> None:
        self.prefix = f"{split}/" if split else ""
        self._pages: dict[int, array[int] | bytearray] = {}
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
        number, place = divmod(int(key), _PAGE_NUMBERS)
        page = self._pages.get(number)
        if page is None:
            page = self._pages[number] = array("H")
        if isinstance(page, bytearray):
            byte, mask = place >> 3, 1 << (place & 7)
            is_taken = bool(page[byte] & mask)
            page[byte] |= mask
            return is_taken
        at = bisect_left(page, place)
        if at < len(page) and page[at] == place:
            return True
        page.insert(at, place)
        if len(page) > _MOST_LISTED:
            self._pages[number] = _bits(page)
        return False


def _bits(places: array[int]) -> bytearray:
    """Return a page with a bit for each of its numbers."""
    page = bytearray(_PAGE_NUMBERS // 8)
    for place in places:
        page[place >> 3] |= 1 << (place & 7)
    return page
