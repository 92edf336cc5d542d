"""Where a replay's evaluations come from: a model, a file, or a model whose answers go to one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import click

from cherryrec.cli.settings import Settings
from cherryrec.errors import ConfigError
from cherryrec.evaluation.logs import ImpressionLog
from cherryrec.evaluation.recorded import (
    EvaluationRecorder,
    Missing,
    RecordedEvaluations,
    RecordedEvaluator,
    RecordingHeader,
    log_digest,
)
from cherryrec.events import Evaluation, EvaluationRequest

__all__ = ["Evaluating", "EvaluatorOptions", "answering", "evaluating", "recording_header"]

Evaluate = Callable[[EvaluationRequest], Evaluation]


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluatorOptions:
    """What the command line says of CnLE.

    Parameters
    ----------
    model
        For the gpu worker, or `none`.
    evaluations
        File to answer from.
    record
        File to write a model's answers to.
    missing
        What to do about a question that the file has no answer to.
    """

    model: str = "none"
    evaluations: Path | None = None
    record: Path | None = None
    missing: Missing = "error"

    def __post_init__(self) -> None:
        has_model = self.model != "none"
        if self.evaluations is not None and (has_model or self.record is not None):
            other = "--evaluator" if has_model else "--record-evaluations"
            msg = f"--evaluations answers from the file alone: it goes without {other}"
            raise click.UsageError(msg)
        if self.record is not None and not has_model:
            msg = "--record-evaluations needs an --evaluator to ask, got none"
            raise click.UsageError(msg)

    @property
    def is_live(self) -> bool:
        """Whether a model is loaded."""
        return self.model != "none"

    @property
    def is_evaluated(self) -> bool:
        """Whether CnLE takes part in the replay."""
        return self.is_live or self.evaluations is not None


@dataclass(slots=True)
class Evaluating:
    """CnLE as the replay asks it, and what is to be said of it.

    Parameters
    ----------
    evaluate
        Judges one request; None replays without CnLE.
    notes
        For the reader of the report.
    """

    evaluate: Evaluate | None = None
    notes: list[str] = field(default_factory=list)


@contextmanager
def evaluating(
    options: EvaluatorOptions, settings: Settings, log: ImpressionLog, *, seed: int
) -> Iterator[Evaluating]:
    """Load the model or the file; the notes are complete on leaving.

    Raises
    ------
    ConfigError
        The extra `llm` is missing, or a file does not fit this replay.
    """
    if options.evaluations is not None:
        with answering(options, log) as cnle:
            yield cnle
    elif not options.is_live:
        yield Evaluating()
    elif options.record is None:
        yield Evaluating(_load(settings, options.model)[1])
    else:
        version, ask = _load(settings, options.model)
        header = recording_header(settings, log, model=version, seed=seed)
        with EvaluationRecorder(options.record, header) as recorder:
            for note in recorder.notes:
                click.echo(note, err=True)
            cnle = Evaluating(lambda request: recorder.evaluate(request, ask))
            yield cnle
            cnle.notes.append(
                f"evaluations recorded in {options.record}: {recorder.n_asked:,} questions asked, "
                f"{recorder.n_known:,} known before"
            )


@contextmanager
def answering(options: EvaluatorOptions, log: ImpressionLog) -> Iterator[Evaluating]:
    """Read the file of recorded evaluations; the notes are complete on leaving.

    Raises
    ------
    ConfigError
        It cannot be read, or is of another log.
    """
    assert options.evaluations is not None, "there is a file to answer from"
    recorded = RecordedEvaluations.read(options.evaluations)
    recorded.header.check_log(log.name, log_digest(log), str(options.evaluations))
    player = RecordedEvaluator(recorded, missing=options.missing)
    cnle = Evaluating(player.evaluate)
    yield cnle
    cnle.notes.append(_played(player))


def recording_header(
    settings: Settings, log: ImpressionLog, *, model: str, seed: int
) -> RecordingHeader:
    """Say what a file will hold: evaluations by a version of a model, asked in this replay."""
    gpu = settings.gpu
    return RecordingHeader(
        model=model,
        log=log.name,
        log_digest=log_digest(log),
        seed=seed,
        prompts={
            "max_history": gpu.max_history,
            "n_permutations": gpu.n_permutations,
            "seed": gpu.seed,
            "templates": list(gpu.templates),
            "title_tokens": gpu.title_tokens,
        },
    )


def _played(player: RecordedEvaluator) -> str:
    """Say where evaluations came from, and how many were not there."""
    header, path = player.recorded.header, player.recorded.path
    note = f"evaluations by {header.model!r} from {path}: {player.n_found:,} questions answered"
    if player.n_missing:
        note += f", {player.n_missing:,} not recorded and ranked without CnLE"
    return note


def _load(settings: Settings, model: str) -> tuple[str, Evaluate]:
    """Load CnLE into this process; returns its version and how to ask it."""
    try:
        from gpu_worker.in_process import LocalEvaluator
    except ImportError as error:
        msg = f"--evaluator needs the extra `llm`: pip install 'cherryrec[llm]' ({error})"
        raise ConfigError(msg) from error
    loaded = LocalEvaluator.load(replace(settings.gpu, model=model))
    return loaded.model, loaded.evaluate
