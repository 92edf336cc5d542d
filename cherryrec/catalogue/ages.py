"""How old the articles of each category were when they were clicked."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from cherryrec.attention import DecayedCounters

__all__ = ["ClickAges"]

Floats = NDArray[np.float64]

_GROWTH = 1.01


class ClickAges:
    """Clicks and ages at click by category code, over the articles whose birth is known.

    They are summed over the articles in the catalogue, each with the birth and the category it has
    by now, kept, and summed again when a hundredth has been added to all clicks or a category has
    come.
    """

    def __init__(self) -> None:
        self._sums: Floats = np.zeros((0, 2))
        self._counted = 0.0

    def sums(
        self,
        totals: DecayedCounters,
        categories: DecayedCounters,
        born: Callable[[], Floats],
        codes: NDArray[np.int32],
        n_codes: int,
    ) -> Floats:
        """Return clicks and the seconds of age at them by category code, (n_codes, 2).

        Parameters
        ----------
        totals, categories
            Attention by article and by category.
        born
            Tells when each article appeared, epoch seconds, (N,) or longer; one of NaN counts
            nothing. It is asked only when there is something to sum.
        codes
            The category of each article, (N,).
        n_codes
            Codes in use.
        """
        counted = float(categories.totals(slice(None))[:, 1].sum())
        if counted > _GROWTH * self._counted or n_codes != len(self._sums):
            rows = slice(0, len(codes))
            clicks, ages = totals.totals(rows)[:, 1], totals.click_ages(rows, born()[rows])
            known = np.flatnonzero((clicks > 0) & ~np.isnan(ages))
            self._sums = np.column_stack(
                [
                    np.bincount(codes[known], values[known], minlength=n_codes)
                    for values in (clicks, ages)
                ]
            )
            self._counted = counted
        return self._sums
