"""Batches by token budget: what goes into the model together, and when.

The batch law: jobs leave in the order they came, each once, in a batch or as expired; a batch has
at most `max_batch_size` jobs, and its longest times its size is at most `max_batch_tokens`, which
is what padding makes of it. A batch is due when it cannot grow any more, or `max_wait_s` after its
first job came.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from cherryrec.errors import ConfigError

__all__ = ["Batch", "Batcher", "Job"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job(Generic[T]):
    """One thing to evaluate, with its place in time."""

    item: T
    n_tokens: int
    added_at: float
    expires_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch(Generic[T]):
    """Jobs to evaluate together, and jobs whose time had passed when they were reached."""

    jobs: tuple[Job[T], ...] = ()
    expired: tuple[Job[T], ...] = ()


class Batcher(Generic[T]):
    """Collects jobs and lets them go by the batch law. It owns no clock: times are passed in.

    Parameters
    ----------
    max_batch_size
        Jobs in a batch, at least 1.
    max_batch_tokens
        Tokens in a batch, padding included, at least 1.
    max_wait_s
        Seconds a batch waits for company, at least 0.
    max_pending
        Jobs that may wait, at least 1; `room` says how many more are welcome.

    Examples
    --------
    Three jobs of 40, 30 and 90 tokens: the first two pad to 80, with the third it would be 270.

    >>> batcher = Batcher[str](
    ...     max_batch_size=8, max_batch_tokens=200, max_wait_s=0.5, max_pending=9
    ... )
    >>> for name, n_tokens in (("a", 40), ("b", 30)):
    ...     batcher.add(name, n_tokens=n_tokens, expires_at=60.0, now=0.0)
    >>> batcher.due_at()
    0.5
    >>> batcher.add("c", n_tokens=90, expires_at=60.0, now=0.1)
    >>> batcher.is_due(0.1)
    True
    >>> [job.item for job in batcher.take(0.1).jobs]
    ['a', 'b']
    """

    def __init__(
        self, *, max_batch_size: int, max_batch_tokens: int, max_wait_s: float, max_pending: int
    ) -> None:
        for name, value, least in (
            ("max_batch_size", max_batch_size, 1),
            ("max_batch_tokens", max_batch_tokens, 1),
            ("max_wait_s", max_wait_s, 0),
            ("max_pending", max_pending, 1),
        ):
            if not value >= least:
                msg = f"{name} must be at least {least}, got {value!r}"
                raise ConfigError(msg)
        self._max_batch_size = max_batch_size
        self._max_batch_tokens = max_batch_tokens
        self._max_wait_s = max_wait_s
        self._max_pending = max_pending
        self._jobs: deque[Job[T]] = deque()

    def __len__(self) -> int:
        return len(self._jobs)

    @property
    def room(self) -> int:
        """How many more jobs are welcome; the caller looks before it takes a request in."""
        return max(0, self._max_pending - len(self._jobs))

    def add(self, item: T, *, n_tokens: int, expires_at: float, now: float) -> None:
        """Queue one job.

        Raises
        ------
        ConfigError
            It is longer than a batch may be.
        """
        if n_tokens > self._max_batch_tokens:
            msg = (
                f"a prompt must have at most {self._max_batch_tokens} tokens "
                f"(max_batch_tokens), got {n_tokens}"
            )
            raise ConfigError(msg)
        self._jobs.append(Job(item=item, n_tokens=n_tokens, added_at=now, expires_at=expires_at))

    def due_at(self) -> float | None:
        """When the next batch must go: -inf if it cannot grow, None if nothing waits."""
        if not self._jobs:
            return None
        if self._is_full():
            return float("-inf")
        return self._jobs[0].added_at + self._max_wait_s

    def is_due(self, now: float) -> bool:
        """Whether a batch should be taken now."""
        due_at = self.due_at()
        return due_at is not None and due_at <= now

    def take(self, now: float) -> Batch[T]:
        """Remove and return the next batch, due or not; empty if nothing waits."""
        jobs: list[Job[T]] = []
        expired: list[Job[T]] = []
        longest = 0
        while self._jobs and len(jobs) < self._max_batch_size:
            job = self._jobs[0]
            if job.expires_at <= now:
                expired.append(self._jobs.popleft())
                continue
            longest = max(longest, job.n_tokens)
            if longest * (len(jobs) + 1) > self._max_batch_tokens:
                break
            jobs.append(self._jobs.popleft())
        return Batch(jobs=tuple(jobs), expired=tuple(expired))

    def remove(self, is_unwanted: Callable[[T], bool]) -> list[T]:
        """Remove and return the waiting items that nobody wants any more."""
        removed = [job.item for job in self._jobs if is_unwanted(job.item)]
        self._jobs = deque(job for job in self._jobs if not is_unwanted(job.item))
        return removed

    def _is_full(self) -> bool:
        """Whether the jobs waiting are as many as go together."""
        longest = 0
        for size, job in enumerate(self._jobs, start=1):
            longest = max(longest, job.n_tokens)
            if size >= self._max_batch_size or longest * size > self._max_batch_tokens:
                return True
        return len(self._jobs) >= self._max_pending
