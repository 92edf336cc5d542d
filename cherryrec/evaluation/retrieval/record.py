"""Where every clicked article stood in every ranking, and the metrics that follow from it.

Of a moment's clicked articles C, a ranking that keeps K articles of the live ones, and its slate of
the first 10 with 1-based ranks r:

- recall: the share of C among the K kept;
- recall@20: the share of C among the first 20 kept;
- MRR@10: the mean over C of 1 / r, 0 for an article that is not in the slate;
- nDCG@10: sum of 1 / log2(r + 1) over the articles of C in the slate, divided by that of a slate
  that begins with all of C;
- HR@10: 1 if any of C is in the slate, else 0.

The three of the slate are there twice. *With all*: the slate is what the ranking would show out of
the whole live catalogue. *With what the site showed*: the same ranking of what it keeps, with
everything taken out that the site did not show at that moment, so that r tells where its own order
has the clicked article among those the reader could choose from; an article it did not keep is
missed there too.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cherryrec.evaluation.retrieval.moment import SLATE_SIZE

__all__ = [
    "N_FIRST",
    "RETRIEVAL_METRICS",
    "Clicked",
    "Places",
    "RetrievalRecord",
]

RETRIEVAL_METRICS = (
    "recall",
    "recall@20",
    "mrr@10",
    "ndcg@10",
    "hr@10",
    "shown_mrr@10",
    "shown_ndcg@10",
    "shown_hr@10",
)
"""The metrics of protocol C, in the order of the columns of `RetrievalRecord.values`."""

N_FIRST = 20
"""What `recall@20` counts: as many go on to CnLE."""

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Places:
    """The 1-based ranks of a moment's clicked articles in one ranking; 0 where one is missing.

    `kept` is the rank among those kept, `slate` in the final order of them, `shown` in the same
    order of what the site showed; one number each per clicked article.
    """

    kept: Sequence[int]
    slate: Sequence[int]
    shown: Sequence[int]


@dataclass(frozen=True, slots=True)
class Clicked:
    """What is known of a moment before its clicks are.

    Parameters
    ----------
    time_s
        Event time, epoch seconds.
    n_read
        Articles the reader had read.
    n_live
        Articles that could be recommended to anyone.
    n_kept
        Articles that the first selector kept, and each baseline beside it.
    ages_s
        Seconds since each clicked article appeared; NaN of one that was not live.
    was_read
        Whether the reader had read each of them, so that no ranking offers it.
    """

    time_s: float
    n_read: int
    n_live: int
    n_kept: int
    ages_s: Sequence[float]
    was_read: Sequence[bool]


@dataclass(slots=True)
class _Columns:
    """The ranks of one ranking, click by click."""

    kept: array[int] = field(default_factory=lambda: array("i"))
    slate: array[int] = field(default_factory=lambda: array("i"))
    shown: array[int] = field(default_factory=lambda: array("i"))


class RetrievalRecord:
    """The ranks of all clicks of a log in several rankings, moment by moment.

    Holds 24 bytes a moment, and 13 and 12 for each ranking a click.

    Parameters
    ----------
    names
        Of the rankings, in the order of the tables.

    Examples
    --------
    Two articles are clicked; the first is second of those kept and first of the slate, and the
    other had not been live:

    >>> record = RetrievalRecord(["ours"])
    >>> clicked = Clicked(0.0, 3, 100, 20, [60.0, float("nan")], [False, False])
    >>> record.add(clicked, {"ours": Places([2, 0], [1, 0], [1, 0])})
    >>> values = dict(zip(RETRIEVAL_METRICS, record.values("ours")[0].round(3).tolist()))
    >>> values["recall"], values["mrr@10"], values["ndcg@10"], values["hr@10"]
    (0.5, 0.5, 0.613, 1.0)

    Of the live one alone nothing was missed:

    >>> float(record.values("ours", record.is_live)[0, 0])
    1.0
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._columns = {name: _Columns() for name in names}
        self._times_s = array("d")
        self._n_read, self._n_live, self._n_kept = array("i"), array("i"), array("i")
        self._n_clicked = array("i")
        self._ages_s = array("d")
        self._was_read = array("b")

    def __len__(self) -> int:
        """Moments with a click."""
        return len(self._times_s)

    @property
    def names(self) -> tuple[str, ...]:
        """The rankings, in the order of the tables."""
        return tuple(self._columns)

    @property
    def times_s(self) -> Floats:
        """Event time of each moment, (n,)."""
        return np.array(self._times_s)

    @property
    def n_read(self) -> NDArray[np.int32]:
        """Articles the reader of each moment had read, (n,)."""
        return np.array(self._n_read, np.int32)

    @property
    def n_live(self) -> NDArray[np.int32]:
        """Articles live at each moment, (n,)."""
        return np.array(self._n_live, np.int32)

    @property
    def n_kept(self) -> NDArray[np.int32]:
        """Articles kept at each moment, (n,)."""
        return np.array(self._n_kept, np.int32)

    @property
    def ages_s(self) -> Floats:
        """Age of each clicked article in seconds, (m,); NaN of one that was not live."""
        return np.array(self._ages_s)

    @property
    def is_live(self) -> Bools:
        """Whether each clicked article was live, (m,)."""
        return ~np.isnan(self.ages_s)

    @property
    def was_read(self) -> Bools:
        """Whether the reader had read each clicked article before, (m,)."""
        return np.array(self._was_read, bool)

    def add(self, clicked: Clicked, places: dict[str, Places]) -> None:
        """Add a moment: one place per clicked article in every ranking."""
        self._times_s.append(clicked.time_s)
        self._n_read.append(clicked.n_read)
        self._n_live.append(clicked.n_live)
        self._n_kept.append(clicked.n_kept)
        self._n_clicked.append(len(clicked.ages_s))
        self._ages_s.extend(clicked.ages_s)
        self._was_read.extend(clicked.was_read)
        for name, columns in self._columns.items():
            found = places[name]
            columns.kept.extend(found.kept)
            columns.slate.extend(found.slate)
            columns.shown.extend(found.shown)

    def values(self, name: str, among: Bools | None = None) -> Floats:
        """Return the metrics of a ranking at each moment, (n, 8).

        Parameters
        ----------
        name
            Of the ranking.
        among
            Which clicked articles count, (m,); all if absent. A moment without one of them is NaN.
            One that was not live is missed, whatever the ranking made of it.
        """
        counted = np.ones(len(self._ages_s), bool) if among is None else among  # (m,)
        moment = np.repeat(np.arange(len(self)), np.array(self._n_clicked, np.intp))  # (m,)
        n_counted = self._sums(moment, counted)  # (n,)
        columns = self._columns[name]
        may_hit = counted & self.is_live  # (m,)
        kept, slate, shown = (
            np.where(may_hit, np.array(ranks, np.int32), 0)
            for ranks in (columns.kept, columns.slate, columns.shown)
        )
        is_first = (kept > 0) & (kept <= N_FIRST)
        found = [self._sums(moment, kept > 0) / _some(n_counted)]
        found.append(self._sums(moment, is_first) / _some(n_counted))
        for ranks in (slate, shown):
            found += self._slate_values(moment, ranks, n_counted)
        return np.column_stack(found)

    def _slate_values(
        self, moment: NDArray[np.intp], ranks: NDArray[np.int32], n_counted: Floats
    ) -> list[Floats]:
        """Return MRR@10, nDCG@10 and HR@10 of each moment, (n,) each."""
        is_hit = (ranks > 0) & (ranks <= SLATE_SIZE)  # (m,)
        placed = np.maximum(ranks, 1)
        gains = np.where(is_hit, 1.0 / np.log2(placed + 1.0), 0.0)
        ideal = np.cumsum(1.0 / np.log2(np.arange(1, SLATE_SIZE + 1) + 1.0))  # (10,)
        best = ideal[np.clip(n_counted, 1, SLATE_SIZE).astype(np.intp) - 1]  # (n,)
        is_defined = np.where(n_counted > 0, 1.0, np.nan)
        return [
            self._sums(moment, np.where(is_hit, 1.0 / placed, 0.0)) / _some(n_counted),
            self._sums(moment, gains) / best * is_defined,
            (self._sums(moment, is_hit) > 0) * is_defined,
        ]

    def _sums(self, moment: NDArray[np.intp], values: NDArray[np.generic]) -> Floats:
        """Sum over the clicks of each moment, (m,) → (n,)."""
        sums = np.bincount(moment, weights=values.astype(np.float64), minlength=len(self))
        return np.asarray(sums, np.float64)


def _some(counts: Floats) -> Floats:
    """Return counts with NaN for 0, so that what is divided by them is undefined there."""
    return np.where(counts > 0, counts, np.nan)
