"""What protocol B measured: a row for each ranking, and what one is above another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from cherryrec.evaluation.intervals import Interval, bootstrap_means
from cherryrec.evaluation.leave_last_out.dataset import LeaveLastOut, Split, Statistics
from cherryrec.evaluation.leave_last_out.metrics import METRICS, is_retrieved, values_of_ranks

__all__ = [
    "KEPT",
    "AblationRow",
    "KeptRow",
    "Ranked",
    "Results",
    "Row",
    "Served",
    "Without",
    "ablation_rows",
    "results_of",
]

Floats = NDArray[np.float64]
Intervals = Mapping[str, Interval]


KEPT = "kept"
"""Recall of the next article among all that are kept, beside `METRICS`."""


@dataclass(frozen=True, slots=True, eq=False)
class Without:
    """What the system gave without a part, of the same users at the same requests.

    Parameters
    ----------
    part
        Its name.
    ranks
        Of each user's article among the twenty, 1 = best, 0 where it was not retrieved, (U,).
    is_kept
        Whether KnRS keeps it, (U,).
    """

    part: str
    ranks: NDArray[np.intp]
    is_kept: NDArray[np.bool_]

    @property
    def values(self) -> Floats:
        """The metrics of each user, and whether the article is kept, (U, 5)."""
        return np.column_stack([values_of_ranks(self.ranks), self.is_kept])


@dataclass(frozen=True, slots=True, eq=False)
class Served:
    """What only a system that is asked at a moment has.

    Parameters
    ----------
    n_kept
        Articles that KnRS keeps at each user's request, (U,).
    is_kept
        Whether it keeps the wanted one, (U,).
    without
        What it gave without each part that was left out.
    """

    n_kept: NDArray[np.intp]
    is_kept: NDArray[np.bool_]
    without: tuple[Without, ...] = ()

    def among(self, users: NDArray[np.intp]) -> Served:
        """Return the same for some of the users, in their order."""
        without = tuple(
            replace(one, ranks=one.ranks[users], is_kept=one.is_kept[users]) for one in self.without
        )
        return Served(self.n_kept[users], self.is_kept[users], without)


@dataclass(frozen=True, slots=True, eq=False)
class Ranked:
    """What one ranking gave.

    Parameters
    ----------
    name
        The row of the tables.
    ranks
        Of each user's article, 1 = best, 0 where it was not retrieved, (S, U): a row for each seed
        of a ranking that has chance in it, else one.
    wall_s
        Seconds to fit and to rank, all seeds together.
    notes
        What a reader of the numbers must know of how they came about, a sentence each.
    is_whole
        Whether every article has a rank, not those that were retrieved alone.
    served
        Of the system's own ranking; None of any other.
    twenty
        Codes of the articles that were retrieved for each user, best first, (U, 20), -1 where there
        were fewer; None where nothing ranks them once more.
    """

    name: str
    ranks: NDArray[np.intp]
    wall_s: float = 0.0
    notes: tuple[str, ...] = ()
    is_whole: bool = False
    served: Served | None = None
    twenty: NDArray[np.int32] | None = None

    def among(self, users: NDArray[np.intp]) -> Ranked:
        """Return the same for some of the users, in their order."""
        twenty = None if self.twenty is None else self.twenty[users]
        served = None if self.served is None else self.served.among(users)
        return replace(self, ranks=self.ranks[:, users], twenty=twenty, served=served)

    @property
    def values(self) -> Floats:
        """The metrics of each user, over the seeds, (U, 4)."""
        return np.asarray(np.mean([values_of_ranks(ranks) for ranks in self.ranks], axis=0))

    @property
    def retrieved_share(self) -> Floats:
        """Of the seeds, the share whose twenty hold the user's article, (U,)."""
        return np.asarray(is_retrieved(self.ranks).mean(axis=0))

    @property
    def values_if_retrieved(self) -> Floats:
        """The metrics of each user over the seeds whose twenty hold the article, else NaN, (U, 4).

        Examples
        --------
        >>> ranked = Ranked("r", np.array([[1, 30], [2, 0]]))
        >>> ranked.values_if_retrieved[:, 0].tolist()
        [0.75, nan]
        """
        share = self.retrieved_share[:, None]  # (U, 1)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(np.where(share > 0, self.values / share, np.nan))


