"""The catalogue's columns: one array a property of articles, one row an article."""

from __future__ import annotations

import numpy as np

__all__ = ["MAX_ENTITIES", "MAX_SUBCATEGORIES", "Columns"]

MAX_ENTITIES = 8
"""Entities kept of an article."""

MAX_SUBCATEGORIES = 4
"""Subcategories kept of an article: what `|` separates in its message."""

_NAMES = (
    "embeddings",
    "token_embeddings",
    "coarse",
    "coarse_scale",
    "coarse_error",
    "category",
    "subcategory",
    "source",
    "entity",
    "published",
    "alive",
    "retracted",
    "story_similarity",
    "touched",
    "hashes",
)


class Columns:
    """Arrays over rows that grow together.

    Parameters
    ----------
    capacity
        Rows to start with.
    n_dimensions, n_token_dimensions
        Lengths of the two embeddings; the second is 0 where it is not used.
    """

    def __init__(self, capacity: int, n_dimensions: int, n_token_dimensions: int) -> None:
        self.embeddings = np.zeros((capacity, n_dimensions), np.float32)  # (N, D)
        self.token_embeddings = np.zeros((capacity, n_token_dimensions), np.float32)  # (N, D2)
        self.coarse = np.zeros((capacity, n_dimensions), np.int8)  # (N, D), see `coarse`
        self.coarse_scale = np.zeros(capacity, np.float32)
        self.coarse_error = np.zeros(capacity, np.float32)
        self.category = np.zeros(capacity, np.int32)
        self.subcategory = np.zeros((capacity, MAX_SUBCATEGORIES), np.int32)  # (N, 4), 0 = none
        self.source = np.zeros(capacity, np.int32)
        self.entity = np.zeros((capacity, MAX_ENTITIES), np.int32)  # (N, 8), 0 = none
        self.published = np.full(capacity, np.nan)  # epoch seconds, NaN = unknown
        self.alive = np.zeros(capacity, bool)
        self.retracted = np.zeros(capacity, bool)
        self.story_similarity = np.zeros(capacity)  # to the nearest earlier article
        self.touched = np.zeros(capacity)  # last publication, view or click, epoch seconds
        self.hashes = np.zeros(capacity, np.uint64)  # stable hash of the id

    def grow_columns(self, capacity: int) -> None:
        """Make room for `capacity` rows."""
        for name in _NAMES:
            old = getattr(self, name)
            fill = np.nan if name == "published" else 0
            new = np.full((capacity, *old.shape[1:]), fill, old.dtype)
            new[: len(old)] = old
            setattr(self, name, new)

    def clear_columns(self, row: int) -> None:
        """Empty one row, for its reuse; `touched` and `hashes` are its next article's to set."""
        for name in _NAMES:
            if name not in {"touched", "hashes"}:
                getattr(self, name)[row] = np.nan if name == "published" else 0
