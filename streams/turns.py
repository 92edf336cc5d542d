"""Whose turn a partition is: counts what a group gives and takes, also between two looks.

A group that takes a partition away and gives it back within one wait leaves the assignment as it
was. The positions are new all the same, and another process may have worked in between.
"""

from __future__ import annotations

from collections.abc import Iterable

from aiokafka import ConsumerRebalanceListener
from aiokafka.structs import TopicPartition

__all__ = ["Turns"]


class Turns(ConsumerRebalanceListener):  # type: ignore[misc]
    """Listens to the group for one partition; each time it is given is a turn of its own.

    Parameters
    ----------
    place
        The partition.

    Examples
    --------
    >>> place = TopicPartition("examples", 0)
    >>> turns = Turns(place)
    >>> turns.on_partitions_assigned([place])
    >>> turns.taken(turns.number)
    >>> turns.is_ours, turns.is_new
    (True, False)
    >>> turns.on_partitions_revoked([place])
    >>> turns.on_partitions_assigned([place])
    >>> turns.is_ours, turns.is_new
    (False, True)
    """

    def __init__(self, place: TopicPartition) -> None:
        self._place = place
        self._is_given = False
        self._taken: int | None = None
        self.number = 0

    @property
    def is_ours(self) -> bool:
        """Whether this turn has been taken over and still lasts."""
        return self._is_given and self._taken == self.number

    @property
    def is_new(self) -> bool:
        """Whether there is a turn that waits to be taken over."""
        return self._is_given and self._taken != self.number

    def taken(self, number: int) -> None:
        """Say that a turn was taken over; one that has ended meanwhile stays ended."""
        self._taken = number

    def lost(self, number: int) -> None:
        """Say that a turn has ended, before the group says so; a later one goes on."""
        if number == self.number:
            self._is_given = False

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """End the turn."""
        if self._place in revoked:
            self._is_given = False

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Begin a turn."""
        self.number += 1
        self._is_given = self._place in assigned
