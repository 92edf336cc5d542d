"""What protocol D measured: a row for each policy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cherryrec.errors import LogError
from cherryrec.evaluation.intervals import LEAST, Interval
from cherryrec.evaluation.random_logs.estimates import Estimate, Evidence
from cherryrec.evaluation.random_logs.judge import Judged

__all__ = ["Results", "Row", "results_of"]


@dataclass(frozen=True, slots=True)
class Row:
    """One policy's click-through rates.

    Parameters
    ----------
    name
        Of the policy.
    n_matched, n_clicks
        Displays that it would have chosen, and those of them that were clicked.
    effective_n
        Plain displays that weigh as much as the matches (Kish).
    mean_weight
        1 but for chance.
    estimates
        By each estimator, with 95 % intervals.
    lift
        SNIPS over the rate of the log, with its 95 % interval.
    """

    name: str
    n_matched: int
    n_clicks: int
    effective_n: float
    mean_weight: float
    estimates: tuple[Estimate, ...]
    lift: Interval

    @classmethod
    def of(cls, name: str, evidence: Evidence) -> Row:
        """Return the row of a policy's evidence."""
        return cls(
            name,
            evidence.n_matched,
            evidence.n_matched_clicks,
            evidence.effective_n,
            evidence.mean_weight,
            evidence.estimates(),
            evidence.lift(),
        )


@dataclass(frozen=True, slots=True)
class Results:
    """Protocol D on one log.

    Parameters
    ----------
    log_name, command, seed
        What was measured, and how to do it again.
    n_displays, n_articles
        Of the log.
    first_s, last_s
        Event times of its first and last display.
    pool
        Articles of the smallest and the largest pool.
    logged
        Rate of what was displayed.
    deviation
        Standard deviations by which the oddest article is away from a uniform draw.
    rows
        A policy each.
    notes
        For who reads the numbers.
    """

    log_name: str
    command: str
    seed: int
    n_displays: int
    n_articles: int
    first_s: float
    last_s: float
    pool: tuple[int, int]
    logged: Interval
    deviation: float
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()


def results_of(
    judged: Judged,
    *,
    log_name: str,
    command: str,
    seed: int,
    notes: Sequence[str] = (),
    anyway: bool = False,
) -> Results:
    """Return what was measured, or refuse a log that tells nothing.

    Parameters
    ----------
    judged
        Of the log.
    log_name, command, seed
        As for `Results`.
    notes
        For who reads the numbers.
    anyway
        Whether a log that was not drawn uniformly is taken all the same.

    Raises
    ------
    LogError
        It was not drawn uniformly, or no policy has enough matches for an interval.
    """
    if not anyway:
        judged.uniformity.require()
    rows = tuple(Row.of(name, evidence) for name, evidence in judged.evidence.items())
    too_few = [row for row in rows if row.effective_n < LEAST]
    if len(too_few) == len(rows):
        msg = (
            f"a policy must match at least {LEAST} displays for an interval, got at most "
            f"{max((row.n_matched for row in rows), default=0)} of {judged.n_displays:,}: with "
            f"pools of {judged.most}, about one in {judged.most} matches; take a longer log"
        )
        raise LogError(msg)
    described = list(notes)
    if judged.fewest < judged.most:
        described.append(
            f"pools hold {judged.fewest} to {judged.most} articles: replay weighs small ones more, "
            "IPS, SNIPS and DR do not"
        )
    described += [
        f"{row.name} matches {row.n_matched} displays, which are too few for an interval"
        for row in too_few
    ]
    whole = next(iter(judged.evidence.values()))
    return Results(
        log_name=log_name,
        command=command,
        seed=seed,
        n_displays=judged.n_displays,
        n_articles=judged.uniformity.n_articles,
        first_s=judged.first_s,
        last_s=judged.last_s,
        pool=(judged.fewest, judged.most),
        logged=whole.logged(),
        deviation=judged.uniformity.deviation,
        rows=rows,
        notes=tuple(described),
    )
