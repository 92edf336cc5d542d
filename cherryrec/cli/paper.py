"""`cherryrec paper LOG…`: the paper's table on each log, and which of its claims hold there."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cherryrec.cli.case_study import written_case
from cherryrec.cli.leave_last_out import judged, read_sequences, with_readers, write_results
from cherryrec.cli.options import with_settings
from cherryrec.cli.parameters import LogFormat, Names, Numbers
from cherryrec.cli.settings import Settings

if TYPE_CHECKING:
    from cherryrec.evaluation.logs import LogSource

__all__ = ["paper"]


@click.command()
@click.argument(
    "logs", metavar="LOG…", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path)
)
@click.option("--format", "log_format", type=LogFormat(), metavar="NAME", help="Of every LOG.")
@click.option(
    "--zone",
    default="UTC",
    show_default=True,
    help="What times without a zone are in, of every LOG.",
)
@click.option(
    "--anyway", is_flag=True, help="Go on with a LOG that no healthy one looks like, and say so."
)
@click.option("--limit", type=click.IntRange(1), help="Only the first N events of each LOG.")
@click.option(
    "--rankings",
    type=Names(),
    default="all",
    show_default=True,
    metavar="all|NAME,…",
    help="What to judge, as for `leave-last-out`.",
)
@click.option(
    "--seeds", type=Numbers(), default="0,1,2", show_default=True, metavar="N,…", help="Of each."
)
@click.option(
    "--users",
    type=click.IntRange(1),
    metavar="N",
    help="Ask for N users, drawn by chance, instead of all, and language models too; and show one "
    "reader's slates over time (`case-study`).",
)
@click.option(
    "--budget-minutes",
    type=click.FloatRange(0.0, min_open=True),
    help="For the training of each network with each seed.",
)
@click.option(
    "--networks",
    "config_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="TOML with settings of networks, as `baselines tune` writes it.",
)
@click.option(
    "--report",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("reports/paper"),
    show_default=True,
    help="Folder for the page, and for a folder of each log.",
)
@with_settings
def paper(
    settings: Settings,
    logs: tuple[Path, ...],
    log_format: str | None,
    zone: str,
    anyway: bool,
    limit: int | None,
    rankings: tuple[str, ...],
    seeds: tuple[int, ...],
    users: int | None,
    budget_minutes: float | None,
    config_file: Path | None,
    report: Path,
) -> None:
    """Ask each LOG what the paper claims: our number, and whether it holds, or what was not run.

    The rankings are those of `leave-last-out` (protocol B), which looks into the future; docs/
    paper.md says what that means. A network that was cut by the budget is a floor.
    """
    from cherryrec.cli.sequence_rankings import OF_KNRS
    from cherryrec.evaluation.leave_last_out.ablation import CLAIMED
    from cherryrec.evaluation.leave_last_out.claims import findings
    from cherryrec.evaluation.logs import LogSource
    from cherryrec.evaluation.markdown import escaped
    from cherryrec.evaluation.replay import OURS

    sources = [LogSource(path, log_format, zone) for path in logs]
    _refuse(sources)
    command = " ".join(["cherryrec", *sys.argv[1:]])
    page = _Page(report / "paper.md")
    page.add("# What the paper claims, and what these logs say", "", f"Command: `{command}`")
    for source in sources:
        log, ranked, results = judged(
            source,
            settings,
            rankings,
            limit=limit,
            anyway=anyway,
            seeds=seeds,
            budget_minutes=budget_minutes,
            config_file=config_file,
            n_users=users,
            folder_of=lambda name: report / name,
            ablate=CLAIMED,
        )
        write_results(results, report / log.name)
        rows = ["", f"## {log.name}", "", "| claim | here | |", "|---|---|---|"]
        for one in findings(ranked, ours=OURS, of_knrs=OF_KNRS, title=log.title):
            rows.append(f"| {escaped(one.claim)} | {escaped(one.found)} | {one.verdict} |")
            click.echo(f"{one.verdict}: {one.claim}: {one.found}")
        page.add(*rows)
        if users is None or find_spec("torch") is None:
            page.add("", "One reader's slates over time: not run, they need --users and torch.")
            continue
        _, data, notes = read_sequences(source, limit, anyway=anyway)
        if not data.has_titles:
            page.add("", "One reader's slates over time: not run, the log has no titles.")
            continue
        case = written_case(
            data,
            notes,
            report / log.name,
            settings=settings,
            seed=seeds[0],
            budget_minutes=budget_minutes,
        )
        where = case.relative_to(report).as_posix()
        page.add("", f"One reader's slates over time, beside TALLRec's: [{where}]({where}).")
    click.echo(f"page: {page.path}")


def _refuse(sources: Sequence[LogSource]) -> None:
    """Refuse logs that cannot be read or told apart before the first of them takes its hours."""
    paths: dict[str, Path] = {}
    for source in sources:
        log = with_readers(source.open())
        other = paths.setdefault(log.name, source.path)
        if other is not source.path:
            msg = (
                f"each LOG needs a name of its own for its folder in --report, got {str(other)!r} "
                f"and {str(source.path)!r}, both {log.name!r}: give each to a call of its own"
            )
            raise click.UsageError(msg)


class _Page:
    """The page of claims, written as it grows: what ends the command keeps what was found."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lines: list[str] = []

    def add(self, *lines: str) -> None:
        """Write more lines."""
        self._lines += lines
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text("\n".join(self._lines) + "\n", encoding="utf-8")
