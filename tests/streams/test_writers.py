"""What doctor says of writers, by what their newest records show."""

from __future__ import annotations

from streams.writers import Placed, Seen, advice, seen

IN_PLACE = Placed(0, b"reader-0")
ELSEWHERE = Placed(0, b"reader-1")


def test_writer_of_another_partitioner_is_named_with_the_setting_to_change() -> None:
    found = list(advice(seen("clicks", [IN_PLACE, ELSEWHERE, ELSEWHERE], n_partitions=4)))

    ((is_held_up, text),) = found
    assert not is_held_up
    assert text.startswith("2 of the newest 3 records lie in other partitions")
    assert "partitioner=murmur2_random" in text


def test_what_a_worker_moved_is_told_apart_from_what_lies_elsewhere_now() -> None:
    moved = Placed(0, b"reader-0", is_moved=True)

    ((_, text),) = advice(seen("clicks", [IN_PLACE, moved], n_partitions=4))

    assert text.startswith("1 of the newest 2 records were moved to the partition of their key")


def test_missing_keys_and_senders_clocks_are_named() -> None:
    records = [Placed(0, None), Placed(0, b"", has_sender_time=True)]

    keyless, clock = (text for _, text in advice(seen("clicks", records, n_partitions=4)))

    assert keyless.startswith("2 of the newest 2 records have no key")
    assert clock.startswith("1 of the newest 2 records carry their sender's clock")


def test_what_holds_records_up_is_told_as_such() -> None:
    topic = Seen(topic="clicks", n_uncommitted=7, unreadable=("partition 1 cannot be read",))

    assert [is_held_up for is_held_up, _ in advice(topic)] == [True, True]


def test_writers_in_place_need_no_advice() -> None:
    assert not list(advice(seen("clicks", [IN_PLACE], n_partitions=4)))
