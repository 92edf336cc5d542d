"""What a learner's process does with more examples than it can learn, and what it says of it."""

from __future__ import annotations

import logging

from cherryrec.sampling import Sampling
from streams.engine import Metrics

__all__ = ["SampledExamples"]

logger = logging.getLogger(__name__)


class SampledExamples:
    """Has a share of the examples learned while too many wait, counted, shown and logged.

    Parameters
    ----------
    beyond
        With more waiting than this a share is learned; 0: always all.
    metrics
        Where it is counted.

    Examples
    --------
    >>> sampled = SampledExamples(100, Metrics())
    >>> sampled.look(90)
    >>> sampled.weight(7)
    1
    >>> sampled.look(190)
    >>> sorted({sampled.weight(offset) for offset in range(20)})
    [0, 2]
    """

    def __init__(self, beyond: int, metrics: Metrics) -> None:
        self._sampling = Sampling(beyond)
        self._metrics = metrics
        self._n_left_out = 0
        metrics.learned_share.set_function(lambda: self._sampling.share)

    def look(self, n_waiting: int) -> None:
        """Note how many examples wait; say when a share begins to be learned, and all again."""
        self._metrics.examples_waiting.set(max(n_waiting, 0))
        before = self._sampling.one_in
        now = self._sampling.look(n_waiting)
        if before == 1 < now:
            logger.warning(
                "%d examples wait, more than learner.sample_beyond (%d): a share of them is "
                "learned from now on, each for all that it stands for (cherryrec_learned_share)",
                n_waiting,
                self._sampling.all_below,
            )
        elif now == 1 < before:
            logger.warning(
                "all examples are learned again, %d were left out meanwhile", self._n_left_out
            )
            self._n_left_out = 0

    def weight(self, offset: int) -> int:
        """Return for how many the example at an offset is learned; 0: it is left out, counted."""
        weight = self._sampling.weight(offset)
        if not weight:
            self._n_left_out += 1
            self._metrics.count("examples", "left_out")
        return weight
