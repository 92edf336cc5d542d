"""Recent ids as they are stored: read when they are first asked, and never before."""

from __future__ import annotations

import numpy as np
import pytest

from cherryrec.activity import RecentIds


def filled(n: int, capacity: int = 8) -> RecentIds:
    recent = RecentIds(capacity)
    for k in range(n):
        assert recent.sight(1_000 + k, offset=k) == "new"
    return recent


def test_what_was_stored_is_what_is_stored_again() -> None:
    raw = filled(5).to_bytes()

    assert RecentIds.from_bytes(8, raw).to_bytes() == raw
    asked = RecentIds.from_bytes(8, raw)
    assert asked.is_duplicate(1_002, offset=9)
    assert asked.to_bytes() == raw


def test_it_goes_on_as_the_one_that_was_stored() -> None:
    one, other = filled(8), RecentIds.from_bytes(8, filled(8).to_bytes())

    for recent in (one, other):
        assert recent.sight(1_003, offset=3) == "same"
        assert recent.sight(1_003, offset=4) == "duplicate"
        assert recent.sight(2_000, offset=20) == "new"
        assert recent.sight(1_000, offset=21) == "new", "the oldest had made room"

    assert one.to_bytes() == other.to_bytes()


def test_the_last_of_more_than_there_is_room_for_are_kept() -> None:
    recent = RecentIds.from_bytes(3, filled(5).to_bytes())

    pairs = np.frombuffer(recent.to_bytes(), "<u8").reshape(-1, 2)
    assert pairs.tolist() == [[1_002, 2], [1_003, 3], [1_004, 4]]
    assert recent.sight(1_001, offset=9) == "new"


def test_nothing_stored_is_nothing_seen() -> None:
    recent = RecentIds.from_bytes(3, b"")

    assert recent.to_bytes() == b""
    assert recent.sight(1, offset=0) == "new"


def test_half_a_pair_is_refused() -> None:
    with pytest.raises(ValueError, match="pairs of 16 bytes, got 24"):
        RecentIds.from_bytes(3, bytes(24))
