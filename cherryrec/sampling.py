"""Which examples a learner learns that is behind: one in so many, for all that it stands for.

A learner takes so many examples a second, and a site has more on its busy days. What cannot be
learned would wait ever longer, and what is learned would be ever older. So with more than
`all_below` examples waiting it learns one in 2, with more than twice as many one in 4, and so on,
each with the weight 2, 4, …: the reciprocal of its chance, so that the sum over what is learned is
that over all, but for chance. Where examples come at λ a second, c are learned, and passing over
one takes next to nothing, at most 2 · all_below · λ/c of them wait, and each for at most
2 · all_below / c seconds, however long that goes on.
"""

from __future__ import annotations

__all__ = ["MOST_ONE_IN", "Sampling"]

MOST_ONE_IN = 1_024
"""The least share that is learned is one in so many; beyond it reading is what takes the time."""

_64_BITS = (1 << 64) - 1


class Sampling:
    """Says of each example whether it is learned, and for how many.

    Parameters
    ----------
    all_below
        Examples that may wait while all are learned; 0: all are learned, however many wait.

    Examples
    --------
    >>> sampling = Sampling(1_000)
    >>> [sampling.look(n_waiting) for n_waiting in (900, 1_100, 4_500, 900, 200)]
    [1, 2, 8, 2, 1]

    Of many about one in so many is learned, the same ones each time they are read:

    >>> sampling.look(3_900)
    4
    >>> weights = [sampling.weight(offset) for offset in range(10_000)]
    >>> sorted(set(weights)), abs(sum(weights) - 10_000) < 500
    ([0, 4], True)
    """

    def __init__(self, all_below: int) -> None:
        self.all_below = all_below
        self.one_in = 1

    @property
    def share(self) -> float:
        """The share of the examples that is learned now, in (0, 1]."""
        return 1.0 / self.one_in

    def look(self, n_waiting: int) -> int:
        """Take note of how many wait; return the number of which one is learned from now on.

        It falls again only when a quarter of what it bears is left, so that it does not change
        with every example.
        """
        if self.all_below:
            while n_waiting > self.all_below * self.one_in and self.one_in < MOST_ONE_IN:
                self.one_in *= 2
            while 4 * n_waiting < self.all_below * self.one_in and self.one_in > 1:
                self.one_in //= 2
        return self.one_in

    def weight(self, position: int) -> int:
        """Return for how many an example is learned; 0: it is left out.

        Decided by a hash of where it stands, so that one read again is decided alike as long as as
        many wait.
        """
        return 0 if _mixed(position) % self.one_in else self.one_in


def _mixed(number: int) -> int:
    """Return 64 bits that look as if they were drawn: splitmix64 (Steele et al., 2014)."""
    x = (number + 0x9E3779B97F4A7C15) & _64_BITS
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9 & _64_BITS
    x = (x ^ (x >> 27)) * 0x94D049BB133111EB & _64_BITS
    return x ^ (x >> 31)
