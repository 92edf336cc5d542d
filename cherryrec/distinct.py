"""The distinct numbers among some, rising.

NumPy looks integers up in a hash table for its `unique`, and sorts them then: 2,000 of them take
270 µs, where a sort alone takes 15.
"""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["distinct"]

_Numbers = TypeVar("_Numbers", bound=NDArray[Any])


def distinct(numbers: _Numbers) -> _Numbers:
    """Return each of some numbers once, rising; none may be NaN.

    Examples
    --------
    >>> distinct(np.array([3, 1, 3])).tolist()
    [1, 3]
    """
    ordered = np.sort(numbers)
    is_new = np.ones(len(ordered), np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=is_new[1:])
    return ordered[is_new]  # type: ignore[return-value]
