"""Counts of the last while: what came in each bucket of time, and nothing older."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from typing import Generic, TypeVar

from cherryrec.errors import ConfigError

__all__ = ["WindowedCounts"]

K = TypeVar("K", bound=Hashable)


class WindowedCounts(Generic[K]):
    """Counts keys by buckets of time and forgets buckets that have left the window.

    Holds at most window/bucket buckets of `max_keys` keys each; a key that finds its bucket full is
    counted in `n_dropped` alone. Order does not matter: what comes late is counted in its own
    bucket, and nowhere where that has left the window.

    Parameters
    ----------
    window_s, bucket_s
        Length of the window and of a bucket in seconds; the first a multiple of the second.
    max_keys
        Keys of one bucket; above 0.

    Examples
    --------
    >>> counts = WindowedCounts(window_s=60.0, bucket_s=10.0)
    >>> counts.add("clicks", now_s=0.0, n=3)
    >>> counts.add("clicks", now_s=25.0)
    >>> counts.totals(now_s=25.0)["clicks"], counts.totals(now_s=25.0, within_s=20.0)["clicks"]
    (4, 1)
    >>> counts.totals(now_s=15.0, within_s=20.0)["clicks"]
    3
    >>> counts.series("clicks", now_s=25.0)
    [0, 0, 0, 3, 0, 1]
    >>> counts.totals(now_s=61.0)["clicks"]
    1
    """

    def __init__(self, *, window_s: float, bucket_s: float, max_keys: int = 1_000) -> None:
        self.n_buckets = round(window_s / bucket_s)
        if self.n_buckets < 1 or abs(self.n_buckets * bucket_s - window_s) > 1e-6 * window_s:
            msg = f"window_s must be a multiple of bucket_s, got {window_s!r} and {bucket_s!r}"
            raise ConfigError(msg)
        self.window_s = window_s
        self.bucket_s = bucket_s
        self.n_dropped = 0
        self._max_keys = max_keys
        self._newest = 0
        self._buckets: dict[int, Counter[K]] = {}
        self._sums: Counter[K] = Counter()

    def add(self, key: K, *, now_s: float, n: int = 1) -> None:
        """Count `n` of a key at `now_s`."""
        number = int(now_s // self.bucket_s)
        if number <= self._newest - self.n_buckets:
            return
        counted = self._buckets.get(number)
        if counted is None:
            counted = self._buckets[number] = Counter()
            self._forget(number)
        if key not in counted and len(counted) >= self._max_keys:
            self.n_dropped += n
            return
        counted[key] += n
        self._sums[key] += n

    def totals(self, *, now_s: float, within_s: float | None = None) -> Counter[K]:
        """Return the counts by key of the last `within_s` seconds, whole buckets; of all if None.

        The bucket that `now_s` lies in counts as one, as far as it has come; later ones do not.
        """
        number = int(now_s // self.bucket_s)
        if within_s is None:
            self._forget(number)
            return self._sums.copy()
        first = number - max(1, round(within_s / self.bucket_s)) + 1
        summed: Counter[K] = Counter()
        for place, counted in self._buckets.items():
            if first <= place <= number:
                summed.update(counted)
        return summed

    def series(self, key: K, *, now_s: float) -> list[int]:
        """Return one key's counts by bucket, the oldest first; `n_buckets` of them."""
        first = int(now_s // self.bucket_s) - self.n_buckets + 1
        found = [0] * self.n_buckets
        for number, counted in self._buckets.items():
            if first <= number < first + self.n_buckets:
                found[number - first] = counted[key]
        return found

    def drop(self, key: K) -> None:
        """Forget a key."""
        self._sums.pop(key, None)
        for counted in self._buckets.values():
            counted.pop(key, None)

    def _forget(self, number: int) -> None:
        """Let buckets go that lie before the window which ends with this one, or a newer one."""
        if number <= self._newest:
            return
        self._newest = number
        for old in [one for one in self._buckets if one <= number - self.n_buckets]:
            for key, n in self._buckets.pop(old).items():
                self._sums[key] -= n
                if not self._sums[key]:
                    del self._sums[key]
