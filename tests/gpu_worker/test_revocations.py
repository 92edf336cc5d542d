from __future__ import annotations

from kafka.structs import TopicPartition

from gpu_worker.rebalance import Revocations

ONE, TWO = TopicPartition("t", 1), TopicPartition("t", 2)


def test_what_comes_back_in_the_same_rebalance_is_not_gone() -> None:
    revocations = Revocations()

    revocations.on_partitions_revoked([ONE, TWO])
    assert revocations.drain() == set(), "it may still come back"
    revocations.on_partitions_assigned([TWO])

    assert revocations.drain() == {("t", 1)}
    assert revocations.drain() == set()


def test_what_is_lost_is_gone_at_once_even_if_it_returns() -> None:
    revocations = Revocations()

    revocations.on_partitions_lost([ONE])
    revocations.on_partitions_assigned([ONE])

    assert revocations.drain() == {("t", 1)}


def test_a_worker_has_joined_once_it_has_its_share_even_of_nothing() -> None:
    revocations = Revocations()

    assert not revocations.has_joined
    revocations.on_partitions_assigned([])
    assert revocations.has_joined
