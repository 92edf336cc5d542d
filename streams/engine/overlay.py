"""Writes on their way: newer than the local store, until the changelog has acknowledged them."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["Acknowledged", "Overlay"]

Changes = dict[bytes, bytes | None]


@dataclass(slots=True)
class Acknowledged:
    """Writes of one partition that the changelog holds: what to store, and up to which offset."""

    changes: Changes = field(default_factory=dict)
    offset: int = -1


class Overlay:
    """Reads see a write at once; the local store sees it when the changelog has it.

    So the local store is at any moment exactly the changelog up to its persisted offset, and a
    worker killed between the two leaves nothing that only it knows. Holds at most the writes
    between two acknowledgements.

    Examples
    --------
    >>> overlay = Overlay()
    >>> overlay.put(0, b"k", b"1")
    >>> overlay.get(0, b"k", default=b"?"), overlay.get(1, b"k", default=b"?")
    (b'1', b'?')
    >>> overlay.acknowledge(0, b"k", b"1", offset=7)
    >>> overlay.take_acknowledged()
    {0: Acknowledged(changes={b'k': b'1'}, offset=7)}
    >>> overlay.settle(0, {b"k": b"1"})
    >>> overlay.get(0, b"k", default=b"?")
    b'?'
    """

    def __init__(self) -> None:
        self._writes: dict[int, Changes] = {}
        self._acknowledged: dict[int, Acknowledged] = {}

    def put(self, partition: int, key: bytes, value: bytes | None) -> None:
        """Note a write that was sent."""
        self._writes.setdefault(partition, {})[key] = value

    def get(self, partition: int, key: bytes, *, default: bytes | None) -> bytes | None:
        """Return the newest write of a key on its way; `default` when there is none."""
        return self._writes.get(partition, {}).get(key, default)

    def holds(self, partition: int, key: bytes) -> bool:
        """Whether a write of this key is on its way."""
        return key in self._writes.get(partition, ())

    def acknowledge(self, partition: int, key: bytes, value: bytes | None, *, offset: int) -> None:
        """Note that the changelog holds a write, at `offset`."""
        acknowledged = self._acknowledged.setdefault(partition, Acknowledged())
        acknowledged.changes[key] = value
        acknowledged.offset = max(acknowledged.offset, offset)

    def take_acknowledged(self) -> dict[int, Acknowledged]:
        """Return what may be stored now, by partition, and forget that it was to be."""
        taken, self._acknowledged = self._acknowledged, {}
        return taken

    def settle(self, partition: int, stored: Changes) -> None:
        """Forget the writes that the local store now holds, unless a newer one is on its way."""
        writes = self._writes.get(partition, {})
        for key, value in stored.items():
            if key in writes and writes[key] is value:
                del writes[key]

    def writes(self, partition: int) -> Changes:
        """Return the writes of a partition that are on their way."""
        return dict(self._writes.get(partition, {}))

    def drop(self, partition: int) -> None:
        """Forget a partition that is no longer ours."""
        self._writes.pop(partition, None)
        self._acknowledged.pop(partition, None)
