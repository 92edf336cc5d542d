"""Which requests of a partition are answered, so that none is committed before it is."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["AnsweredOffsets"]

Partition = tuple[str, int]


class AnsweredOffsets:
    """Requests finish out of order; a partition is committed up to its first unanswered one.

    Holds one integer per request in hand, and one per partition.

    Examples
    --------
    >>> offsets = AnsweredOffsets()
    >>> place = ("evaluation-requests", 0)
    >>> for offset in (7, 8, 9):
    ...     offsets.start(place, offset)
    >>> offsets.finish(place, 8)
    >>> offsets.committable()
    {}
    >>> offsets.finish(place, 7)
    >>> offsets.committable()
    {('evaluation-requests', 0): 9}
    """

    def __init__(self) -> None:
        self._open: dict[Partition, set[int]] = {}
        self._next: dict[Partition, int] = {}
        self._committed: dict[Partition, int] = {}

    def start(self, partition: Partition, offset: int) -> None:
        """Note that a request is in hand."""
        if partition not in self._open:
            self._open[partition] = set()
            self._committed[partition] = offset
        self._open[partition].add(offset)
        self._next[partition] = offset + 1

    def finish(self, partition: Partition, offset: int) -> None:
        """Note that the answer is acknowledged; one of a partition given away is ignored."""
        if partition in self._open:
            self._open[partition].discard(offset)

    def committable(self) -> dict[Partition, int]:
        """Offsets to commit (the next to read), where they have moved since `committed`."""
        moved = {}
        for partition in sorted(self._open):
            open_offsets = self._open[partition]
            upto = min(open_offsets) if open_offsets else self._next[partition]
            if upto > self._committed[partition]:
                moved[partition] = upto
        return moved

    def committed(self, offsets: dict[Partition, int]) -> None:
        """Note what the broker has accepted."""
        for partition, upto in offsets.items():
            if partition in self._committed:
                self._committed[partition] = upto

    def forget(self, partitions: Iterable[Partition]) -> None:
        """Drop partitions that another worker reads now: nothing of them is committed here."""
        for partition in partitions:
            for table in (self._open, self._next, self._committed):
                table.pop(partition, None)
