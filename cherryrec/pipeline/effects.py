"""What an event does: how it counts, and the messages that follow from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Protocol

from cherryrec.events import Event

__all__ = ["Counted", "Effects", "MemoryStore", "Position", "Send", "Store"]

Counted = Literal["applied", "duplicate", "late"]
"""How an event is counted; with dead-lettered ones these make up all that came in."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where an event stood: partition and offset of its topic."""

    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class Send:
    """A message to send; `partition` None leaves the choice to the key."""

    topic: str
    key: str
    event: Event
    partition: int | None = None


@dataclass(slots=True)
class Effects:
    """What followed from one event."""

    counted: Counted = "applied"
    sends: list[Send] = field(default_factory=list)


class Store(Protocol):
    """State of users by partition, as bytes; `put` of None deletes."""

    def get(self, partition: int, key: str) -> bytes | None:
        """Return what was put last."""

    def put(self, partition: int, key: str, value: bytes | None) -> None:
        """Set or delete."""


class MemoryStore:
    """A `Store` in a dict, for replay in one process and for tests.

    Examples
    --------
    >>> store = MemoryStore()
    >>> store.put(0, "u", b"x")
    >>> store.get(0, "u"), store.get(1, "u")
    (b'x', None)
    """

    def __init__(self) -> None:
        self.values: dict[tuple[int, str], bytes] = {}

    def get(self, partition: int, key: str) -> bytes | None:
        """Return what was put last."""
        return self.values.get((partition, key))

    def put(self, partition: int, key: str, value: bytes | None) -> None:
        """Set or delete."""
        if value is None:
            self.values.pop((partition, key), None)
        else:
            self.values[partition, key] = value
