"""The latest to appear first."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cherryrec.evaluation.leave_last_out.dataset import Codes, LeaveLastOut
from cherryrec.evaluation.leave_last_out.ranker import Floats

__all__ = ["NewestFirst"]


class NewestFirst:
    """When each article was first a candidate or clicked; one that only histories have is oldest.

    The whole log says when, so that this ranking knows of articles before their readers could.
    """

    name = "newest"

    def __init__(self) -> None:
        self._seen_s: NDArray[np.float64] = np.zeros(0)

    def fit(self, data: LeaveLastOut) -> None:
        """Take the times."""
        self._seen_s = np.where(np.isnan(data.first_seen_s), 0.0, data.first_seen_s)

    def score(self, sequences: Sequence[Codes]) -> Floats:
        """Return the times, the same for every sequence, (B, A)."""
        return np.tile(self._seen_s, (len(sequences), 1))
