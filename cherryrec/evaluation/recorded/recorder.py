"""Asks CnLE and writes every answer down; what a file knows already is not asked again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from cherryrec.errors import ConfigError
from cherryrec.evaluation.recorded.evaluations import RecordedEvaluations, line_of
from cherryrec.evaluation.recorded.files import LineFile, read_lines
from cherryrec.evaluation.recorded.header import RecordingHeader
from cherryrec.evaluation.recorded.question import question_digest
from cherryrec.events import Evaluation, EvaluationRequest

__all__ = ["EvaluationRecorder"]


class EvaluationRecorder:
    """An evaluator that remembers in a file, whatever ends the process; a context manager.

    Parameters
    ----------
    path
        Gone on with if it is there and has the same header; a line that a kill cut off is removed.
    header
        Of the file.

    Raises
    ------
    ConfigError
        On entry: the file has another header, is something else, or cannot be written.
    """

    def __init__(self, path: Path, header: RecordingHeader) -> None:
        self.recorded = RecordedEvaluations(path, header)
        self.n_known = 0
        self.n_asked = 0
        self.n_kept = 0
        self.notes: list[str] = []
        self._file = LineFile(path)

    def __enter__(self) -> Self:
        """Open, repair and read the file."""
        self._file.__enter__()
        try:
            self._go_on()
        except ConfigError:
            self._file.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file."""
        self._file.__exit__(kind, error, trace)

    def evaluate(
        self, request: EvaluationRequest, ask: Callable[[EvaluationRequest], Evaluation]
    ) -> Evaluation:
        """Return the evaluation that is known of a question, or ask for it and write it down."""
        question = question_digest(request)
        known = self.recorded.find(request.request_id, question)
        if known is not None:
            self.n_known += 1
            return known
        evaluation = ask(request)
        self.n_asked += 1
        self.keep(question, evaluation)
        return evaluation

    def keep(self, question: str, evaluation: Evaluation) -> None:
        """Write an evaluation down beside the digest of its question, unless there is one."""
        if self.recorded.find(evaluation.request_id, question) is not None:
            return
        self.n_kept += 1
        self._file.append(line_of(question, evaluation))
        self.recorded.add(question, evaluation)

    def _go_on(self) -> None:
        """Take over what is in the file, or begin it."""
        path, header = self.recorded.path, self.recorded.header
        written = read_lines(path)
        found = RecordedEvaluations.of_lines(path, written.lines)
        first = msgspec.json.encode(header)
        if found is not None:
            header.check_same(found.header, str(path))
        elif not first.startswith(written.torn):
            msg = f"{str(path)!r} must hold recorded evaluations or nothing, got something else"
            raise ConfigError(msg)
        self._file.repair(written)
        if found is None:
            self._file.append(first)
            return
        self.recorded = found
        if written.torn:
            self.notes.append(f"{path}: its last line was cut off and is removed")
        self.notes.append(f"{path}: goes on after {len(found):,} recorded evaluations")
