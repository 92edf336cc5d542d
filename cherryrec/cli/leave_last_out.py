"""`cherryrec leave-last-out LOG`: protocol B, the paper's, each user's last article asked for."""

from __future__ import annotations

import json
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cherryrec.cli.logs import opened, with_log
from cherryrec.cli.options import note, with_settings
from cherryrec.cli.parameters import Names, Numbers
from cherryrec.cli.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cherryrec.evaluation.leave_last_out import LeaveLastOut, Ranked, Results, Split
    from cherryrec.evaluation.logs import AnyLog, ClickLog, ImpressionLog, LogSource
    from gpu_worker.sequential import NetworkConfig

__all__ = [
    "judged",
    "leave_last_out",
    "network_configs",
    "read_sequences",
    "with_readers",
    "write_results",
]


@click.command(name="leave-last-out")
@with_log
@click.option("--limit", type=click.IntRange(1), help="Only the first N events of LOG.")
@click.option(
    "--rankings",
    type=Names(),
    default="all",
    show_default=True,
    metavar="all|NAME,…",
    help="What to judge: cherryrec, at-request (newest and most clicked, knowing the time of the "
    "request), most-popular, recent-popular, newest, item-knn, vsknn, markov, and with torch the "
    "networks gru4rec, narm, sasrec and bert4rec and the language models gpt4rec, tallrec and p5, "
    "which are of `all` with --users only.",
)
@click.option(
    "--seeds",
    type=Numbers(),
    default="0,1,2",
    show_default=True,
    metavar="N,…",
    help="Of the rankings that have chance in them; each is run with every seed.",
)
@click.option(
    "--budget-minutes",
    type=click.FloatRange(0.0, min_open=True),
    help="For the training of each network, and for each language model, with each seed; cut "
    "short, it says so.",
)
@click.option(
    "--users",
    type=click.IntRange(1),
    metavar="N",
    help="Ask for N users, drawn by chance, instead of all: a language model takes seconds each.",
)
@click.option(
    "--ablate",
    multiple=True,
    metavar="all|PART",
    help="Ask CherryRec without this part too, in the same pass (knrs:novelty, knrs:news-value, "
    "order:signals, …); repeatable.",
)
@click.option(
    "--split",
    type=click.Choice(["test", "validation"]),
    default="test",
    show_default=True,
    help="Ask for each user's last article, or for the second to last, to choose settings by.",
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
    help="Folder for the report; default: reports/<log>-leave-last-out. A network's run that is "
    "kept in it is not run again.",
)
@with_settings
def leave_last_out(
    settings: Settings,
    source: LogSource,
    anyway: bool,
    limit: int | None,
    rankings: tuple[str, ...],
    seeds: tuple[int, ...],
    budget_minutes: float | None,
    ablate: tuple[str, ...],
    users: int | None,
    split: Split,
    config_file: Path | None,
    report: Path | None,
) -> None:
    """Ask for each user's last article out of the whole catalogue of LOG (protocol B).

    Users and articles with fewer than five interactions are left out; twenty articles are retrieved
    and ranked. What others read later may be in training: it compares rankings, and protocol C
    (`replay --from-catalogue`) says what serving would give.
    """

    def folder_of(name: str) -> Path:
        return report or Path("reports") / f"{name}-leave-last-out"

    log, _, results = judged(
        source,
        settings,
        rankings,
        limit=limit,
        anyway=anyway,
        split=split,
        seeds=seeds,
        budget_minutes=budget_minutes,
        config_file=config_file,
        folder_of=folder_of,
        ablate=ablate,
        n_users=users,
    )
    write_results(results, folder_of(log.name))


