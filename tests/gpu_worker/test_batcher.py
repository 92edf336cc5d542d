from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cherryrec.errors import ConfigError
from gpu_worker.batcher import Batcher

sizes = st.lists(st.integers(1, 100), max_size=60)


def batcher_of(**changes: float) -> Batcher[int]:
    limits = {"max_batch_size": 4, "max_batch_tokens": 100, "max_wait_s": 1.0, "max_pending": 1000}
    return Batcher[int](**(limits | changes))  # type: ignore[arg-type]


@given(sizes, st.sets(st.integers(0, 59)))
def test_every_job_leaves_once_in_order_within_the_budget(
    tokens: list[int], dead: set[int]
) -> None:
    batcher = batcher_of()
    for number, n_tokens in enumerate(tokens):
        expires_at = 1.0 if number in dead else 9.0
        batcher.add(number, n_tokens=n_tokens, expires_at=expires_at, now=0.0)

    left: list[int] = []
    while len(batcher):
        batch = batcher.take(5.0)
        assert batch.jobs or batch.expired
        assert len(batch.jobs) <= 4
        padded = max((job.n_tokens for job in batch.jobs), default=0) * len(batch.jobs)
        assert padded <= 100
        assert {job.item for job in batch.expired} <= dead
        assert not {job.item for job in batch.jobs} & dead
        numbers = [job.item for job in batch.jobs]
        assert numbers == sorted(numbers)
        left += sorted(numbers + [job.item for job in batch.expired])

    assert left == list(range(len(tokens)))


def test_wait_is_counted_from_the_first_job() -> None:
    batcher = batcher_of()
    batcher.add(0, n_tokens=1, expires_at=99.0, now=10.0)
    batcher.add(1, n_tokens=1, expires_at=99.0, now=10.9)

    assert not batcher.is_due(10.99)
    assert batcher.due_at() == 11.0
    assert batcher.is_due(11.0)


def test_a_full_batch_is_due_at_once() -> None:
    by_size, by_tokens, by_room = batcher_of(), batcher_of(), batcher_of(max_pending=2)

    for number in range(4):
        by_size.add(number, n_tokens=1, expires_at=99.0, now=0.0)
    by_tokens.add(0, n_tokens=60, expires_at=99.0, now=0.0)
    by_tokens.add(1, n_tokens=10, expires_at=99.0, now=0.0)
    by_room.add(0, n_tokens=1, expires_at=99.0, now=0.0)
    by_room.add(1, n_tokens=1, expires_at=99.0, now=0.0)

    assert by_size.is_due(0.0)
    assert by_tokens.is_due(0.0)
    assert by_room.is_due(0.0)
    assert by_room.room == 0


def test_nothing_waiting_is_never_due() -> None:
    batcher = batcher_of()

    assert batcher.due_at() is None
    assert not batcher.is_due(1e9)
    assert batcher.take(0.0).jobs == ()


def test_a_prompt_over_the_budget_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"at most 100 tokens .* got 101"):
        batcher_of().add(0, n_tokens=101, expires_at=9.0, now=0.0)


@pytest.mark.parametrize("name", ["max_batch_size", "max_batch_tokens", "max_wait_s"])
def test_limits_are_checked(name: str) -> None:
    with pytest.raises(ConfigError, match=f"{name} must be at least"):
        batcher_of(**{name: -1})
