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
    n_bytes: int = 0

    def add(self, key: bytes, value: bytes | None, *, offset: int) -> None:
        """Take in a later write; one of the same key replaces the earlier."""
        if key in self.changes:
            self.n_bytes -= len(self.changes[key] or b"")
        else:
            self.n_bytes += len(key)
        self.n_bytes += len(value or b"")
        self.changes[key] = value
        self.offset = max(self.offset, offset)


class Overlay:
    """Reads see a write at once; the local store sees it when the changelog has it.

    So the local store is at any moment exactly the changelog up to its persisted offset, and a
    worker killed between the two leaves nothing that only it knows. What the store does not take
    stays here, in one piece with all that follows it in its partition. Holds the writes between two
    acknowledgements, and up to the bound of `Storing` those that cannot be stored.

    Examples
    --------
    >>> overlay = Overlay()
    >>> overlay.put(0, b"k", b"1")
    >>> overlay.get(0, b"k", default=b"?"), overlay.get(1, b"k", default=b"?")
    (b'1', b'?')
    >>> overlay.acknowledge(0, b"k", b"1", offset=7)
    >>> overlay.acknowledged()
    {0: Acknowledged(changes={b'k': b'1'}, offset=7, n_bytes=2)}
    >>> overlay.settle(0)
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
        self._acknowledged.setdefault(partition, Acknowledged()).add(key, value, offset=offset)

    def acknowledged(self) -> dict[int, Acknowledged]:
        """Return what may be stored now, by partition; `settle` says that it has been."""
        return dict(self._acknowledged)

    def settle(self, partition: int) -> None:
        """Forget what the local store now holds, unless a newer write of a key is on its way."""
        stored = self._acknowledged.pop(partition, Acknowledged())
        writes = self._writes.get(partition, {})
        for key, value in stored.changes.items():
            if key in writes and writes[key] is value:
                del writes[key]

    def writes(self, partition: int) -> Changes:
        """Return the writes of a partition that are on their way."""
        return dict(self._writes.get(partition, {}))

    def drop(self, partition: int) -> None:
        """Forget a partition that is no longer ours."""
        self._writes.pop(partition, None)
        self._acknowledged.pop(partition, None)
