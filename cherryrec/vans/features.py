"""The features a model is built for, and the check of every matrix it is given."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cherryrec.errors import ConfigError, ModelError

__all__ = [
    "Feature",
    "check_features",
    "check_slate",
    "context_mask",
    "fingerprint",
    "gated_mask",
    "ungated",
    "used_mask",
]


@dataclass(frozen=True, slots=True)
class Feature:
    """One column of a slate.

    Parameters
    ----------
    name
        Unique among a model's features.
    is_context
        Constant over a slate (history length, hour): it acts only through interactions.
    is_gated
        0 in all slates but those it is for (an evaluation of a user who has read nothing). Its
        deviation is that of the slates in which it differs, or rare ones would be cut; and only
        the linear members see it, as the others make such products themselves.
    """

    name: str
    is_context: bool = False
    is_gated: bool = False


def check_features(features: tuple[Feature, ...]) -> None:
    """Refuse a model without features, or with two of one name."""
    names = [feature.name for feature in features]
    doubles = sorted({name for name in names if names.count(name) > 1})
    if doubles:
        msg = f"feature names must be unique, got {doubles!r} more than once"
        raise ConfigError(msg)
    if not any(not feature.is_context for feature in ungated(features)):
        msg = f"a model needs a feature that differs within a slate, got {names!r}"
        raise ConfigError(msg)


def context_mask(features: tuple[Feature, ...]) -> NDArray[np.bool_]:
    """Say which features are constant over a slate, (F,)."""
    return np.array([feature.is_context for feature in features], dtype=np.bool_)


def gated_mask(features: tuple[Feature, ...]) -> NDArray[np.bool_]:
    """Say which features are for some slates only, (F,)."""
    return np.array([feature.is_gated for feature in features], dtype=np.bool_)


def ungated(features: tuple[Feature, ...]) -> tuple[Feature, ...]:
    """Return the features that every member sees."""
    return tuple(feature for feature in features if not feature.is_gated)


def used_mask(features: tuple[Feature, ...], without: tuple[str, ...]) -> NDArray[np.float64]:
    """Return 1 for each feature, 0 for those that are left out, (F,).

    Raises
    ------
    ConfigError
        One that is to be left out is not there.
    """
    names = [feature.name for feature in features]
    unknown = sorted(set(without) - set(names))
    if unknown:
        msg = f"features to be left out must be some of {names!r}, got {unknown!r}"
        raise ConfigError(msg)
    return np.array([float(name not in without) for name in names])


def fingerprint(features: tuple[Feature, ...]) -> int:
    """Return a number that changes with any name, order or kind of the features.

    Examples
    --------
    >>> from cherryrec.vans import Feature
    >>> from cherryrec.vans.features import fingerprint
    >>> fingerprint((Feature("age"),)) == fingerprint((Feature("age", is_context=True),))
    False
    """
    text = "\n".join(f"{one.name}\t{int(one.is_context)}{int(one.is_gated)}" for one in features)
    return zlib.crc32(text.encode())


def check_slate(X: NDArray[np.float64], features: tuple[Feature, ...]) -> None:
    """Refuse a matrix of the wrong shape, or one that holds NaN or infinity."""
    if X.ndim != 2 or X.shape[1] != len(features):
        msg = (
            f"a slate must be a matrix of shape (articles, {len(features)}), got {X.shape!r}: "
            "give one column per feature of the model"
        )
        raise ModelError(msg)
    if len(X) == 0:
        msg = "a slate must hold at least one article, got none"
        raise ModelError(msg)
    if not np.isfinite(X).all():
        row, column = np.argwhere(~np.isfinite(X))[0].tolist()
        msg = (
            f"feature {features[column].name!r} of article {row} of the slate must be a finite "
            f"number, got {float(X[row, column])!r}: fill in what is missing before scoring"
        )
        raise ModelError(msg)
