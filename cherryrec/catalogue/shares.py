"""Everyone's share of each category and subcategory: what a user's own shares are measured by."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cherryrec.attention import DecayedCounters
from cherryrec.catalogue.interned import MISSING

__all__ = ["Shares"]

Floats = NDArray[np.float64]

_PRIOR = 50.0
_SUBCATEGORY_PRIOR = 100.0
_GROWTH = 1.01


class Shares:
    """Shares among clicks and read histories, by code, smoothed towards equal ones.

    Those of subcategories are summed over all articles; they are kept, and summed again when a
    hundredth has been added to what they count.
    """

    def __init__(self) -> None:
        self._subcategories: Floats = np.zeros(0)
        self._counted = 0.0

    def categories(self, totals: DecayedCounters, n_codes: int) -> Floats:
        """Return everyone's share of each category, (n_codes,)."""
        return _smoothed(_reads(totals, slice(0, n_codes)), _PRIOR)

    def subcategories(
        self,
        totals: DecayedCounters,
        categories: DecayedCounters,
        codes: NDArray[np.int32],
        n_codes: int,
    ) -> Floats:
        """Return everyone's share of each subcategory, (n_codes,).

        Parameters
        ----------
        totals, categories
            Attention by article and by category.
        codes
            The subcategories of each article, (N, k).
        n_codes
            Codes in use.
        """
        counted = float(_reads(categories, slice(None)).sum())
        if counted > _GROWTH * self._counted or n_codes != len(self._subcategories):
            reads = _reads(totals, slice(0, len(codes)))  # (N,)
            weights = np.broadcast_to(reads[:, None], codes.shape)
            counts: Floats = np.bincount(codes.ravel(), weights.ravel(), minlength=n_codes).astype(
                np.float64
            )
            counts[MISSING] = 0.0
            self._subcategories = _smoothed(counts, _SUBCATEGORY_PRIOR)
            self._counted = counted
        return self._subcategories


def _reads(totals: DecayedCounters, rows: slice) -> Floats:
    """Clicks and readers of each row."""
    counts = totals.totals(rows)
    return np.asarray(np.maximum(counts[:, 1] + counts[:, 2], 0.0))


def _smoothed(counts: Floats, prior: float) -> Floats:
    """Return shares; `prior` reads are spread evenly over all names."""
    n_named = max(len(counts) - 1, 1)
    return np.asarray((counts + prior / n_named) / (counts.sum() + prior))
