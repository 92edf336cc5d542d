"""How old the articles of each category were when they were clicked."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from cherryrec.attention import DecayedCounters
from cherryrec.catalogue.kept import KeptSums

__all__ = ["ClickAges"]

Floats = NDArray[np.float64]


class ClickAges:
    """Clicks and ages at click by category code, over the articles whose birth is known.

    They are summed over the articles in the catalogue, each with the birth and the category it has
    by now, and kept while all clicks grow little (`KeptSums`).
    """

    def __init__(self) -> None:
        self.kept = KeptSums()

    def sums(
        self,
        totals: DecayedCounters,
        categories: DecayedCounters,
        born: Callable[[slice], Floats],
        codes: NDArray[np.int32],
        n_codes: int,
    ) -> Floats:
        """Return clicks and the seconds of age at them by category code, (n_codes, 2).

        Parameters
        ----------
        totals, categories
            Attention by article and by category.
        born
            Tells when articles appeared, epoch seconds, (N,); one of NaN counts nothing. It is
            asked only when there is something to sum.
        codes
            The category of each article, (N,).
        n_codes
            Codes in use.
        """

        def take() -> Floats:
            rows = slice(0, len(codes))
            clicks, ages = totals.totals(rows)[:, 1], totals.click_ages(rows, born(rows))
            known = np.flatnonzero((clicks > 0) & ~np.isnan(ages))
            by_code = (
                np.bincount(codes[known], values[known], minlength=n_codes)
                for values in (clicks, ages)
            )
            return np.column_stack([*by_code])

        _, counted, _ = categories.overall()
        return self.kept.get(counted, n_codes=n_codes, take=take)
