"""What may be spent on CnLE: a token bucket, and a threshold that keeps it for what pays most.

A bucket alone is spent first come, first served: of three times as many requests as it can pay
for, the first of each second are asked about. So a request must also be worth more than most of
those that came lately. Its value is the expected gain over its size, which is what its cost goes
by; the threshold is a quantile of the values of the last arrivals, such that the share above it
costs what there is to spend:

    share = budget / demand · level / (capacity - level)

with demand what all that arrives in a second would cost. The second factor holds the bucket half
full and so corrects what the estimates get wrong: a bucket that is full, because requests are few
or all are worth less than those before them, is spent on whatever comes.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque

__all__ = ["LEAST_QUESTIONS", "N_ARRIVALS", "Budget"]

N_ARRIVALS = 256
"""Arrivals that demand and threshold are estimated from: bounds the memory of a budget."""

LEAST_QUESTIONS = 4
"""Questions that a bucket holds at least, however small its share of the budget."""


class Budget:
    """Decides which requests are worth a question, at a bounded rate.

    In any time t of its clock it grants at most `per_s`·t + capacity, where the capacity is
    `per_s`·`burst_s`, or the cost of four questions where that is more. All of its state may be
    lost: it starts half full.

    Parameters
    ----------
    per_s
        What is there to spend a second, in the unit of the costs; above 0.
    burst_s
        Seconds of it that can be saved up; above 0.

    Examples
    --------
    One question a second, twenty seconds saved up at most: it starts with ten.

    >>> budget = Budget(per_s=1.0, burst_s=20.0)
    >>> sum(budget.decide(0.5, 100.0) for _ in range(30))
    10

    Four requests a second of gains 0.0 to 0.3: a quarter of them can be paid for, the best.

    >>> budget = Budget(per_s=1.0, burst_s=20.0)
    >>> gains = [(100.0 + k / 4, k % 4 / 10) for k in range(4_000)]
    >>> asked = [gain for now, gain in gains if budget.decide(gain, now)]
    >>> len(asked), round(sum(asked) / len(asked), 2)
    (1004, 0.3)
    """

    def __init__(self, *, per_s: float, burst_s: float) -> None:
        self.per_s = per_s
        self.burst_s = burst_s
        self._fraction = 1.0
        self._level: float | None = None
        self._capacity = 0.0
        self._debt = 0.0
        self._clock_s: float | None = None
        self._time_s = 0.0  # never goes back
        self._arrivals: deque[tuple[float, float, float]] = deque()  # time, value, size
        self._values: list[float] = []  # the same, sorted
        self._size = 0.0  # the sum of their sizes

    @property
    def level(self) -> float:
        """What is left to spend now; never below 0."""
        return self._level or 0.0

    def own(self, fraction: float) -> None:
        """Spend a fraction of the budget: of the partitions, those that this worker owns.

        Parameters
        ----------
        fraction
            From 0 to 1; what is left changes in proportion.
        """
        if self._level is not None and self._fraction > 0.0:
            self._level *= fraction / self._fraction
        else:
            self._level = None
        self._fraction = fraction

    def decide(self, gain: float, now: float, *, size: float = 1.0, price: float = 1.0) -> bool:
        """Say whether to ask, and take the cost if so.

        Parameters
        ----------
        gain
            What the answer is expected to bring; finite, 0 or more.
        now
            The time in seconds of any clock. One that goes back by up to `burst_s` stands still
            until it has caught up; by more, it was put back, and time goes on from there.
        size
            Of the question, in any unit, the same in all calls; above 0.
        price
            What a unit of size costs now; above 0. Apart from the size, so that values compare
            when prices change.
        """
        cost = size * price
        self._refill(now, cost)
        self._arrive(gain / size, size)
        if self.level < cost or gain / size < self._threshold(price):
            return False
        self._level = self.level - cost
        return True

    def settle(self, *, expected: float, spent: float) -> None:
        """Put right what a question was expected to cost, once it is known what it did cost.

        What exceeds the level is owed and paid before the bucket fills again: one capacity at
        most, so that a single absurd measurement cannot silence CnLE for long.
        """
        left = self.level - self._debt + expected - spent
        self._level = min(max(left, 0.0), self._capacity)
        self._debt = min(max(-left, 0.0), self._capacity)

    def _refill(self, now: float, cost: float) -> None:
        step_s = 0.0 if self._clock_s is None else now - self._clock_s
        if self._clock_s is None or step_s > 0.0 or -step_s > self.burst_s:
            self._clock_s = now
        step_s = max(step_s, 0.0)
        self._time_s += step_s
        per_s = self.per_s * self._fraction
        self._capacity = max(per_s * self.burst_s, LEAST_QUESTIONS * cost)
        level = self._capacity / 2.0 if self._level is None else self._level
        left = level - self._debt + per_s * step_s
        self._level = min(max(left, 0.0), self._capacity)
        self._debt = max(-left, 0.0)

    def _arrive(self, value: float, size: float) -> None:
        self._arrivals.append((self._time_s, value, size))
        insort(self._values, value)
        self._size += size
        if len(self._arrivals) > N_ARRIVALS:
            _, oldest, its_size = self._arrivals.popleft()
            del self._values[bisect_left(self._values, oldest)]
            self._size -= its_size

    def _threshold(self, price: float) -> float:
        """Return the value that a question must have; the best of a moment always has it."""
        first_s, _, its_size = self._arrivals[0]
        demand = (self._size - its_size) * price  # what came since the first
        span_s = self._time_s - first_s
        room = self._capacity - self.level
        afforded = self.per_s * self._fraction * span_s * self.level
        if len(self._values) < 2 or afforded >= demand * room:
            return self._values[0]
        place = int((1.0 - afforded / (demand * room)) * len(self._values))
        return self._values[min(place, len(self._values) - 1)]