@dataclass(frozen=True, slots=True)
class Row:
    """One ranking's metrics with intervals.

    Parameters
    ----------
    name
        Of the ranking.
    users
        Over all users.
    retrieved
        Over those whose article is among this ranking's own twenty.
    reference_retrieved
        Over those whose article is among the twenty of the reference; empty without one.
    unseen
        Over those whose article is in nobody's training.
    n_retrieved
        Users whose article is among this ranking's twenty, mean over the seeds.
    n_seeds
        Runs that were averaged.
    wall_s
        Seconds of all of them.
    notes
        As for `Ranked`.
    """

    name: str
    users: Intervals
    retrieved: Intervals
    reference_retrieved: Intervals
    unseen: Intervals
    n_retrieved: float
    n_seeds: int = 1
    wall_s: float = 0.0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KeptRow:
    """How often the next article is among the first, in a list as long as what KnRS keeps.

    Parameters
    ----------
    name
        Of the ranking; that of the system is what KnRS keeps.
    twenty, kept
        Recall in the first twenty, and in as many as KnRS keeps at that user's request.
    behind
        By how much the latter of the system is above it, user by user; None of the system itself.
    """

    name: str
    twenty: Interval
    kept: Interval
    behind: Interval | None


@dataclass(frozen=True, slots=True)
class AblationRow:
    """The whole system minus itself without a part, user by user, by metric and `KEPT`."""

    part: str
    gains: Intervals


@dataclass(frozen=True, slots=True)
class Results:
    """Protocol B on one log.

    Parameters
    ----------
    log_name, command
        What was measured, and how to do it again.
    split
        What was asked for: `test`, or `validation` where settings are chosen.
    seed
        Of the resampling.
    statistics
        Of the dataset.
    rows
        A ranking each.
    reference
        The ranking that the others are compared with; None for none.
    gains
        By name: the reference minus it, user by user; empty without one.
    n_unseen
        Users whose article is in nobody's training.
    n_users
        Users who were asked for.
    notes
        Sentences on the whole.
    left_out
        Ranking → why it was not run.
    kept
        The rows of what is kept; empty without the system.
    ablations
        A part each, in the order of the table.
    """

    log_name: str
    command: str
    split: Split
    seed: int
    statistics: Statistics
    rows: tuple[Row, ...]
    reference: str | None = None
    gains: Mapping[str, Intervals] = field(default_factory=dict)
    n_unseen: int = 0
    n_users: int = 0
    notes: tuple[str, ...] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)
    kept: tuple[KeptRow, ...] = ()
    ablations: tuple[AblationRow, ...] = ()

    def row(self, name: str) -> Row | None:
        """Return a ranking's row, or None where it was not run."""
        return next((row for row in self.rows if row.name == name), None)


