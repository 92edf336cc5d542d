"""What protocol B measured: a row for each ranking, and what one is above another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cherryrec.evaluation.intervals import Interval, bootstrap_means
from cherryrec.evaluation.leave_last_out.dataset import LeaveLastOut, Split, Statistics
from cherryrec.evaluation.leave_last_out.metrics import METRICS, is_retrieved, values_of_ranks

__all__ = ["Ranked", "Results", "Row", "results_of"]

Floats = NDArray[np.float64]
Intervals = Mapping[str, Interval]


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
    """

    name: str
    ranks: NDArray[np.intp]
    wall_s: float = 0.0
    notes: tuple[str, ...] = ()

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
    notes
        Sentences on the whole.
    left_out
        Ranking → why it was not run.
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
    notes: tuple[str, ...] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)

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
) -> Results:
    """Sum up rankings of the same users, with 95 % bootstrap intervals over users.

    The same users are drawn for all rankings, so that differences are of the same users too.
    """
    values = {one.name: one.values for one in ranked}
    is_unseen = data.is_unseen(split)
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
        notes=tuple(notes),
        left_out=left_out or {},
    )


def _intervals(values: Mapping[str, Floats], seed: int) -> dict[str, dict[str, Interval]]:
    """Resample the users once for all rankings and metrics."""
    if not values:
        return {}
    found = iter(bootstrap_means(np.hstack(list(values.values())), seed=seed))
    return {name: {metric: next(found) for metric in METRICS} for name in values}
