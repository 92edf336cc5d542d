"""The features VaNS sees, in order, and the name of that order.

A feature's meaning never changes under a name: a new meaning is a new name, a changed list is a
new `FEATURE_SET`. Snapshots carry the names of theirs: what they and examples of another set have
in common with this one is taken by name.
"""

from __future__ import annotations

from zlib import crc32

from cherryrec.features.blocks import BLOCKS, context

__all__ = ["CONTEXT", "FEATURES", "FEATURE_SET", "GATED", "column", "columns_of"]

FEATURES: tuple[str, ...] = tuple(name for block in BLOCKS for name in block.names)
"""Column names of a feature matrix, in order. See docs/features.md for each one's definition."""

FEATURE_SET = f"v2-{len(FEATURES)}-{crc32(','.join(FEATURES).encode()):08x}"
"""Names this order of columns."""

CONTEXT = context.BLOCK.names
"""Columns that are the same for every candidate of a request."""

GATED = frozenset(one.name for block in BLOCKS for one in block.columns if one.is_gated)
"""Columns that are 0 in all slates but those they are for."""

_COLUMN = {name: index for index, name in enumerate(FEATURES)}


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
