"""Loops as machine code: numba, with the types kept for the checker and the code kept on disk.

Importing it takes half a second, which is numba's; a command that compiles nothing imports no part
of the core that does.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

__all__ = ["compiled", "inner"]

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS: dict[str, Any] = {"nogil": True, "fastmath": False, "error_model": "numpy"}


def compiled(function: F) -> F:
    """Compile a function to machine code at its first call, kept on disk for the next process.

    The first call compiles, in seconds, or reads what an earlier process compiled, in
    milliseconds. numba keeps it in `__pycache__` beside the source, or, where that cannot be
    written (installed by another user), in the user's cache folder; `NUMBA_CACHE_DIR` moves it.
    What whoever installed the package compiled beside the source (`cherryrec prepare`, in an image
    as well) is copied there first. A process that can write to none of them compiles for itself
    alone.

    Files are replaced whole and keyed by the source and the processor, so that workers may start
    together: those that compile the same write the same. Three habits keep that true. Call a
    function with the same types everywhere, as numba numbers the files of a function's types in
    the order they come. Mark with `inner` what only compiled functions call. Keep all that, and
    the constants, in one file: a change in another one does not compile it anew.

    Floating-point arithmetic stays in the written order (no `fastmath`), so that every worker
    computes the same bytes; other threads run meanwhile (`nogil`). A division by 0 gives what
    numpy's gives: looking for one to raise would keep loops from vector instructions.

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
        kept = numba.njit(cache=True, **_OPTIONS)(function)
    except RuntimeError:  # numba found no folder to keep it in
        return inner(function)
    _bring(function, Path(kept.stats.cache_path))
    return cast("F", kept)


def inner(function: F) -> F:
    """Compile a function that compiled functions call; on disk it is part of theirs.

    It may be called with several types, and has no file of its own that processes could race for.
    """
    return cast("F", numba.njit(**_OPTIONS)(function))


def _bring(function: Callable[..., Any], folder: Path) -> None:
    """Copy what was compiled beside the source into the folder that is used, unless it is newer.

    The index goes last: it names the others.
    """
    source = Path(function.__code__.co_filename)
    beside = source.parent / "__pycache__"
    if folder == beside:
        return
    name = f"{source.stem}.{function.__qualname__}-{function.__code__.co_firstlineno}.*.nb"
    with suppress(OSError):  # it is compiled then
        for ending in ("c", "i"):
            for file in sorted(beside.glob(name + ending)):
                _copy(file, folder / file.name)


def _copy(file: Path, target: Path) -> None:
    """Copy a file whole, unless what is there is newer."""
    if target.exists() and target.stat().st_mtime >= file.stat().st_mtime:
        return
    new = target.with_name(f"{target.name}.new.{os.getpid()}")
    shutil.copyfile(file, new)
    new.replace(target)
