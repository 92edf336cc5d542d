from __future__ import annotations

from streams.engine.overlay import Overlay


def test_newer_write_outlives_the_storing_of_an_older_one() -> None:
    overlay = Overlay()
    overlay.put(0, b"k", b"old")
    overlay.put(0, b"k", b"new")
    overlay.acknowledge(0, b"k", b"old", offset=3)

    overlay.settle(0)

    assert overlay.get(0, b"k", default=None) == b"new"


def test_tombstone_on_its_way_hides_the_stored_value() -> None:
    overlay = Overlay()
    overlay.put(0, b"k", None)

    assert overlay.holds(0, b"k")
    assert overlay.get(0, b"k", default=b"stored") is None


def test_last_of_several_acknowledged_writes_is_stored() -> None:
    overlay = Overlay()
    for offset, value in enumerate([b"1", b"2", b"3"]):
        overlay.put(0, b"k", value)
        overlay.acknowledge(0, b"k", value, offset=offset)

    waiting = overlay.acknowledged()[0]
    overlay.settle(0)

    assert waiting.changes == {b"k": b"3"}
    assert waiting.offset == 2
    assert waiting.n_bytes == len(b"k" + b"3")
    assert overlay.acknowledged() == {}


def test_dropped_partition_leaves_the_others() -> None:
    overlay = Overlay()
    overlay.put(0, b"k", b"0")
    overlay.put(1, b"k", b"1")

    overlay.drop(0)

    assert not overlay.holds(0, b"k")
    assert overlay.writes(1) == {b"k": b"1"}
