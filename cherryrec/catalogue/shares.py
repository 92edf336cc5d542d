"""Everyone's share of each category and subcategory: what a user's own shares are measured by."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cherryrec.attention import DecayedCounters
from cherryrec.catalogue.interned import MISSING
from cherryrec.catalogue.kept import KeptSums
from cherryrec.compiled import compiled

__all__ = ["Shares"]

Floats = NDArray[np.float64]

_PRIOR = 50.0
_SUBCATEGORY_PRIOR = 100.0


class Shares:
    """Shares among clicks and read histories, by code, smoothed towards equal ones.

    Those of subcategories are summed over all articles, and kept while the reads grow little
    (`KeptSums`).
    """

    def __init__(self) -> None:
        self.kept = KeptSums()

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

        def take() -> Floats:
            reads = _reads(totals, slice(0, len(codes)))  # (N,)
            weights = np.broadcast_to(reads[:, None], codes.shape)
            counts = np.bincount(codes.ravel(), weights.ravel(), minlength=n_codes)
            named = np.where(np.arange(n_codes) == MISSING, 0.0, counts)
            return _smoothed(named, _SUBCATEGORY_PRIOR)

        _, clicks, readers = categories.overall()
        return self.kept.get(clicks + readers, n_codes=n_codes, take=take)


def _reads(totals: DecayedCounters, rows: slice) -> Floats:
    """Clicks and readers of each row."""
    counts = totals.totals(rows)
    return np.asarray(np.maximum(counts[:, 1] + counts[:, 2], 0.0))


@compiled
def _smoothed(counts: Floats, prior: float) -> Floats:
    """Return shares; `prior` reads are spread evenly over all names."""
    total = prior
    for count in counts:
        total += count
    return (counts + prior / max(len(counts) - 1, 1)) / total
