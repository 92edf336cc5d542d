"""Running ablations: in this process one after the other, or in several."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import click

from cherryrec.cli.progress import progress_bar
from cherryrec.cli.settings import Settings
from cherryrec.errors import ConfigError, ServiceError
from cherryrec.evaluation.ablation import chosen_ablations, replay_without
from cherryrec.evaluation.metrics import PrequentialMetrics
from cherryrec.events import Evaluation, EvaluationRequest
from cherryrec.pipeline import PipelineConfig

__all__ = ["parts_to_ablate", "replay_ablations"]

Evaluate = Callable[[EvaluationRequest], Evaluation]
Done = tuple[str, PrequentialMetrics, float]
"""A part, the metrics without it, and the seconds that took."""


def parts_to_ablate(
    names: Sequence[str],
    settings: Settings,
    *,
    engine: str,
    seed: int,
    is_evaluated: bool,
    jobs: int,
) -> dict[str, PipelineConfig]:
    """Return the settings without each named part, or refuse what cannot be run.

    Raises
    ------
    click.UsageError
        A name that is no part, an engine or an evaluator that ablations cannot run with.
    """
    if not names:
        return {}
    if engine != "local":
        msg = f"--ablate replays in process: it needs --engine local, got {engine}"
        raise click.UsageError(msg)
    if is_evaluated and jobs > 1:
        msg = f"--ablate with --evaluator needs --jobs 1, as CnLE is loaded once, got {jobs}"
        raise click.UsageError(msg)
    core = replace(
        settings.core,
        vans=replace(settings.core.vans, seed=seed),
        evaluator=replace(settings.core.evaluator, enabled=is_evaluated),
    )
    try:
        return chosen_ablations(names, core)
    except ConfigError as error:
        raise click.BadParameter(str(error), param_hint="'--ablate'") from error


def replay_ablations(
    log: Path,
    parts: Mapping[str, PipelineConfig],
    full: PrequentialMetrics,
    *,
    limit: int | None,
    label_delay_s: float,
    evaluate: Evaluate | None,
    jobs: int,
) -> dict[str, PrequentialMetrics]:
    """Replay every ablation, with a line for each on stderr as it is done.

    Parameters
    ----------
    log
        Folder in MIND's format.
    parts
        Part to settings without it.
    full
        Metrics of the full system on the same impressions, for the lines.
    limit, label_delay_s, evaluate
        As in `replay_without`.
    jobs
        Processes, each with the environment of this one (BLAS threads among it); with 1 there is
        no other process.
    """
    found: dict[str, PrequentialMetrics] = {}
    if jobs == 1:
        runs = _one_by_one(log, parts, len(full), limit, label_delay_s, evaluate)
    else:
        runs = _in_processes(log, parts, limit, label_delay_s, jobs)
    with closing(runs):
        for name, metrics, wall_s in runs:
            found[name] = metrics
            auc = 100 * metrics.mean("auc")
            gain = 100 * full.mean("auc") - auc
            click.echo(
                f"ablation {len(found)} of {len(parts)}, {name}: AUC {auc:.2f}, "
                f"the full system minus it {gain:+.2f}, {wall_s:.0f} s",
                err=True,
            )
    return {name: found[name] for name in parts}


def _one_by_one(
    log: Path,
    parts: Mapping[str, PipelineConfig],
    n_rows: int,
    limit: int | None,
    label_delay_s: float,
    evaluate: Evaluate | None,
) -> Generator[Done, None, None]:
    """Replay in this process."""
    for name, config in parts.items():
        started = time.perf_counter()
        with progress_bar(f"ablation {name}", n_rows) as advance:
            metrics = replay_without(
                log,
                config,
                limit=limit,
                label_delay_s=label_delay_s,
                evaluate=evaluate,
                progress=advance,
            )
        yield name, metrics, time.perf_counter() - started


def _in_processes(
    log: Path,
    parts: Mapping[str, PipelineConfig],
    limit: int | None,
    label_delay_s: float,
    jobs: int,
) -> Generator[Done, None, None]:
    """Replay in processes of their own, in the order they end."""
    pool = ProcessPoolExecutor(min(jobs, len(parts)), mp_context=get_context("spawn"))
    try:
        runs = [
            pool.submit(_timed, name, log, config, limit, label_delay_s)
            for name, config in parts.items()
        ]
        for run in as_completed(runs):
            yield run.result()
    except BrokenProcessPool as error:
        msg = f"a process of --jobs {jobs} ended before its ablation did: try fewer jobs ({error})"
        raise ServiceError(msg) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _timed(
    name: str, log: Path, config: PipelineConfig, limit: int | None, label_delay_s: float
) -> Done:
    """Replay without a part, and say how long that took."""
    started = time.perf_counter()
    metrics = replay_without(log, config, limit=limit, label_delay_s=label_delay_s)
    return name, metrics, time.perf_counter() - started
