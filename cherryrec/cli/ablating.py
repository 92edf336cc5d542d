"""Running ablations: in this process one after the other, or in several."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from dataclasses import dataclass, replace
from multiprocessing import get_context

import click

from cherryrec.cli.evaluating import EvaluatorOptions
from cherryrec.cli.progress import progress_bar
from cherryrec.cli.running import core_of
from cherryrec.cli.settings import Settings
from cherryrec.errors import ConfigError, ServiceError
from cherryrec.evaluation.ablation import Ablated, replay_without
from cherryrec.evaluation.logs import LogSource
from cherryrec.evaluation.metrics import PrequentialMetrics
from cherryrec.events import Evaluation, EvaluationRequest
from cherryrec.pipeline import PipelineConfig
from cherryrec.pipeline.ablations import chosen_ablations

__all__ = ["parts_to_ablate", "replay_ablations"]

Evaluate = Callable[[EvaluationRequest], Evaluation]
Done = tuple[str, Ablated, float]
"""A part, what was measured without it, and the seconds that took."""


def parts_to_ablate(
    names: Sequence[str],
    settings: Settings,
    *,
    engine: str,
    seed: int,
    cnle: EvaluatorOptions,
    jobs: int,
    from_catalogue: bool = False,
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
    if cnle.is_live and jobs > 1:
        msg = f"--ablate with --evaluator needs --jobs 1, as CnLE is loaded once, got {jobs}"
        raise click.UsageError(msg)
    core = replace(
        core_of(settings, seed=seed, from_catalogue=from_catalogue),
        evaluator=replace(settings.core.evaluator, enabled=cnle.is_evaluated),
    )
    try:
        return chosen_ablations(names, core, from_catalogue=from_catalogue)
    except ConfigError as error:
        raise click.BadParameter(str(error), param_hint="'--ablate'") from error


def replay_ablations(
    log: LogSource,
    parts: Mapping[str, PipelineConfig],
    full: PrequentialMetrics,
    *,
    limit: int | None,
    label_delay_s: float,
    evaluate: Evaluate | None,
    evaluate_from: float,
    jobs: int,
    from_catalogue: bool = False,
) -> dict[str, Ablated]:
    """Replay every ablation, with a line for each on stderr as it is done.

    Parameters
    ----------
    log
        Of slates.
    parts
        Part to settings without it.
    full
        Metrics of the full system on the same impressions, for the lines.
    limit, label_delay_s, evaluate, evaluate_from
        As in `replay_without`; with several processes `evaluate` is copied to each.
    jobs
        Processes, each with the environment of this one (BLAS threads among it); with 1 there is
        no other process.
    from_catalogue
        Whether protocol C is judged beside.
    """
    found: dict[str, Ablated] = {}
    replaying = _Replaying(limit, label_delay_s, evaluate, evaluate_from, from_catalogue)
    if jobs == 1:
        runs = _one_by_one(log, parts, len(full), replaying)
    else:
        runs = _in_processes(log, parts, replaying, jobs)
    with closing(runs):
        for name, ablated, wall_s in runs:
            found[name] = ablated
            auc = 100 * ablated.metrics.mean("auc")
            gain = 100 * full.mean("auc") - auc
            click.echo(
                f"ablation {len(found)} of {len(parts)}, {name}: AUC {auc:.2f}, "
                f"the full system minus it {gain:+.2f}, {wall_s:.0f} s",
                err=True,
            )
    return {name: found[name] for name in parts}


@dataclass(frozen=True, slots=True)
class _Replaying:
    """How every ablation replays the log."""

    limit: int | None
    label_delay_s: float
    evaluate: Evaluate | None
    evaluate_from: float
    from_catalogue: bool

    def without(
        self, log: LogSource, config: PipelineConfig, progress: Callable[[int], None] | None = None
    ) -> Ablated:
        """Replay with the settings of one ablation."""
        return replay_without(
            log,
            config,
            limit=self.limit,
            label_delay_s=self.label_delay_s,
            evaluate=self.evaluate,
            evaluate_from=self.evaluate_from,
            from_catalogue=self.from_catalogue,
            progress=progress,
        )


def _one_by_one(
    log: LogSource, parts: Mapping[str, PipelineConfig], n_rows: int, replaying: _Replaying
) -> Generator[Done, None, None]:
    """Replay in this process."""
    for name, config in parts.items():
        started = time.perf_counter()
        with progress_bar(f"ablation {name}", n_rows) as advance:
            ablated = replaying.without(log, config, advance)
        yield name, ablated, time.perf_counter() - started


def _in_processes(
    log: LogSource, parts: Mapping[str, PipelineConfig], replaying: _Replaying, jobs: int
) -> Generator[Done, None, None]:
    """Replay in processes of their own, in the order they end."""
    pool = ProcessPoolExecutor(min(jobs, len(parts)), mp_context=get_context("spawn"))
    try:
        runs = [pool.submit(_timed, name, log, config, replaying) for name, config in parts.items()]
        for run in as_completed(runs):
            yield run.result()
    except BrokenProcessPool as error:
        msg = f"a process of --jobs {jobs} ended before its ablation did: try fewer jobs ({error})"
        raise ServiceError(msg) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _timed(name: str, log: LogSource, config: PipelineConfig, replaying: _Replaying) -> Done:
    """Replay without a part, and say how long that took."""
    started = time.perf_counter()
    ablated = replaying.without(log, config)
    return name, ablated, time.perf_counter() - started
