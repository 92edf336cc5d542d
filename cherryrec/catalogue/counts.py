"""What is counted of the articles: by row, by category and source, by source partition."""

from __future__ import annotations

from collections.abc import Callable

from cherryrec.attention import DecayedCounters
from cherryrec.catalogue.columns import Columns

__all__ = ["Counts"]


class Counts(Columns):
    """Columns with attention beside them, which grows as they do.

    Parameters
    ----------
    capacity, n_dimensions, n_token_dimensions
        As for `Columns`.
    half_lives_s
        Half-lives of all counters.
    """

    def __init__(
        self,
        capacity: int,
        n_dimensions: int,
        n_token_dimensions: int,
        *,
        half_lives_s: tuple[float, ...],
    ) -> None:
        super().__init__(capacity, n_dimensions=n_dimensions, n_token_dimensions=n_token_dimensions)
        self._deferred: list[Callable[[], None]] = []
        self._totals = DecayedCounters(half_lives_s, capacity)
        self._category_totals = DecayedCounters(half_lives_s, n_rows=64)
        self._source_totals = DecayedCounters(half_lives_s, n_rows=64)
        self.partitions: dict[int, DecayedCounters] = {}
        self.counted_s = 0.0  # event time of the newest view or click counted here
        self.followed_s = 0.0  # what is counted elsewhere has reached at least this event time

    @property
    def reached_s(self) -> float:
        """Event time that views and clicks counted anywhere have reached, as far as is known."""
        return max(self.counted_s, self.followed_s)

    def defer(self, count: Callable[[], None]) -> None:
        """Put off counting until something that was counted is read; called once, then."""
        self._deferred.append(count)

    def settle(self) -> None:
        """Count what was put off."""
        while self._deferred:
            self._deferred.pop(0)()

    @property
    def totals(self) -> DecayedCounters:
        """Attention summed over all source partitions, by row."""
        self.settle()
        return self._totals

    @property
    def category_totals(self) -> DecayedCounters:
        """The same by category code."""
        self.settle()
        return self._category_totals

    @property
    def source_totals(self) -> DecayedCounters:
        """The same by source code."""
        self.settle()
        return self._source_totals

    def partition(self, number: int) -> DecayedCounters:
        """Counters of one source partition, made if there are none; rows are the catalogue's."""
        counters = self.partitions.get(number)
        if counters is None:
            counters = DecayedCounters(tuple(self.totals.half_lives.tolist()), len(self.alive))
            self.partitions[number] = counters
        return counters

    def grow_counts(self, capacity: int) -> None:
        """Make room for `capacity` rows."""
        for counters in (self.totals, *self.partitions.values()):
            counters.grow(capacity)

    def clear_counts(self, row: int) -> None:
        """Forget what was counted of one row, for its reuse."""
        for counters in (self.totals, *self.partitions.values()):
            counters.clear(row)
