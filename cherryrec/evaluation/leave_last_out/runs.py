"""What a trained ranking gave with one seed, kept in a file, so that a killed table goes on.

A run is used again when all that it depends on is the same: the sequences, the ranking with its
revision and settings, the seed, the split and the budget. Each is a file of its own, written beside
and moved into place, so that a kill leaves it whole or not at all.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from cherryrec.evaluation.leave_last_out.dataset import Split

__all__ = ["KeptRuns", "Run", "RunKey"]


class RunKey(msgspec.Struct, frozen=True, kw_only=True):
    """All that a run depends on.

    Parameters
    ----------
    data
        `LeaveLastOut.digest`.
    ranking
        Its name on the command line.
    revision
        Of what the ranking computes: one that was raised makes earlier runs void.
    settings
        Of the ranking, by name.
    seed
        Of weights, order and whatever else is chance.
    split
        What was asked for.
    budget_s
        Seconds after which training was ended; None for no such end.
    """

    data: str
    ranking: str
    revision: int
    settings: dict[str, int | float | str | None]
    seed: int
    split: Split
    budget_s: float | None = None


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it.

    Parameters
    ----------
    key
        What it depends on.
    ranks
        Of each user's article, 1 = best.
    note
        How training went, a sentence.
    wall_s
        Seconds of training and ranking.
    """

    key: RunKey
    ranks: list[int]
    note: str
    wall_s: float

    @property
    def rank_array(self) -> NDArray[np.intp]:
        """The ranks, (U,)."""
        return np.array(self.ranks, np.intp)


class KeptRuns:
    """The runs of a folder, which is made when the first is kept.

    Parameters
    ----------
    folder
        A file in it for each run.
    note
        Called with a sentence for each file that cannot be used.

    Examples
    --------
    >>> import tempfile
    >>> key = RunKey(
    ...     data="ab", ranking="sasrec", revision=1, settings={"dropout": 0.2}, seed=0, split="test"
    ... )
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     runs = KeptRuns(Path(folder))
    ...     runs.keep(Run(key=key, ranks=[3, 1], note="2 epochs", wall_s=4.0))
    ...     found = runs.find(key)
    ...     other = runs.find(msgspec.structs.replace(key, seed=1))
    >>> found.ranks, other
    ([3, 1], None)
    """

    def __init__(self, folder: Path, note: Callable[[str], None] = lambda _: None) -> None:
        self.folder = folder
        self.note = note

    def find(self, key: RunKey) -> Run | None:
        """Return the run of a key, or None where there is none that can be read."""
        path = self._path(key)
        try:
            run = msgspec.json.decode(path.read_bytes(), type=Run)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.DecodeError) as error:
            self.note(f"{str(path)!r} must hold a run, got {error}: it is run again")
            return None
        if run.key != key:
            self.note(f"{str(path)!r} must hold the run of its name, got another: it is run again")
            return None
        return run

    def keep(self, run: Run) -> None:
        """Write a run, in place of what its file held."""
        path = self._path(run.key)
        self.folder.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(".part")
        beside.write_bytes(msgspec.json.encode(run))
        os.replace(beside, path)

    def _path(self, key: RunKey) -> Path:
        """Return the file of a key, whose name says what a reader looks for first."""
        digest = sha256(msgspec.json.encode(key, order="deterministic")).hexdigest()[:12]
        return self.folder / f"{key.ranking}-{key.split}-seed{key.seed}-{digest}.json"
