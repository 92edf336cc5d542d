from __future__ import annotations

import random

from gpu_worker.offsets import AnsweredOffsets

HERE = ("evaluation-requests", 0)
THERE = ("evaluation-requests", 1)


def test_never_commits_past_an_unanswered_request() -> None:
    rng = random.Random(2)
    offsets = AnsweredOffsets()
    order = list(range(10, 60))
    for offset in order:
        offsets.start(HERE, offset)
    rng.shuffle(order)

    unanswered = set(order)
    for offset in order:
        offsets.finish(HERE, offset)
        unanswered.discard(offset)
        upto = offsets.committable().get(HERE, 10)
        assert upto == min(unanswered, default=60)


def test_what_is_committed_is_not_committed_again() -> None:
    offsets = AnsweredOffsets()
    offsets.start(HERE, 3)
    offsets.finish(HERE, 3)
    offsets.committed(offsets.committable())

    assert offsets.committable() == {}


def test_a_partition_given_away_is_left_alone() -> None:
    offsets = AnsweredOffsets()
    for place in (HERE, THERE):
        offsets.start(place, 0)

    offsets.forget([HERE])
    offsets.finish(HERE, 0)
    offsets.finish(THERE, 0)

    assert offsets.committable() == {THERE: 1}


def test_a_partition_that_comes_back_starts_where_it_is_read() -> None:
    offsets = AnsweredOffsets()
    offsets.start(HERE, 5)
    offsets.forget([HERE])

    offsets.start(HERE, 5)
    offsets.start(HERE, 6)
    offsets.finish(HERE, 5)

    assert offsets.committable() == {HERE: 6}
