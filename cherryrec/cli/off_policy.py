"""`cherryrec off-policy LOG`: protocol D, what a policy would have earned on a random log."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cherryrec.cli.logs import opened, with_log
from cherryrec.cli.options import with_settings
from cherryrec.cli.parameters import Names
from cherryrec.cli.settings import Settings

if TYPE_CHECKING:
    from cherryrec.evaluation.logs import LoggedDisplay, LogSource
    from cherryrec.evaluation.random_logs import Policy, Results

__all__ = ["off_policy"]


@click.command(name="off-policy")
@with_log
@click.option("--limit", type=click.IntRange(1), help="Only the first N displays.")
@click.option(
    "--budget-minutes",
    type=click.FloatRange(0.0, min_open=True),
    metavar="M",
    help="Stop after M minutes, and say how far that went.",
)
@click.option(
    "--policies",
    type=Names(),
    default="all",
    show_default=True,
    metavar="all|NAME,…",
    help="What to judge: CherryRec, newest, popular, random.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of models and chance.")
@click.option(
    "--report",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the report; default: reports/<log>-off-policy.",
)
@with_settings
def off_policy(
    settings: Settings,
    source: LogSource,
    anyway: bool,
    limit: int | None,
    budget_minutes: float | None,
    policies: tuple[str, ...],
    seed: int,
    report: Path | None,
) -> None:
    """Tell the click-through rate that a policy would have had, from displays drawn at random.

    LOG is of single articles drawn uniformly from a pool (Yahoo! R6A, R6B). By replay of the
    matches, inverse propensities (IPS, SNIPS) and doubly robust, each with its interval (protocol
    D). Exit 1 where the log has no propensities, or was not drawn as they say.
    """
    from cherryrec.cli.progress import progress_bar
    from cherryrec.evaluation.logs import Health
    from cherryrec.evaluation.random_logs import displays_of, judge, results_of

    log = displays_of(opened(source))
    judged_policies = _policies(policies, settings, seed=seed)
    health = Health(log.articles())
    budget = _Budget(budget_minutes)
    with progress_bar("judging", None) as advance:
        judged = judge(
            budget.within(health.watch(log.displays(limit))), judged_policies, progress=advance
        )
    if not anyway:
        health.require(log)
    notes = [
        f"read as {log.title}, times taken as {log.zone}",
        *([f"only the first {limit:,} displays"] if limit is not None else []),
        *budget.notes(judged.n_displays),
        *(line for one in log.faults for line in one.lines()),
    ]
    results = results_of(
        judged,
        log_name=log.name,
        command=" ".join(["cherryrec", *sys.argv[1:]]),
        seed=seed,
        notes=notes,
        anyway=anyway,
    )
    _write(results, report or Path("reports") / f"{log.name}-off-policy")


def _policies(names: tuple[str, ...], settings: Settings, *, seed: int) -> list[Policy]:
    """Build the policies named; all where none is."""
    from cherryrec.cli.running import core_of
    from cherryrec.evaluation.random_logs import (
        NewestPolicy,
        OurPolicy,
        PopularPolicy,
        RandomPolicy,
    )

    makers: dict[str, Callable[[], Policy]] = {
        OurPolicy.name: lambda: OurPolicy(core_of(settings, seed=seed, from_catalogue=False)),
        NewestPolicy.name: NewestPolicy,
        PopularPolicy.name: PopularPolicy,
        RandomPolicy.name: lambda: RandomPolicy(seed=seed),
    }
    unknown = [name for name in names if name not in makers]
    if unknown:
        msg = f"--policies wanted some of {', '.join(makers)}, got {', '.join(unknown)}"
        raise click.UsageError(msg)
    return [makers[name]() for name in names or makers]


class _Budget:
    """Time that a judgement may take; without one it takes what it needs."""

    def __init__(self, minutes: float | None) -> None:
        self._minutes = minutes
        self._until_s = None if minutes is None else time.monotonic() + 60.0 * minutes
        self._is_spent = False

    def within(self, displays: Iterable[LoggedDisplay]) -> Iterator[LoggedDisplay]:
        """Yield displays as long as there is time."""
        for display in displays:
            if self._until_s is not None and time.monotonic() > self._until_s:
                self._is_spent = True
                return
            yield display

    def notes(self, n: int) -> list[str]:
        """Say where the time was spent before the log was."""
        if not self._is_spent:
            return []
        return [f"stopped after {self._minutes:g} minutes: only the first {n:,} displays"]


def _write(results: Results, folder: Path) -> None:
    """Print the table, and write `report.md` and `report.json`."""
    from cherryrec.evaluation.random_logs.tables import page, table, values

    click.echo(f"\n{table(results)}\n")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.md").write_text(page(results), encoding="utf-8")
    (folder / "report.json").write_text(json.dumps(values(results), indent=1), encoding="utf-8")
    click.echo(f"report: {folder / 'report.md'}")
