from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from streams.engine import spare_collections
from streams.engine.garbage import YOUNG


@pytest.fixture
def as_before() -> Iterator[None]:
    threshold = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*threshold)


def test_what_stays_is_left_out_of_later_collections(as_before: None) -> None:
    kept: list[list[int]] = [[number] for number in range(1_000)]
    n_frozen = gc.get_freeze_count()

    spare_collections()

    assert gc.get_freeze_count() >= n_frozen + len(kept)
    assert not any(one is kept for one in gc.get_objects())


def test_cycles_made_later_are_still_found(as_before: None) -> None:
    spare_collections()
    cycle: list[object] = []
    cycle.append(cycle)
    del cycle

    assert gc.collect() >= 1


def test_few_new_containers_start_no_collection(as_before: None) -> None:
    spare_collections()

    assert gc.get_threshold()[0] == YOUNG
