"""Names for the arrays of many parts in one flat dict: `part/array`."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from cherryrec.errors import ModelError
from cherryrec.listwise import Arrays

__all__ = ["FORMAT", "check_arrays", "check_stamp", "stamp", "under", "with_prefix"]

FORMAT = 2
"""Raised when the arrays change in name or meaning."""


def with_prefix(prefix: str, arrays: Mapping[str, NDArray[np.generic]]) -> Arrays:
    """Name a copy of each array `prefix/name`.

    Examples
    --------
    >>> import numpy as np
    >>> from cherryrec.vans.snapshot import under, with_prefix
    >>> named = with_prefix("svm", {"weights": np.zeros(2)})
    >>> sorted(named), sorted(under("svm", named))
    (['svm/weights'], ['weights'])
    """
    return {f"{prefix}/{name}": array.copy() for name, array in arrays.items()}


def under(prefix: str, arrays: Mapping[str, NDArray[np.generic]]) -> Arrays:
    """Return the arrays named `prefix/…`, without the prefix."""
    start = f"{prefix}/"
    return {
        name.removeprefix(start): array for name, array in arrays.items() if name.startswith(start)
    }


def stamp(fingerprint: int) -> Arrays:
    """Return what tells which format and features a snapshot is of."""
    return {
        "format": np.array(FORMAT, dtype=np.int64),
        "features": np.array(fingerprint, dtype=np.int64),
    }


def check_stamp(arrays: Mapping[str, NDArray[np.generic]], fingerprint: int) -> None:
    """Refuse arrays of another format or of other features."""
    for name, wanted in (("format", FORMAT), ("features", fingerprint)):
        got = int(arrays[name]) if name in arrays else None
        if got != wanted:
            msg = (
                f"snapshot's {name!r} must be {wanted!r}, got {got!r}: it was taken by another "
                "version or for other features; use one of this model, or learn afresh"
            )
            raise ModelError(msg)


def check_arrays(
    arrays: Mapping[str, NDArray[np.generic]], wanted: Mapping[str, tuple[int | None, ...]]
) -> None:
    """Refuse arrays that are missing, of another shape, or not finite.

    Parameters
    ----------
    arrays
        What was taken of a model.
    wanted
        The shape that each array must have; None is any length.
    """
    for name, shape in wanted.items():
        if name not in arrays:
            msg = (
                f"snapshot must hold the array {name!r}, and does not: "
                "use it with the config it was taken with"
            )
            raise ModelError(msg)
        got = arrays[name].shape
        fits = len(got) == len(shape) and all(
            length in (None, n) for n, length in zip(got, shape, strict=True)
        )
        if not fits:
            msg = (
                f"snapshot's {name!r} must have the shape {shape!r}, got {got!r}: "
                "use it with the config it was taken with"
            )
            raise ModelError(msg)
    for name, array in arrays.items():
        if array.dtype.kind not in "fiub" or not np.isfinite(array.astype(np.float64)).all():
            msg = (
                f"snapshot's {name!r} must hold finite numbers only, and does not: "
                "roll back to an earlier snapshot"
            )
            raise ModelError(msg)
