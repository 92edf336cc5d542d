"""The last impressions' rows, for growing trees on: a ring of bounded size."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from cherryrec.errors import ModelError
from cherryrec.listwise import Arrays
from cherryrec.vans.snapshot import MAX_COUNT, check_range

__all__ = ["RowWindow"]

_ROWS = ("codes", "targets", "weights", "impressions")


class RowWindow:
    """A ring of quantised rows with their targets, weights and impressions.

    Parameters
    ----------
    n_rows
        Rows kept; the newest overwrite the oldest.
    n_features
        Columns of a row.
    """

    def __init__(self, n_rows: int, n_features: int) -> None:
        self.n_rows = n_rows
        self.codes = np.zeros((n_rows, n_features), dtype=np.uint8)
        self.targets = np.zeros(n_rows, dtype=np.float32)
        self.weights = np.zeros(n_rows, dtype=np.float32)
        self.impressions = np.zeros(n_rows, dtype=np.int32)
        self.n_seen = 0

    @property
    def n_filled(self) -> int:
        """How many rows are in use; they are the first ones."""
        return min(self.n_seen, self.n_rows)

    def add(
        self,
        codes: NDArray[np.uint8],
        targets: NDArray[np.float64],
        weights: NDArray[np.float64],
        impression: int,
    ) -> None:
        """Add the rows of one impression, of which there are fewer than the ring holds."""
        places = (self.n_seen + np.arange(len(codes))) % self.n_rows
        self.codes[places] = codes
        self.targets[places] = targets
        self.weights[places] = weights
        self.impressions[places] = impression
        self.n_seen += len(codes)

    def snapshot(self) -> Arrays:
        """Return the rows in use and the place of the next one."""
        n_filled = self.n_filled
        return {
            "codes": self.codes[:n_filled].copy(),
            "targets": self.targets[:n_filled].copy(),
            "weights": self.weights[:n_filled].copy(),
            "impressions": self.impressions[:n_filled].copy(),
            "n_seen": np.array(self.n_seen, dtype=np.int64),
        }

    def load(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Put back what `snapshot` returned."""
        n_filled = len(arrays["codes"])
        if n_filled > self.n_rows:
            msg = (
                f"snapshot's window must hold at most {self.n_rows!r} rows, got {n_filled!r}: "
                "use it with the vans.forest.window_rows it was taken with"
            )
            raise ModelError(msg)
        check_range("window/n_seen", arrays["n_seen"], n_filled, MAX_COUNT)
        lengths = {len(arrays[name]) for name in _ROWS}
        if len(lengths) > 1 or n_filled != min(int(arrays["n_seen"]), self.n_rows):
            msg = (
                f"snapshot's window must be as long as it was filled, got {sorted(lengths)!r} rows "
                f"of {int(arrays['n_seen'])}: roll back to an earlier snapshot"
            )
            raise ModelError(msg)
        self.codes[:n_filled] = arrays["codes"]
        self.targets[:n_filled] = arrays["targets"]
        self.weights[:n_filled] = arrays["weights"]
        self.impressions[:n_filled] = arrays["impressions"]
        self.n_seen = int(arrays["n_seen"])
