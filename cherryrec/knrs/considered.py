"""What a selection has considered, for whoever asks where one article stood in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cherryrec.knrs.chooser import Chooser

__all__ = ["Considered", "Place"]

Rows = NDArray[np.intp]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """Where one article stood among those that were looked at, beside the last one kept for itself.

    `rank` is 1 for the strongest; `strengths` (2,) and `signals` (2, S) are the article's and the
    other's, `differences` (S,) what each signal makes of the first less the second, None where the
    strength is no weighted sum. `other` is None, and stands for the article, where no article was
    kept for itself, or the article is the last of them.
    """

    rank: int
    is_kept: bool
    is_within_reach: bool
    strengths: Floats
    signals: Floats
    differences: Floats | None
    other: int | None


@dataclass(frozen=True, slots=True, eq=False)
class Considered:
    """One selection over the whole catalogue, as it was made.

    Parameters
    ----------
    chooser
        What it was made by.
    live
        Rows that may be recommended, rising.
    rows
        The same less what the user has read or excludes, (n,).
    kept
        Positions in `rows` of what is kept, (k,), the strongest first.
    n_own
        How many of these have their place by their strength; the others were brought by single
        sources.
    near
        Positions within reach, rising: the only ones whose signals the selection has computed.
    """

    chooser: Chooser
    live: Rows
    rows: Rows
    kept: Rows
    n_own: int
    near: Rows

    def place(self, row: int) -> Place | None:
        """Return where an article stood, by its row; None where it was not looked at.

        All signals are computed, of those out of reach too: as long as ten requests over a large
        catalogue take.
        """
        at = int(np.searchsorted(self.rows, row))
        if at == len(self.rows) or self.rows[at] != row:
            return None
        found = self.chooser.signals(self.rows)
        strengths = self.chooser.strength(found)
        order = self.chooser.ordered(self.rows, strengths)
        own = self.kept[: self.n_own]
        last = int(own[-1]) if len(own) else at
        both = np.array([at, last])
        return Place(
            rank=int(np.flatnonzero(order == at)[0]) + 1,
            is_kept=bool((self.kept == at).any()),
            is_within_reach=bool((self.near == at).any()),
            strengths=strengths[both],
            signals=found[both],
            differences=self.chooser.differences(found[at] - found[last]),
            other=int(self.rows[last]) if last != at else None,
        )
