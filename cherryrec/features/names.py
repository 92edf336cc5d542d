"""The features VaNS sees, in order, and the name of that order.

A feature's meaning never changes under a name: a new meaning is a new name, a changed list is a
new `FEATURE_SET`. Snapshots carry the names of theirs: what they and examples of another set have
in common with this one is taken by name.
"""

from __future__ import annotations

from zlib import crc32

from cherryrec.features.blocks import BLOCKS, context, sentences

__all__ = [
    "ALL_FEATURES",
    "CONTEXT",
    "FEATURES",
    "FEATURE_SET",
    "FEATURE_SETS",
    "GATED",
    "column",
    "columns_of",
    "set_of",
    "set_of_width",
]

ALL_FEATURES: tuple[str, ...] = tuple(name for block in BLOCKS for name in block.names)
"""Column names of a feature matrix with a sentence model, in order: docs/features.md has each."""

FEATURES = ALL_FEATURES[: -len(sentences.BLOCK.names)]
"""Those of one without, the beginning of the others."""


def set_of(names: tuple[str, ...]) -> str:
    """Return the name of an order of columns."""
    return f"v2-{len(names)}-{crc32(','.join(names).encode()):08x}"


FEATURE_SET = set_of(FEATURES)
"""Names the order of columns without a sentence model."""

FEATURE_SETS = {set_of(names): names for names in (FEATURES, ALL_FEATURES)}
"""The columns of either order, by its name."""


def set_of_width(n_columns: int) -> str:
    """Return the order of a matrix that was frozen with so many columns.

    With a sentence model new ones come at the end: a version of before had the beginning of them.

    Examples
    --------
    >>> set_of_width(len(ALL_FEATURES)) == set_of(ALL_FEATURES)
    True
    """
    is_sentences = len(FEATURES) < n_columns <= len(ALL_FEATURES)
    return set_of(ALL_FEATURES[:n_columns]) if is_sentences else FEATURE_SET


CONTEXT = context.BLOCK.names
"""Columns that are the same for every candidate of a request."""

GATED = frozenset(one.name for block in BLOCKS for one in block.columns if one.is_gated)
"""Columns that are 0 in all slates but those they are for."""

_COLUMN = {name: index for index, name in enumerate(ALL_FEATURES)}


def column(name: str) -> int:
    """Return the column of a feature.

    Examples
    --------
    >>> column("news_value")
    0
    """
    return _COLUMN[name]


def columns_of(block: str) -> slice:
    """Return the columns of a block.

    Examples
    --------
    >>> FEATURES[columns_of("article")]
    ('age', 'is_first_shown')
    """
    names = next(one.names for one in BLOCKS if one.name == block)
    return slice(column(names[0]), column(names[-1]) + 1)
