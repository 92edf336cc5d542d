"""The rows of a log that were left out, or read in part: how many, why, and where the first are."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

__all__ = ["MAX_BAD_ROWS", "BadRow", "FileFaults"]

MAX_BAD_ROWS = 100
"""Bad rows kept with their reasons; the ones beyond are only counted."""

_N_LISTED = 10
_N_REASONS = 20
_MOST_KINDS = 1_000
_OTHER = "another reason than those before"


@dataclass(frozen=True, slots=True, order=True)
class BadRow:
    """A row left out, or read in part, and why."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"

    @property
    def kind(self) -> str:
        """The reason without what is this row's alone.

        Examples
        --------
        >>> BadRow("news.tsv", 3, "row must have 8 tab-separated columns, got 5").kind
        'row must have 8 tab-separated columns'
        """
        return self.reason.partition(", got ")[0]


@dataclass(slots=True)
class FileFaults:
    r"""What was wrong in one file.

    Parameters
    ----------
    file
        Its name.
    n_rows
        Rows seen, blank ones apart.

    Examples
    --------
    >>> faults = FileFaults("news.tsv", n_rows=9)
    >>> for line in (3, 5):
    ...     faults.add(line, f"row must have 8 tab-separated columns, got {line}")
    >>> print(*faults.lines(), sep="\n")
    bad rows in news.tsv: 2 of 9
    bad rows in news.tsv, 2: row must have 8 tab-separated columns
    bad row news.tsv:3: row must have 8 tab-separated columns, got 3
    bad row news.tsv:5: row must have 8 tab-separated columns, got 5
    """

    file: str
    n_rows: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    _first: list[BadRow] = field(default_factory=list)

    @property
    def n_bad(self) -> int:
        """How many rows were left out, or read in part."""
        return self.kinds.total()

    @property
    def first(self) -> list[BadRow]:
        """The first `MAX_BAD_ROWS`, as far as they came in the file's order, by line."""
        return sorted(self._first)

    def add(self, line: int, reason: str) -> None:
        """Count a bad row, and keep it while there is room."""
        bad = BadRow(self.file, line, reason)
        is_room = bad.kind in self.kinds or len(self.kinds) < _MOST_KINDS
        self.kinds[bad.kind if is_room else _OTHER] += 1
        if len(self._first) < MAX_BAD_ROWS:
            self._first.append(bad)

    def lines(self) -> list[str]:
        """Return the total, the number for each reason, and the first ten rows; empty if none."""
        if not self.n_bad:
            return []
        where = f"bad rows in {self.file}"
        total = f"{where}: {self.n_bad:,} of {self.n_rows:,}"
        kinds = [f"{where}, {n:,}: {kind}" for kind, n in self.kinds.most_common(_N_REASONS)]
        return [total, *kinds, *(f"bad row {row}" for row in self.first[:_N_LISTED])]