def results_of(
    data: LeaveLastOut,
    ranked: Sequence[Ranked],
    *,
    log_name: str,
    command: str,
    split: Split = "test",
    seed: int = 0,
    reference: str | None = None,
    notes: Sequence[str] = (),
    left_out: Mapping[str, str] | None = None,
    users: NDArray[np.intp] | None = None,
) -> Results:
    """Sum up rankings of the same users, with 95 % bootstrap intervals over users.

    The same users are drawn for all rankings, so that differences are of the same users too.
    `users` says whom the rankings are of, (U,), where that is not all of them.
    """
    values = {one.name: one.values for one in ranked}
    is_unseen = data.is_unseen(split)
    if users is not None:
        is_unseen = is_unseen[users]
    whole = _intervals(values, seed)
    own = _intervals({one.name: one.values_if_retrieved for one in ranked}, seed)
    unseen = _intervals({name: one[is_unseen] for name, one in values.items()}, seed)
    theirs: dict[str, dict[str, Interval]] = {}
    gains: dict[str, dict[str, Interval]] = {}
    for one in ranked:
        if one.name == reference:
            retrieved = one.retrieved_share > 0  # (U,)
            theirs = _intervals({name: by[retrieved] for name, by in values.items()}, seed)
            minus = {name: one.values - by for name, by in values.items() if name != reference}
            gains = _intervals(minus, seed)
    return Results(
        log_name=log_name,
        command=command,
        split=split,
        seed=seed,
        statistics=data.statistics,
        rows=tuple(
            Row(
                name=one.name,
                users=whole[one.name],
                retrieved=own[one.name],
                reference_retrieved=theirs.get(one.name, {}),
                unseen=unseen[one.name],
                n_retrieved=float(one.retrieved_share.sum()),
                n_seeds=len(one.ranks),
                wall_s=one.wall_s,
                notes=one.notes,
            )
            for one in ranked
        ),
        reference=reference if gains or theirs else None,
        gains=gains,
        n_unseen=int(is_unseen.sum()),
        n_users=len(is_unseen),
        notes=tuple(notes),
        left_out=left_out or {},
        kept=_kept(ranked, seed),
        ablations=tuple(row for one in ranked for row in ablation_rows(one, seed=seed)),
    )


def ablation_rows(ranked: Ranked, *, seed: int = 0) -> list[AblationRow]:
    """Return what each part that was left out of a system brought it; none of other rankings.

    Examples
    --------
    The whole has the article first for each of twelve users, second without x:

    >>> ones, kept = np.ones(12, np.intp), np.ones(12, np.bool_)
    >>> system = Served(20 * ones, kept, (Without("x", 2 * ones, kept),))
    >>> (row,) = ablation_rows(Ranked("r", ones[None], served=system))
    >>> row.part, row.gains["mrr@5"], row.gains["kept"].mean
    ('x', Interval(mean=0.5, low=0.5, high=0.5), 0.0)
    """
    if ranked.served is None or not ranked.served.without:
        return []
    whole = np.column_stack([ranked.values, ranked.served.is_kept])  # (U, 5)
    minus = [whole - one.values for one in ranked.served.without]
    found = iter(bootstrap_means(np.hstack(minus), seed=seed))
    return [
        AblationRow(one.part, {name: next(found) for name in (*METRICS, KEPT)})
        for one in ranked.served.without
    ]


def _kept(ranked: Sequence[Ranked], seed: int) -> tuple[KeptRow, ...]:
    """Compare what KnRS keeps with the first of every other ranking, as many for each user."""
    system = next((one for one in ranked if one.served is not None), None)
    if system is None or system.served is None:
        return ()
    retrieved = METRICS.index("recall@20")
    is_kept = system.served.is_kept.astype(np.float64)  # (U,)
    columns = [("KnRS", system.values[:, retrieved], is_kept)]
    for one in ranked:
        if one.is_whole:
            within = (one.ranks > 0) & (one.ranks <= system.served.n_kept)  # (S, U)
            columns.append((one.name, one.values[:, retrieved], within.mean(axis=0)))
    stacked = [np.column_stack([twenty, kept, is_kept - kept]) for _, twenty, kept in columns]
    found = iter(bootstrap_means(np.hstack(stacked), seed=seed))
    rows = [KeptRow(name, next(found), next(found), next(found)) for name, _, _ in columns]
    return (replace(rows[0], behind=None), *rows[1:])


def _intervals(values: Mapping[str, Floats], seed: int) -> dict[str, dict[str, Interval]]:
    """Resample the users once for all rankings and metrics."""
    if not values:
        return {}
    found = iter(bootstrap_means(np.hstack(list(values.values())), seed=seed))
    return {name: {metric: next(found) for metric in METRICS} for name in values}