def judged(
    source: LogSource,
    settings: Settings,
    rankings: Sequence[str],
    *,
    limit: int | None,
    seeds: Sequence[int],
    budget_minutes: float | None,
    folder_of: Callable[[str], Path],
    split: Split = "test",
    config_file: Path | None = None,
    anyway: bool = False,
    ablate: Sequence[str] = (),
    n_users: int | None = None,
) -> tuple[AnyLog, list[Ranked], Results]:
    """Read a log, and fit and judge rankings on its sequences.

    Runs of networks, and what language models computed, are kept in, and taken from, the folder
    that `folder_of` gives by the log's name.
    """
    from cherryrec.cli.sequence_rankings import SAMPLE_SEED, ranked_by
    from cherryrec.evaluation.leave_last_out import KeptRuns, results_of
    from cherryrec.evaluation.leave_last_out.ablation import parts_of
    from cherryrec.evaluation.replay import OURS

    parts_of(ablate, settings.core)  # a name that is none is told before the log is read
    configs = network_configs(config_file)
    log, data, notes = read_sequences(source, limit, anyway=anyway)
    ranked, left_out, users = ranked_by(
        rankings,
        data,
        split,
        settings=settings,
        seeds=seeds,
        budget_s=None if budget_minutes is None else 60.0 * budget_minutes,
        configs=configs,
        kept=KeptRuns(folder_of(log.name) / "runs", note),
        ablate=ablate,
        n_users=n_users,
    )
    if users is not None:
        of = f"{len(users):,} of {len(data.users):,} users, the first in an order drawn by chance"
        notes.append(f"asked for {of} (seed {SAMPLE_SEED}), the same for every ranking")
    results = results_of(
        data,
        ranked,
        log_name=log.name,
        command=" ".join(["cherryrec", *sys.argv[1:]]),
        split=split,
        reference=OURS,
        notes=notes,
        left_out=left_out,
        users=users,
    )
    return log, ranked, results


def network_configs(file: Path | None) -> dict[str, NetworkConfig]:
    """Read the settings of networks, before the log; none without a file."""
    if file is None:
        return {}
    if find_spec("torch") is None:
        msg = "--networks needs torch, which is not installed: pip install 'cherryrec[llm]'"
        raise click.UsageError(msg)
    from gpu_worker.sequential import load_configs

    return load_configs(file)


def read_sequences(
    source: LogSource, limit: int | None, *, anyway: bool
) -> tuple[AnyLog, LeaveLastOut, list[str]]:
    """Read a log and return it, its users' sequences, and what there is to say of it."""
    from cherryrec.cli.progress import progress_bar
    from cherryrec.evaluation.leave_last_out import leave_last_out as sequences_of
    from cherryrec.evaluation.leave_last_out.tables import statistics_line
    from cherryrec.evaluation.logs import Health, ImpressionLog

    log = with_readers(opened(source))
    articles = log.articles()
    health = Health(articles)
    with progress_bar(f"reading {log.name}", None) as log.progress:
        events = log.impressions(limit) if isinstance(log, ImpressionLog) else log.clicks(limit)
        data = sequences_of(health.watch(events), articles)
    if not anyway:
        health.require(log)
    notes = [
        f"read as {log.title}, times taken as {log.zone}",
        f"{data.n_clicks:,} clicks and articles of histories; left out for lack of a title "
        f"{data.n_without_title:,}, as read again {data.n_repeated:,}",
        *([f"only the first {limit:,} events"] if limit is not None else []),
        *(line for one in log.faults for line in one.lines()),
    ]
    click.echo(statistics_line(data.statistics))
    return log, data, notes


def with_readers(log: AnyLog) -> ClickLog | ImpressionLog:
    """Return a log that says who read what; refuse any other."""
    from cherryrec.evaluation.logs import DisplayLog

    if isinstance(log, DisplayLog):
        msg = f"{log.title} names no readers, so that they have no sequences: take another log"
        raise click.UsageError(msg)
    return log


def write_results(results: Results, folder: Path) -> None:
    """Print the tables, and write `report.md`, `report.json` and the picture of ablations."""
    from cherryrec.evaluation.leave_last_out.pictures import PICTURE, plot_ablations
    from cherryrec.evaluation.leave_last_out.tables import page, table, values

    click.echo(f"\n{table(results)}\n")
    for name, why in results.left_out.items():
        click.echo(f"{name} was not run: {why}")
    folder.mkdir(parents=True, exist_ok=True)
    plot_ablations(results, folder / PICTURE)
    (folder / "report.md").write_text(page(results), encoding="utf-8")
    (folder / "report.json").write_text(json.dumps(values(results), indent=1), encoding="utf-8")
    click.echo(f"report: {folder / 'report.md'}")
