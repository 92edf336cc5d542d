"""Events remembered of one reader: found again within the bounds, too late beyond them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cherryrec.seen import Seen, is_repeat, n_counted, note, sight

DAY_S = 86_400.0


def noted(seen: Seen, *events: tuple[int, float], most: int = 100, start: int = 0) -> Seen:
    for offset, (id_hash, time_s) in enumerate(events, start=start):
        seen = note(seen, id_hash, time_s=time_s, offset=offset, most=most, keep_s=2 * DAY_S)
    return seen


@given(st.lists(st.floats(0.0, 1e6), max_size=80), st.integers(1, 40))
def test_what_was_noted_is_found_or_too_late(times: list[float], most: int) -> None:
    events = [(k << 30, time_s) for k, time_s in enumerate(times)]
    seen = Seen()
    for offset, (id_hash, time_s) in enumerate(events):
        if sight(seen, id_hash, time_s=time_s, offset=offset)[0] == "new":
            seen = note(seen, id_hash, time_s=time_s, offset=offset, most=most, keep_s=1e9)

        assert len(seen.records()) <= most
    for offset, (id_hash, time_s) in enumerate(events):
        sighting, _ = sight(seen, id_hash, time_s=time_s, offset=offset)
        assert sighting in {"again", "late"}
        assert sight(seen, id_hash, time_s=time_s, offset=offset + 100)[0] in {"duplicate", "late"}


def test_ids_leave_with_age_but_for_the_last_few() -> None:
    old = noted(Seen(), *((k, 60.0 * k) for k in range(50)))
    seen = noted(old, (99, 5 * DAY_S), start=50)

    assert len(seen.records()) == 24
    assert seen.floor_s == 0.0, "what is that old is late by its age"
    assert sight(seen, 49, time_s=60.0 * 49, offset=49) == ("again", "counted")


def test_offsets_past_32_bits_are_told_apart() -> None:
    seen = note(Seen(), 7, time_s=1.0, offset=(5 << 32) + 3, most=9, keep_s=9.0)

    assert sight(seen, 7, time_s=1.0, offset=(5 << 32) + 3)[0] == "again"
    assert sight(seen, 7, time_s=1.0, offset=(5 << 32) + 4)[0] == "duplicate"


def test_only_what_counted_makes_another_a_repeat() -> None:
    seen = note(
        Seen(), 1, time_s=1.0, offset=0, most=9, keep_s=9.0, subject=(1 << 40) + 5, weight="rate"
    )
    assert not is_repeat(seen, 5)

    seen = note(seen, 2, time_s=2.0, offset=1, most=9, keep_s=9.0, subject=5)

    assert is_repeat(seen, 5)
    assert not is_repeat(seen, 6)
    assert n_counted(seen, since_s=0.0) == 1
    assert n_counted(seen, since_s=2.0) == 0
