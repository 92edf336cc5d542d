"""Events in the order of time, however many there are, in bounded memory.

Files are hardly ever sorted by event time: MIND's are not at all, those of hours overlap. Rows are
taken until they fill `HELD_BYTES`, sorted, and written to a temporary file as a run; the runs are
merged at the end (external merge sort, Knuth, The Art of Computer Programming 3, section 5.4). A
log that fits is sorted where it is. What is held beyond that is `N_MERGED` buffers of a run each.
Temporary files take about the room of the events and stand in the system's temporary folder
(`TMPDIR`).
"""

from __future__ import annotations

import heapq
import tempfile
from collections.abc import Callable, Hashable, Iterable, Iterator
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec

__all__ = ["HELD_BYTES", "N_MERGED", "Placed", "in_time_order", "without_repeats"]

HELD_BYTES = 64 * 2**20
"""How much of the events are held at once, counted as their sizes in memory."""

N_MERGED = 64
"""Runs that are merged at a time."""

T = TypeVar("T")


class Placed(msgspec.Struct, Generic[T], array_like=True, frozen=True):
    """An event with its place.

    Parameters
    ----------
    file
        Name within the log.
    line
        From 1; where a file has no lines, the number of the row.
    event
        What stands there.
    """

    file: str
    line: int
    event: T


def in_time_order(
    rows: Iterable[Placed[T]],
    kind: Any,
    *,
    key: Callable[[T], Any],
    size: Callable[[T], int],
    held_bytes: int = HELD_BYTES,
    progress: Callable[[int], None] = lambda n: None,
) -> Iterator[Placed[T]]:
    """Yield rows by their keys; those of one key as they came.

    Parameters
    ----------
    rows
        Read to their end before the first is yielded.
    kind
        The type of their events.
    key
        What they are sorted by, the time first.
    size
        About how many bytes of memory an event takes.
    held_bytes
        How many of these are held at once, above 0.
    progress
        Called with 1 for each row that is read.

    Examples
    --------
    >>> rows = [Placed("a", n, time) for n, time in enumerate((3.0, 1.0, 3.0, 2.0))]
    >>> sort = dict(key=lambda time: time, size=lambda time: 8)
    >>> [(row.event, row.line) for row in in_time_order(rows, float, **sort, held_bytes=16)]
    [(1.0, 1), (2.0, 3), (3.0, 0), (3.0, 2)]
    """
    held: list[Placed[T]] = []
    n_held = 0

    def by(row: Placed[T]) -> Any:
        return key(row.event)

    with tempfile.TemporaryDirectory(prefix="cherryrec-log-") as folder:
        runs = _Runs(Path(folder), msgspec.msgpack.Decoder(Placed[kind]), by)
        for row in rows:
            progress(1)
            held.append(row)
            n_held += size(row.event)
            if n_held >= held_bytes:
                held.sort(key=by)
                runs.write(held)
                held, n_held = [], 0
        held.sort(key=by)
        yield from heapq.merge(*runs.read(), held, key=by) if runs.n else held


def without_repeats(
    rows: Iterable[Placed[T]],
    *,
    time: Callable[[T], float],
    identity: Callable[[T], Hashable],
    report: Callable[[Placed[T], tuple[str, int]], None],
) -> Iterator[Placed[T]]:
    """Yield rows in time order, of those of one time and identity the first only.

    Parameters
    ----------
    rows
        In time order.
    time, identity
        Of an event; equal identities have equal times. The identities of one time are held.
    report
        Called with a row that is left out, and file and line of the first of its kind.
    """
    now: float | None = None
    seen: dict[Hashable, tuple[str, int]] = {}
    for row in rows:
        if time(row.event) != now:
            now = time(row.event)
            seen = {}
        place = row.file, row.line
        first = seen.setdefault(identity(row.event), place)
        if first is place:
            yield row
        else:
            report(row, first)


class _Runs(Generic[T]):
    """Sorted files of rows, in the order of their coming; `N_MERGED` of a level become one."""

    def __init__(
        self,
        folder: Path,
        decoder: msgspec.msgpack.Decoder[Placed[T]],
        key: Callable[[Placed[T]], Any],
    ) -> None:
        self.n = 0
        self._folder = folder
        self._decoder = decoder
        self._key = key
        self._levels: list[list[Path]] = [[]]

    def write(self, rows: Iterable[Placed[T]], level: int = 0) -> None:
        """Write a run of a level."""
        path = self._folder / f"{self.n}"
        self.n += 1
        encoder = msgspec.msgpack.Encoder()
        with path.open("wb") as file:
            for row in rows:
                encoded = encoder.encode(row)
                file.write(len(encoded).to_bytes(4, "little"))
                file.write(encoded)
        if level == len(self._levels):
            self._levels.append([])
        full = self._levels[level]
        full.append(path)
        if len(full) == N_MERGED:
            self._levels[level] = []
            self.write(heapq.merge(*map(self._rows, full), key=self._key), level + 1)
            for one in full:
                one.unlink()

    def read(self) -> list[Iterator[Placed[T]]]:
        """Return the rows of each run, the earlier runs first."""
        return [self._rows(path) for level in reversed(self._levels) for path in level]

    def _rows(self, path: Path) -> Iterator[Placed[T]]:
        with path.open("rb") as file:
            while head := file.read(4):
                yield self._decoder.decode(file.read(int.from_bytes(head, "little")))
