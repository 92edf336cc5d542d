"""`cherryrec paper LOG…`: the paper's table on each log, and which of its claims hold there."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import click

from cherryrec.cli.case_study import written_case
from cherryrec.cli.leave_last_out import judged, read_sequences, write_results
from cherryrec.cli.options import with_settings
from cherryrec.cli.parameters import LogFormat, Names, Numbers
from cherryrec.cli.settings import Settings

__all__ = ["paper"]


@click.command()
@click.argument(
    "logs", metavar="LOG…", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path)
)
@click.option("--format", "log_format", type=LogFormat(), metavar="NAME", help="Of every LOG.")
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

    command = " ".join(["cherryrec", *sys.argv[1:]])
    lines = ["# What the paper claims, and what these logs say", "", f"Command: `{command}`"]
    for path in logs:
        log, ranked, results = judged(
            LogSource(path, log_format),
            settings,
            rankings,
            limit=limit,
            seeds=seeds,
            budget_minutes=budget_minutes,
            config_file=config_file,
            n_users=users,
            folder_of=lambda name: report / name,
            ablate=CLAIMED,
        )
        write_results(results, report / log.name)
        lines += ["", f"## {log.name}", "", "| claim | here | |", "|---|---|---|"]
        for one in findings(ranked, ours=OURS, of_knrs=OF_KNRS, title=log.title):
            lines.append(f"| {escaped(one.claim)} | {escaped(one.found)} | {one.verdict} |")
            click.echo(f"{one.verdict}: {one.claim}: {one.found}")
        if users is None or find_spec("torch") is None:
            lines += ["", "One reader's slates over time: not run, they need --users and torch."]
            continue
        _, data, notes = read_sequences(LogSource(path, log_format), limit, anyway=False)
        if not data.has_titles:
            lines += ["", "One reader's slates over time: not run, the log has no titles."]
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
        lines += ["", f"One reader's slates over time, beside TALLRec's: [{where}]({where})."]
    report.mkdir(parents=True, exist_ok=True)
    page = report / "paper.md"
    page.write_text("\n".join(lines) + "\n", encoding="utf-8")
    click.echo(f"page: {page}")
