"""Noticing that the model has become worse than it was: a sudden change of what is clicked."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from cherryrec.compiled import compiled
from cherryrec.listwise import Arrays
from cherryrec.vans.snapshot import MAX_COUNT, check_range

__all__ = ["DriftMonitor", "misordered"]

Floats = NDArray[np.float64]

FAST, SLOW = 100, 2_000
"""Impressions over which the error is averaged: lately, and usually."""


@compiled
def misordered(scores: Floats, clicked: NDArray[np.bool_]) -> float:
    """Return the share of pairs (clicked, unclicked) in the wrong order, ties half: 1 - AUC.

    Examples
    --------
    >>> misordered(np.array([0.3, 0.9, 0.1]), np.array([True, False, False]))
    0.5
    """
    wrong, n_pairs = 0.0, 0
    for i in range(len(scores)):
        if clicked[i]:
            for j in range(len(scores)):
                if not clicked[j]:
                    n_pairs += 1
                    if scores[i] <= scores[j]:
                        wrong += 1.0 if scores[i] < scores[j] else 0.5
    return wrong / n_pairs


class DriftMonitor:
    """Compares the error of the last impressions with the usual one.

    Both are exponential means; the difference is measured in standard errors of the fast one,
    √(variance / (2·100 - 1)). The usual error starts anew at every alarm. Its state is five
    numbers: unlike ADWIN's buckets, it fits a snapshot of plain arrays.

    Parameters
    ----------
    threshold
        Standard errors above the usual that raise the alarm; above 0.

    Examples
    --------
    >>> monitor = DriftMonitor(threshold=6.0)
    >>> any(monitor.is_alarmed_by(error) for error in [0.2, 0.4] * 1_000)
    False
    >>> alarms = [monitor.is_alarmed_by(error) for error in [0.5, 0.7] * 100]
    >>> alarms.index(True), sum(alarms)
    (16, 1)

    References
    ----------
    Ross et al. (2012), Exponentially weighted moving average charts for detecting concept drift,
    Pattern Recognition Letters 33, https://arxiv.org/abs/1212.6018
    """

    def __init__(self, threshold: float) -> None:
        self.threshold = threshold
        self.n_seen = 0
        self.n_alarms = 0
        self._fast = self._slow = self._variance = 0.0

    def is_alarmed_by(self, error: float) -> bool:
        """Count in the error of one impression, in [0, 1]; say whether this is a drift."""
        self.n_seen += 1
        fast, slow = 1.0 / min(self.n_seen, FAST), 1.0 / min(self.n_seen, SLOW)
        self._fast += fast * (error - self._fast)
        self._slow += slow * (error - self._slow)
        self._variance += slow * ((error - self._slow) ** 2 - self._variance)
        if self.n_seen < 2 * FAST:
            return False
        standard_error = np.sqrt(max(self._variance, 1e-6) / (2 * FAST - 1))
        if self._fast - self._slow <= self.threshold * standard_error:
            return False
        self.n_alarms += 1
        self.n_seen = 0
        return True

    def snapshot(self) -> Arrays:
        """Return the state as one array."""
        state = [self.n_seen, self.n_alarms, self._fast, self._slow, self._variance]
        return {"state": np.array(state, np.float64)}

    def load(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Put back what `snapshot` returned."""
        state = arrays["state"].astype(np.float64)
        check_range("drift/state", state[:2], 0, MAX_COUNT)
        check_range("drift/state", state[2:], 0, 1.0 + 1e-9)
        n_seen, n_alarms, *rest = state.tolist()
        self.n_seen, self.n_alarms = int(n_seen), int(n_alarms)
        self._fast, self._slow, self._variance = rest
