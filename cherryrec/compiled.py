"""Loops as machine code: numba, with the types kept for the checker and the code kept on disk.

Importing it takes half a second, which is numba's; a command that compiles nothing imports no part
of the core that does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

__all__ = ["compiled"]

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Compile a function to machine code at its first call, kept on disk for the next process.

    The first call with new types compiles, in seconds, or reads what an earlier process compiled,
    in milliseconds. numba keeps it in `__pycache__` beside the source, or, where that cannot be
    written (installed by another user), in the user's cache folder; `NUMBA_CACHE_DIR` moves it. A
    process that can write to none of them compiles for itself alone.

    Files are replaced whole and keyed by the source and the processor, so that workers may start
    together; two that compile the same write the same. Three habits keep that true: call a function
    with the same types everywhere, keep what it calls in its own file (a change in another file
    does not compile it anew), and take constants from that file too.

    Floating-point arithmetic stays in the written order (no `fastmath`), so that every worker
    computes the same bytes; other threads run meanwhile (`nogil`).

    Parameters
    ----------
    function
        Loops over numbers, tuples and arrays, in the part of Python that numba knows.

    Returns
    -------
    The compiled function, which mypy reads as the one that was given.

    Examples
    --------
    >>> @compiled
    ... def triangle(n: int) -> int:
    ...     total = 0
    ...     for k in range(n + 1):
    ...         total += k
    ...     return total
    >>> triangle(4)  # 1 + 2 + 3 + 4
    10
    """
    try:
        return cast("F", numba.njit(cache=True, nogil=True, fastmath=False)(function))
    except RuntimeError:  # numba found no folder to keep it in
        return cast("F", numba.njit(nogil=True, fastmath=False)(function))
