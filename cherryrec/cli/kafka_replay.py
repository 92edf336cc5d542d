"""A replay through Kafka: the workers that it starts, and evaluations recorded or played back."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click

from cherryrec.cli.evaluating import EvaluatorOptions, answering, recording_header
from cherryrec.cli.options import cache_dir, note
from cherryrec.cli.running import Replayed, replay_kafka
from cherryrec.cli.settings import Settings
from cherryrec.errors import ServiceError
from cherryrec.evaluation.logs import ImpressionLog
from cherryrec.evaluation.recorded import EvaluationRecorder
from cherryrec.events import Evaluation
from streams.config import KafkaConfig
from streams.replay import EvaluationTap, RecordedAnswers, Session, Sidecar
from streams.stack import LocalStack, StackSettings

__all__ = ["replay_through_kafka"]

Beside = Callable[[Session], Sidecar]


def replay_through_kafka(
    log: ImpressionLog,
    settings: Settings,
    cnle: EvaluatorOptions,
    *,
    running: bool,
    workers: int,
    window: int,
    limit: int | None,
    label_delay_s: float,
    seed: int,
    baselines: Sequence[str],
    keep_ranks: bool,
    evaluate_from: float,
    in_shade: bool,
    anyway: bool,
) -> tuple[Replayed, list[str]]:
    """Replay through workers that run already, or through those of a stack of its own.

    Returns
    -------
    What the replay gave, and what is to be said of its evaluations.
    """
    notes: list[str] = []
    feedback = settings.core.feedback
    with (
        _beside(cnle, settings, log, seed, notes) as sidecar,
        _kafka(settings, cnle, running, workers, label_delay_s, seed, notes) as (kafka, check),
    ):
        done = replay_kafka(
            log,
            kafka,
            limit=limit,
            seed=seed,
            window=window,
            baselines=baselines,
            keep_ranks=keep_ranks,
            evaluate_from=evaluate_from,
            in_shade=in_shade,
            anyway=anyway,
            label_delay_s=(
                min(feedback.label_after_s, feedback.attribution_window_s)
                if running
                else label_delay_s
            ),
            sidecar=sidecar,
            check=check,
        )
    return done, [*notes, *done.checks]


@contextmanager
def _kafka(
    settings: Settings,
    cnle: EvaluatorOptions,
    running: bool,
    workers: int,
    label_delay_s: float,
    seed: int,
    notes: list[str],
) -> Iterator[tuple[KafkaConfig, Callable[[], None]]]:
    """Yield the cluster, started for this replay unless it runs already, and a check of its parts.

    What was started again meanwhile is noted on leaving.
    """
    if running:
        yield settings.kafka, lambda: None
        return
    with tempfile.TemporaryDirectory(prefix="cherryrec-") as folder:
        stack = StackSettings(
            folder=Path(folder),
            cache_dir=cache_dir(),
            kafka=settings.kafka,
            n_workers=workers,
            has_evaluator=cnle.is_live,
            environment=_environment(cnle, label_delay_s, seed),
        )
        with _kept_logs(stack.folder), LocalStack(stack, note=note) as started:
            yield started.kafka, started.check
            restarts = started.keeper.restarts if started.keeper is not None else {}
            notes += [
                f"{name} was started again {n} time{'s' if n > 1 else ''} during the replay"
                for name, n in restarts.items()
                if n
            ]


@contextmanager
def _kept_logs(folder: Path) -> Iterator[None]:
    """Keep the logs of the parts of a replay that failed, and say where."""
    try:
        yield
    except ServiceError:
        kept = Path(tempfile.mkdtemp(prefix="cherryrec-logs-"))
        shutil.copytree(folder / "logs", kept, dirs_exist_ok=True)
        click.echo(f"logs of the workers and the learner: {kept}", err=True)
        raise


@contextmanager
def _beside(
    cnle: EvaluatorOptions, settings: Settings, log: ImpressionLog, seed: int, notes: list[str]
) -> Iterator[Beside | None]:
    """Yield what runs beside the replay; the notes are complete on leaving."""
    if cnle.evaluations is not None:
        with answering(cnle, log) as evaluation:
            evaluate = evaluation.evaluate
            assert evaluate is not None, "a file answers"
            yield lambda session: RecordedAnswers(session, evaluate)
        notes += evaluation.notes
    elif cnle.record is not None:
        with ExitStack() as stack:
            recorders: list[EvaluationRecorder] = []

            def keep(question: str, evaluation: Evaluation) -> None:
                # The first evaluation says which model the workers have.
                if not recorders:
                    header = recording_header(settings, log, model=evaluation.model, seed=seed)
                    assert cnle.record is not None, "it was asked for"
                    recorder = EvaluationRecorder(cnle.record, header)
                    recorders.append(stack.enter_context(recorder))
                recorders[0].keep(question, evaluation)

            yield lambda session: EvaluationTap(session, keep)
        n = sum(recorder.n_kept for recorder in recorders)
        notes.append(f"evaluations recorded in {cnle.record}: {n:,}")
    else:
        yield None


def _environment(cnle: EvaluatorOptions, label_delay_s: float, seed: int) -> dict[str, str]:
    """Return the settings of the workers that this replay starts."""
    values = {
        "CHERRYREC_FEEDBACK_ATTRIBUTION_WINDOW_S": str(label_delay_s),
        "CHERRYREC_FEEDBACK_LABEL_AFTER_S": str(label_delay_s),
        "CHERRYREC_FEEDBACK_CORRECTION_S": "0",
        "CHERRYREC_EVALUATOR_LATE_AFTER_S": "600",  # a replay waits, a reader would not
        "CHERRYREC_STREAM_TICK_S": "0",
        "CHERRYREC_STREAM_ACTIVITY_FLUSH_S": "0.1",
        "CHERRYREC_LEARNER_SERVING_EVERY_S": "0.1",
        "CHERRYREC_VANS_SEED": str(seed),
    }
    if cnle.is_live:
        values["CHERRYREC_GPU_MODEL"] = cnle.model
    elif cnle.is_evaluated:
        values["CHERRYREC_EVALUATOR_ENABLED"] = "true"  # the replay answers, no gpu worker does
    return values
