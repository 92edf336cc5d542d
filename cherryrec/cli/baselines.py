"""`cherryrec baselines tune LOG`: the networks' settings by the paper's recipe, on validation."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cherryrec.cli.leave_last_out import network_configs, read_sequences
from cherryrec.cli.logs import with_log
from cherryrec.cli.networks import NETWORKS, trained_network
from cherryrec.cli.parameters import Amounts, Names, Numbers

if TYPE_CHECKING:
    from cherryrec.evaluation.leave_last_out import LeaveLastOut
    from cherryrec.evaluation.logs import LogSource
    from gpu_worker.sequential import NetworkConfig
    from gpu_worker.sequential.tuning import Planned, Trial, TrialFile

__all__ = ["baselines"]

_LEAST_S = 1.0
"""Seconds that a trial must have left to be begun."""


@click.group()
def baselines() -> None:
    """Tune the networks that the paper compares with."""


@baselines.command()
@with_log
@click.option("--limit", type=click.IntRange(1), help="Only the first N events of LOG.")
@click.option(
    "--rankings",
    type=Names(),
    default="narm,sasrec,bert4rec",
    show_default=True,
    metavar="all|NAME,…",
    help=f"Networks, out of {', '.join(NETWORKS)}.",
)
@click.option(
    "--dropouts", type=Amounts(), default="0.1,0.2,0.3,0.4,0.5", show_default=True, metavar="N,…"
)
@click.option(
    "--weight-decays",
    type=Amounts(),
    default="0,0.0001,0.001,0.01",
    show_default=True,
    metavar="N,…",
    help="Of AdamW.",
)
@click.option(
    "--max-lengths",
    type=Numbers(),
    default="400,200",
    show_default=True,
    metavar="N,…",
    help="Articles of a sequence that are looked at.",
)
@click.option(
    "--networks",
    "config_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="TOML with what the recipe does not say of a network: sizes, n_targets, batch_size.",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of each trial.")
@click.option(
    "--budget-minutes",
    type=click.FloatRange(0.0, min_open=True),
    help="In all; what was left out is said, and tried when the command is called again.",
)
@click.option(
    "--report",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for trials.jsonl, report.md and networks.toml; default: reports/<log>-tuned.",
)
def tune(
    source: LogSource,
    anyway: bool,
    limit: int | None,
    rankings: tuple[str, ...],
    dropouts: tuple[float, ...],
    weight_decays: tuple[float, ...],
    max_lengths: tuple[int, ...],
    config_file: Path | None,
    seed: int,
    budget_minutes: float | None,
    report: Path | None,
) -> None:
    """Try the paper's grid of settings on LOG, and keep those with the best validation.

    AdamW at 1e-3, ended after 20 epochs without a better nDCG@5 on validation; the test split is
    not looked at. Each trial is kept as it ends: a command that was stopped goes on.
    `leave-last-out LOG --networks …/networks.toml` judges what was found.
    """
    unknown = [name for name in rankings if name not in NETWORKS]
    if unknown:
        msg = f"--rankings wanted some of {', '.join(NETWORKS)}, got {unknown[0]!r}"
        raise click.UsageError(msg)
    given = network_configs(config_file)
    from gpu_worker.sequential import NetworkConfig
    from gpu_worker.sequential.tuning import Grid, TrialFile

    log, data, _ = read_sequences(source, limit, anyway=anyway)
    folder = report or Path("reports") / f"{log.name}-tuned"
    folder.mkdir(parents=True, exist_ok=True)
    grid = Grid(dropouts=dropouts, weight_decays=weight_decays, max_lengths=max_lengths)
    bases = {
        name: given.get(name, NetworkConfig())
        for name in NETWORKS
        if name in (rankings or NETWORKS)
    }
    planned = grid.planned(bases, seed=seed)
    ends_at = None if budget_minutes is None else time.monotonic() + 60.0 * budget_minutes
    with TrialFile(folder / "trials.jsonl") as file:
        trials, left_out = _tried(planned, data, file, seed=seed, ends_at=ends_at)
    _write(folder, trials, left_out, name=log.name, seed=seed)


def _tried(
    planned: Sequence[Planned],
    data: LeaveLastOut,
    file: TrialFile,
    *,
    seed: int,
    ends_at: float | None,
) -> tuple[list[Trial], list[Planned]]:
    """Try what has not been; return all trials of the grid, and what no time was left for."""
    from gpu_worker.sequential.tuning import trial_of

    digest = data.digest
    trials: list[Trial] = []
    left_out: list[Planned] = []
    for number, one in enumerate(planned, start=1):
        trial = file.find(one, data=digest, seed=seed)
        left_s = None if ends_at is None else ends_at - time.monotonic()
        if (trial is None or not trial.is_whole) and (left_s is None or left_s > _LEAST_S):
            ranker = trained_network(one.network, data, one.config, seed=seed, budget_s=left_s)
            assert ranker.trained is not None, "it was trained"
            trial = trial_of(one, ranker.trained, data=digest, seed=seed)
            file.append(trial)
            settings = _settings_of(one.network, one.config)
            click.echo(f"{number} of {len(planned)}: {settings}: {ranker.trained}")
        if trial is None:
            left_out.append(one)
        else:
            trials.append(trial)
    return trials, left_out


def _write(
    folder: Path,
    trials: Sequence[Trial],
    left_out: Sequence[Planned],
    *,
    name: str,
    seed: int,
) -> None:
    """Write the table of all trials and the best settings of each network."""
    from gpu_worker.sequential import configs_text
    from gpu_worker.sequential.tuning import best_configs

    best = best_configs(trials)
    lines = [
        f"# Settings of networks on {name}",
        "",
        f"nDCG@5 on validation in hundredths, seed {seed}, the best first; the test split was not "
        "looked at. Settings with the best of many validations owe some of it to chance.",
        "",
        f"Command: `{' '.join(['cherryrec', *sys.argv[1:]])}`",
        "",
        "| network | nDCG@5 | dropout | weight decay | length | epochs | best | s | ended by |",
        "|---|" + "---:|" * 7 + "---|",
    ]
    for one in sorted(trials, key=lambda trial: -trial.ndcg):
        config = one.config
        lines.append(
            f"| {one.network} | {100 * one.ndcg:.2f} | {config.dropout:g} | "
            f"{config.weight_decay:g} | {config.max_length} | {one.n_epochs} | {one.best_epoch} | "
            f"{one.wall_s:.0f} | {one.ended_by} |"
        )
    cut = sum(not trial.is_whole for trial in trials)
    summary = [
        f"{len(trials)} settings were tried, {cut} of them cut by the budget; {len(left_out)} were "
        "left out for lack of time" + (":" if left_out else ".")
    ]
    lines += ["", *summary, "", *(f"- {_settings_of(one.network, one.config)}" for one in left_out)]
    (folder / "report.md").write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")
    (folder / "networks.toml").write_text(configs_text(best), encoding="utf-8")
    for network, config in best.items():
        click.echo(f"best: {_settings_of(network, config)}")
    click.echo(summary[0].rstrip(":"))
    click.echo(f"report: {folder / 'report.md'}, settings: {folder / 'networks.toml'}")


def _settings_of(network: str, config: NetworkConfig) -> str:
    """Say what the grid varies."""
    return (
        f"{network}, dropout {config.dropout:g}, weight decay {config.weight_decay:g}, "
        f"length {config.max_length}"
    )
