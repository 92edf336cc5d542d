"""Whether the articles displayed were drawn uniformly, as the propensities take them to be.

A log does not say with which chance an article was displayed: 1 / len(pool) is believed of it. Over
the displays whose pool had an article it must then have been displayed sum(1 / len(pool)) times,
give or take the root of sum((1 / len(pool)) (1 - 1 / len(pool))). A log drawn by anything else
(its own ranking, an experiment on some readers) gives itself away here, before any estimate of it.
"""

from __future__ import annotations

from math import sqrt

from cherryrec.errors import LogError
from cherryrec.evaluation.logs.base import LoggedDisplay

__all__ = ["MOST_DEVIATION", "Uniformity"]

MOST_DEVIATION = 6.0
"""Standard deviations; by chance one article in half a billion is that far away."""

_LEAST_VARIANCE = 5.0
"""Below it a count is no normal variable, and says nothing."""


class Uniformity:
    """Counts of each article of a log: displays, displays expected, and their variance.

    Examples
    --------
    Two articles in each of 200 pools, the first displayed 150 times: 100 expected, with a standard
    deviation of √(200 / 4) = 7.07.

    >>> counts = Uniformity()
    >>> for n in range(200):
    ...     displayed = "b" if n % 4 == 0 else "a"
    ...     counts.add(LoggedDisplay(str(n), 0.0, ("a", "b"), displayed, False, ()))
    >>> round(counts.deviation, 2)
    7.07
    """

    def __init__(self) -> None:
        self._counts: dict[str, list[float]] = {}
        self.n_displays = 0
        self.n_choices = 0

    def add(self, display: LoggedDisplay) -> None:
        """Count one display."""
        p = display.propensity
        self.n_displays += 1
        self.n_choices += len(display.pool) > 1
        for article in display.pool:
            counts = self._counts.setdefault(article, [0.0, 0.0, 0.0])
            counts[0] += article == display.displayed
            counts[1] += p
            counts[2] += p * (1.0 - p)

    @property
    def n_articles(self) -> int:
        """How many articles the pools held."""
        return len(self._counts)

    @property
    def deviation(self) -> float:
        """Standard deviations by which the oddest article is away; 0 where none can tell."""
        return max((_deviation(counts) for counts in self._counts.values()), default=0.0)

    def require(self) -> None:
        """Refuse a log that was not drawn uniformly.

        Raises
        ------
        LogError
            No pool held a choice, or an article was displayed too often or too seldom.
        """
        if self.n_choices == 0:
            msg = (
                f"pools must hold two articles or more, got {self.n_displays:,} displays with one "
                "each: nothing was drawn, so that their sizes tell no propensity; a log of pools "
                "is needed"
            )
            raise LogError(msg)
        if self.deviation > MOST_DEVIATION:
            oddest = max(self._counts, key=lambda article: _deviation(self._counts[article]))
            shown, expected, _ = self._counts[oddest]
            msg = (
                "articles must be drawn uniformly from their pools for one over the pool's size to "
                f"be their propensity, got {oddest!r} displayed {shown:,.0f} times where "
                f"{expected:,.0f} are expected, {self.deviation:.1f} standard deviations away: "
                "keep the displays of the random bucket alone (--anyway goes on)"
            )
            raise LogError(msg)


def _deviation(counts: list[float]) -> float:
    shown, expected, variance = counts
    return abs(shown - expected) / sqrt(variance) if variance >= _LEAST_VARIANCE else 0.0
