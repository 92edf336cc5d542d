"""`cherryrec replay LOG`: a recorded log through the code that serves, judged as it goes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from cherryrec.cli.logs import LOG_PARAMETERS, log_notes, opened, with_log
from cherryrec.cli.options import with_settings
from cherryrec.cli.parameters import BaselineNames, Duration, NetworkNames, Shares
from cherryrec.cli.settings import Settings

if TYPE_CHECKING:
    from cherryrec.evaluation.logs import AnyLog, ClickLog, LogSource
    from cherryrec.evaluation.recorded import Missing
    from cherryrec.evaluation.summary import ReplaySummary

__all__ = ["replay"]

_OF_CLICKS = {
    *LOG_PARAMETERS,
    "engine",
    "seed",
    "limit",
    "label_delay",
    "report",
    "from_catalogue",
    "networks",
    "config",
    "bootstrap_servers",
    "prefix",
}
"""What may be said of the replay of a log of clicks alone."""


@click.command()
@with_log
@click.option("--engine", type=click.Choice(["local", "kafka"]), default="local", show_default=True)
@click.option(
    "--evaluator",
    default="none",
    show_default=True,
    metavar="none|MODEL",
    help="CnLE's model: a folder, a hub name, `small` or `auto`; none replays without CnLE.",
)
@click.option(
    "--evaluations",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Answer CnLE's questions from this file of recorded evaluations, without a model.",
)
@click.option(
    "--record-evaluations",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the evaluations to this file (gzipped: .gz), or go on with it.",
)
@click.option(
    "--missing",
    type=click.Choice(["error", "degrade"]),
    default="error",
    show_default=True,
    help="A question that --evaluations has no answer to: stop, or rank without CnLE, marked.",
)
@click.option(
    "--evaluate-from",
    type=click.FloatRange(0.0, 1.0),
    default=0.0,
    show_default=True,
    metavar="SHARE",
    help="Share of the impressions, in time order, before CnLE is asked.",
)
@click.option(
    "--split",
    type=Shares(),
    metavar="A/B/C",
    help="Percentages of the log by time, as 60/10/30: the last part is reported on too.",
)
@click.option(
    "--seed", type=int, default=0, show_default=True, help="For the models and intervals."
)
@click.option("--limit", type=click.IntRange(1), help="Only the first N impressions.")
@click.option(
    "--label-delay",
    type=Duration(),
    default="0",
    show_default=True,
    help="Event time until clicks, and that there were none, are known: 0, 90s, 30m.",
)
@click.option(
    "--shade",
    is_flag=True,
    help="Impressions name no request, as those of the site's own recommender: models learn from "
    "the site's slates alone, and requests are judged only.",
)
@click.option(
    "--baselines",
    type=BaselineNames(),
    default="standard",
    show_default=True,
    metavar="none|standard|all|NAME,…",
    help="Rankings to judge beside CherryRec's; standard are the cheap ones.",
)
@click.option(
    "--report",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the report; default: reports/<log>-<engine>.",
)
@click.option(
    "--predictions",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the ranks in MIND's submission format.",
)
@click.option(
    "--workers",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Stream workers that --engine kafka starts.",
)
@click.option(
    "--window",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Requests in flight with --engine kafka: more is faster and staler.",
)
@click.option(
    "--running",
    is_flag=True,
    help="With --engine kafka: use the workers that run already on --bootstrap-servers.",
)
@click.option(
    "--compare/--no-compare",
    default=True,
    help="After --engine kafka without CnLE, replay locally too and print the difference.",
)
@click.option(
    "--from-catalogue",
    is_flag=True,
    help="Before each impression ask for a slate of the whole live catalogue too (protocol C): "
    "recall of the clicked, and the slate, beside baselines of the same size; without CnLE.",
)
@click.option(
    "--with-networks",
    "networks",
    type=NetworkNames(),
    default="none",
    show_default=True,
    metavar="none|all|NAME,…",
    help="With --from-catalogue: gru4rec, narm, sasrec, bert4rec as baselines, taught every "
    "ten minutes of event time; needs torch.",
)
@click.option(
    "--ablate",
    multiple=True,
    metavar="all|PART",
    help="Replay again without this part of the system (knrs:novelty, vans:linear, …); repeatable.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Processes that --ablate replays in, one part each at a time.",
)
@with_settings
def replay(
    settings: Settings,
    source: LogSource,
    anyway: bool,
    engine: str,
    evaluator: str,
    evaluations: Path | None,
    record_evaluations: Path | None,
    missing: Missing,
    evaluate_from: float,
    split: tuple[float, ...] | None,
    seed: int,
    limit: int | None,
    label_delay: float,
    shade: bool,
    baselines: tuple[str, ...],
    report: Path | None,
    predictions: Path | None,
    workers: int,
    window: int,
    running: bool,
    compare: bool,
    from_catalogue: bool,
    networks: tuple[str, ...],
    ablate: tuple[str, ...],
    jobs: int,
) -> None:
    """Replay LOG in event-time order: slates in the format of MIND or EB-NeRD, or clicks alone.

    Every impression is ranked before its labels are learned (protocol A). With --engine local the
    recommendations are the same bytes for the same log and seed; their SHA-256 is printed.

    A log of clicks alone has no slates to rank: the whole catalogue is asked before each click
    (protocol C), as --from-catalogue does before each impression.
    """
    from cherryrec.cli.ablating import parts_to_ablate, replay_ablations
    from cherryrec.cli.evaluating import EvaluatorOptions, evaluating
    from cherryrec.cli.running import engine_difference, replay_local
    from cherryrec.evaluation.baselines import ROW_BASELINES, STANDARD
    from cherryrec.evaluation.logs import ClickLog, of_slates
    from cherryrec.evaluation.predictions import write_predictions
    from cherryrec.evaluation.replay import OURS

    cnle = EvaluatorOptions(
        model=evaluator, evaluations=evaluations, record=record_evaluations, missing=missing
    )
    read = opened(source)
    _refuse(click.get_current_context(), read, from_catalogue=from_catalogue, engine=engine)
    if isinstance(read, ClickLog):
        _replay_clicks(
            read, settings, limit, label_delay, seed, report, networks=networks, anyway=anyway
        )
        return
    log = of_slates(read)
    parts = parts_to_ablate(
        ablate,
        settings,
        engine=engine,
        seed=seed,
        cnle=cnle,
        jobs=jobs,
        from_catalogue=from_catalogue,
    )
    ablations = None
    keep = predictions is not None
    if cnle.is_evaluated and baselines == STANDARD:
        baselines = (*STANDARD, "title-match")  # what CnLE alone has to beat
    by_row = tuple(baseline for baseline in baselines if baseline in ROW_BASELINES)
    notes: list[str] = []
    if engine == "local":
        with evaluating(cnle, settings, log, seed=seed) as evaluation:
            done = replay_local(
                log,
                settings,
                limit=limit,
                label_delay_s=label_delay,
                seed=seed,
                baselines=baselines,
                keep_ranks=keep,
                evaluate=evaluation.evaluate,
                evaluate_from=evaluate_from,
                from_catalogue=from_catalogue,
                networks=networks,
                in_shade=shade,
                anyway=anyway,
            )
            if parts:
                ablations = replay_ablations(
                    source,
                    parts,
                    done.judge.metrics[OURS],
                    limit=limit,
                    label_delay_s=label_delay,
                    evaluate=evaluation.evaluate,
                    evaluate_from=evaluate_from,
                    jobs=jobs,
                    from_catalogue=from_catalogue,
                )
        notes += evaluation.notes
        if not cnle.is_live:
            done.judge.ladder.compute_s = 0.0  # a file's answers took no model
    else:
        from cherryrec.cli.kafka_replay import replay_through_kafka

        done, more = replay_through_kafka(
            log,
            settings,
            cnle,
            running=running,
            workers=workers,
            window=window,
            limit=limit,
            label_delay_s=label_delay,
            seed=seed,
            baselines=by_row,
            keep_ranks=keep,
            evaluate_from=evaluate_from,
            in_shade=shade,
            anyway=anyway,
        )
        notes += more
    notes += log_notes(log, done.rows, done.health)
    notes += done.refused_notes()
    if engine == "kafka" and by_row != baselines:
        left_out = ", ".join(baseline for baseline in baselines if baseline not in by_row)
        notes.append(f"left out, as feature matrices stay in the workers: {left_out}")
    if engine == "kafka" and not cnle.is_evaluated and compare and not done.refused:
        beside = replay_local(
            log,
            settings,
            limit=limit,
            label_delay_s=label_delay,
            seed=seed,
            baselines=(),
            in_shade=shade,
            anyway=True,
        )
        notes.append(engine_difference(done, beside, seed=seed))
    summary = done.summary(
        log,
        name=log.name,
        label_delay_s=label_delay,
        seed=seed,
        notes=notes,
        ablations=ablations,
        split=split,
    )
    _write(summary, report, engine)
    if predictions is not None:
        n_lines = write_predictions(predictions, done.judge.ranks, order=log.file_order())
        click.echo(f"{n_lines} lines of predictions: {predictions}")


def _refuse(context: click.Context, log: AnyLog, *, from_catalogue: bool, engine: str) -> None:
    """Refuse options that do not go together, or that a log of clicks alone has nothing for."""
    from cherryrec.evaluation.logs import ClickLog

    is_of_clicks = isinstance(log, ClickLog)
    if engine != "local" and (from_catalogue or is_of_clicks):
        what = "a log of clicks alone" if is_of_clicks else "--from-catalogue"
        msg = (
            f"{what} asks the system before each event, and keeps nothing of it: it needs "
            f"--engine local, got {engine}"
        )
        raise click.UsageError(msg)
    if not is_of_clicks:
        if context.params["networks"] and not from_catalogue:
            msg = "--with-networks are baselines of the whole catalogue: they need --from-catalogue"
            raise click.UsageError(msg)
        return
    for option in context.command.params:
        source = context.get_parameter_source(option.name or "")
        if option.name not in _OF_CLICKS and source is ParameterSource.COMMANDLINE:
            msg = (
                f"{option.opts[0]} is of slates, and a log of clicks alone has none: it goes with "
                "a log of slates"
            )
            raise click.UsageError(msg)


def _replay_clicks(
    clicks: ClickLog,
    settings: Settings,
    limit: int | None,
    label_delay_s: float,
    seed: int,
    report: Path | None,
    *,
    networks: tuple[str, ...],
    anyway: bool,
) -> None:
    """Replay a log of clicks alone, and tell."""
    from cherryrec.cli.click_replay import replay_clicks

    summary = replay_clicks(
        clicks,
        settings,
        limit=limit,
        label_delay_s=label_delay_s,
        seed=seed,
        networks=networks,
        anyway=anyway,
    )
    _write(summary, report, "local")


def _write(summary: ReplaySummary, report: Path | None, engine: str) -> None:
    """Print what was measured, and write the report."""
    from cherryrec.cli.printing import print_summary
    from cherryrec.evaluation.report import write_report

    print_summary(summary)
    folder = report or Path("reports") / f"{summary.log_name}-{engine}"
    click.echo(f"report: {write_report(summary, folder) / 'report.md'}")
