"""Names for the arrays of many owners in one flat dict: `owner/array`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from cherryrec.errors import ModelError
from cherryrec.listwise import Arrays

__all__ = [
    "FORMAT",
    "FORMER_MEMBERS",
    "MAX_COUNT",
    "check_arrays",
    "check_learned",
    "check_members",
    "check_range",
    "check_stamp",
    "members_array",
    "renamed",
    "stamp",
    "under",
    "with_prefix",
]

FORMAT = 4
"""Raised when the arrays change in name or meaning."""

_BEFORE = 3

_SINCE_4 = frozenset({"members", "forest/n_grown"})
"""Arrays that snapshots of format 3 lack: what they say is not checked there, or derived."""

FORMER_MEMBERS = MappingProxyType({"lr": "linear", "fm": "factors", "rf": "forest"})
"""What members were called up to format 3, and are called now."""

_FORMER_NAMES = MappingProxyType({**FORMER_MEMBERS, "spread": "mean_squares"})

MAX_COUNT = 2.0**31
"""Of what a model has learned; no site comes to as many impressions."""

_LARGEST = (1e12, 1e60)
"""No weight of standardised features and no sum of their squares comes near the one, no sum of raw
values' squares near the other; past them products would not be finite."""


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


def renamed(arrays: Mapping[str, NDArray[np.generic]]) -> Mapping[str, NDArray[np.generic]]:
    """Return arrays of format 3 as this version names them, all others as they are.

    Members were called `lr`, `fm` and `rf`, mean squares `spread`; two arrays are new, and do
    without: `_SINCE_4`.

    Examples
    --------
    >>> old = {"format": np.array(3), "lr/weights": np.ones(2)}
    >>> sorted(renamed(old)), int(renamed(old)["format"])
    (['format', 'linear/weights'], 4)
    """
    if "format" not in arrays or arrays["format"].shape != () or arrays["format"] != _BEFORE:
        return arrays
    now: Arrays = {"format": np.array(FORMAT, dtype=np.int64)}
    for name, array in arrays.items():
        owner, slash, rest = name.partition("/")
        now.setdefault(f"{_FORMER_NAMES.get(owner, owner)}{slash}{rest}", array)
    return now


def check_stamp(arrays: Mapping[str, NDArray[np.generic]], fingerprint: int) -> None:
    """Refuse arrays of another format or of other features."""
    for name, wanted in (("format", FORMAT), ("features", fingerprint)):
        got = arrays[name].item() if name in arrays and arrays[name].shape == () else None
        if got != wanted:
            msg = (
                f"snapshot's {name!r} must be {wanted!r}, got {got!r}: it was taken by another "
                "version or for other features; use one of this model, or learn afresh"
            )
            raise ModelError(msg)


def members_array(names: Sequence[str]) -> NDArray[np.uint8]:
    """Return the names of the first stage's members, in order, as an array: UTF-8 and commas.

    Weights, factors and mean squares are by place: in another order they would be another member's.

    Examples
    --------
    >>> members_array(["linear", "svm"]).tobytes()
    b'linear,svm'
    """
    return np.frombuffer(",".join(names).encode(), np.uint8).copy()


def check_members(arrays: Mapping[str, NDArray[np.generic]], names: Sequence[str]) -> None:
    """Refuse arrays of other members of the first stage, or of another order of them.

    Examples
    --------
    >>> check_members({"members": members_array(["linear", "svm"])}, ["svm", "linear"])
    Traceback (most recent call last):
    ...
    cherryrec.errors.ModelError: snapshot's members of the first stage must be 'svm,linear', \
got 'linear,svm': use it with the vans.members it was taken with, or learn afresh
    """
    if "members" not in arrays:  # up to format 3
        return
    wanted, got = members_array(names), arrays["members"]
    if not np.array_equal(wanted, got):
        theirs = got.astype(np.uint8).tobytes().decode(errors="replace")
        msg = (
            f"snapshot's members of the first stage must be {','.join(names)!r}, got {theirs!r}: "
            "use it with the vans.members it was taken with, or learn afresh"
        )
        raise ModelError(msg)


def check_arrays(
    arrays: Mapping[str, NDArray[np.generic]],
    wanted: Mapping[str, tuple[int | None, ...]],
    *,
    dtypes: Mapping[str, np.dtype[np.generic]] | None = None,
) -> None:
    """Refuse arrays that are missing, of another shape, or not finite.

    Parameters
    ----------
    arrays
        What was taken of a model.
    wanted
        The shape that each array must have; None is any length.
    dtypes
        What each array must be of; absent: of any plain number.
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
    for name, dtype in (dtypes or {}).items():
        if arrays[name].dtype != dtype:
            msg = f"snapshot's {name!r} must be {dtype}, got {arrays[name].dtype}: learn afresh"
            raise ModelError(msg)
    for name, array in arrays.items():
        most = np.inf if array.dtype.kind != "f" else _LARGEST[name.startswith("scaler/")]
        if array.dtype.kind not in "fiub" or not (np.abs(array.astype(np.float64)) < most).all():
            msg = (
                f"snapshot's {name!r} must hold finite numbers only, below {most:g}, and does not: "
                "roll back to an earlier snapshot"
            )
            raise ModelError(msg)


def check_learned(
    arrays: Mapping[str, NDArray[np.generic]], fresh: Mapping[str, NDArray[np.generic]]
) -> None:
    """Refuse what no learner with these settings can have come to.

    Parameters
    ----------
    arrays
        What was taken of a learner.
    fresh
        The same of one that has learned nothing.
    """
    wanted = {name: one for name, one in fresh.items() if name in arrays or name not in _SINCE_4}
    shapes = {name: _shape(name, array) for name, array in wanted.items()}
    check_arrays(arrays, shapes, dtypes={name: array.dtype for name, array in wanted.items()})
    check_range("n_learned", arrays["n_learned"], 0, MAX_COUNT)
    for name, array in arrays.items():
        if name in {"scaler/count"} or "square" in name:
            check_range(name, array, 0, np.inf)


def check_range(name: str, array: NDArray[np.generic], least: float, below: float) -> None:
    """Refuse numbers out of their range: indices would reach past an array, counts run over.

    Examples
    --------
    >>> check_range("feature", np.array([0, 3]), 0, 3)
    Traceback (most recent call last):
    ...
    cherryrec.errors.ModelError: snapshot's 'feature' must be at least 0 and below 3, got 0 to 3: \
roll back to an earlier snapshot
    """
    if array.size and not (array.min() >= least and array.max() < below):
        msg = (
            f"snapshot's {name!r} must be at least {least:g} and below {below:g}, "
            f"got {array.min():g} to {array.max():g}: roll back to an earlier snapshot"
        )
        raise ModelError(msg)


def _shape(name: str, array: NDArray[np.generic]) -> tuple[int | None, ...]:
    """Return the shape a restored array must have; a window is as long as it was filled."""
    if "/window/" in name and array.ndim:
        return (None, *array.shape[1:])
    return array.shape
