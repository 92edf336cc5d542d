"""What EB-NeRD's readers had read before a split: one row a reader, looked up by reader.

The lists of the largest bundle do not fit in memory as Python's objects, so they go to a temporary
file of numbers; 24 bytes a reader say whose they are, where they begin and where they end.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from cherryrec.evaluation.logs.parquet import Kind, columns_of
from cherryrec.evaluation.mind_faults import FileFaults
from cherryrec.evaluation.mind_histories import SharedHistories

__all__ = ["Histories"]

_ITEM = np.dtype("<i8")
_LARGEST = int(np.iinfo(_ITEM).max)
_COLUMNS: dict[str, Kind] = {"user_id": "int", "article_id_fixed": "list of int"}
_BATCH_ROWS = 256
"""Readers whose lists are turned into Python's objects at a time; each may have thousands."""


class Histories:
    """Articles read before, by reader; to be entered, as it holds a temporary file.

    Parameters
    ----------
    path
        A `history.parquet`: `user_id`, and `article_id_fixed` with the oldest first.
    faults
        Where rows that cannot be read are reported.
    """

    def __init__(self, path: Path, faults: FileFaults) -> None:
        self._path = path
        self._faults = faults
        self._file: BinaryIO | None = None
        self._users: NDArray[np.int64] = np.zeros(0, np.int64)
        self._ends: NDArray[np.int64] = np.zeros(0, np.int64)
        self._starts: NDArray[np.int64] = np.zeros(0, np.int64)
        self._shared = SharedHistories[int]()

    def __enter__(self) -> Histories:
        self._file = cast(BinaryIO, tempfile.TemporaryFile(prefix="cherryrec-histories-"))
        try:
            self._read(self._file)
        except BaseException:
            self._file.close()
            raise
        return self

    def _read(self, file: BinaryIO) -> None:
        """Read the rows: lists into the file, and where each reader's are."""
        users: list[NDArray[np.int64]] = []
        sizes: list[NDArray[np.int64]] = []
        for first, columns in columns_of(self._path, _COLUMNS, batch_rows=_BATCH_ROWS):
            self._faults.n_rows += len(columns["user_id"])
            good: list[tuple[int, list[int]]] = []
            for number, (user, read) in enumerate(zip(*columns.values(), strict=True), start=first):
                if user is None or read is None or None in read:
                    reason = f"user_id and article_id_fixed must be there, got {user!r} and a null"
                    self._faults.add(number, reason)
                elif max((user, *read)) > _LARGEST:
                    reason = f"ids must be at most {_LARGEST}, got {max((user, *read))}"
                    self._faults.add(number, reason)
                else:
                    good.append((user, read))
            users.append(np.array([user for user, _ in good], np.int64))
            sizes.append(np.array([len(read) for _, read in good], np.int64))
            for _, read in good:
                file.write(np.array(read, _ITEM).tobytes())
        if users:
            user_ids, ends = np.concatenate(users), np.cumsum(np.concatenate(sizes))
            order = np.argsort(user_ids, kind="stable")
            starts = np.concatenate([[0], ends[:-1]]) if ends.size else ends
            self._users, self._ends, self._starts = user_ids[order], ends[order], starts[order]

    def __exit__(self, *error: object) -> None:
        assert self._file is not None, "it was entered"
        self._file.close()

    @property
    def is_closed(self) -> bool:
        """Whether its temporary file is not there, or no more."""
        return self._file is None or self._file.closed

    def of(self, user_id: int) -> tuple[str, ...]:
        """Return what a reader had read, the oldest first; empty for one who is not listed."""
        assert self._file is not None, "it was entered"
        found = self._shared.get(user_id)
        if found is not None:
            return found
        row = int(np.searchsorted(self._users, user_id))
        if row == self._users.size or self._users[row] != user_id:
            return ()
        start, end = int(self._starts[row]), int(self._ends[row])
        self._file.seek(start * _ITEM.itemsize)
        read = np.frombuffer(self._file.read((end - start) * _ITEM.itemsize), _ITEM)
        return self._shared.keep(user_id, tuple(map(str, read.tolist())))
