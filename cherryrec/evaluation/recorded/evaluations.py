"""Recorded evaluations, by the question that each of them answers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Self, get_args

import msgspec

from cherryrec.codec import decode, encode
from cherryrec.errors import BadMessage, ConfigError
from cherryrec.evaluation.recorded.files import read_lines
from cherryrec.evaluation.recorded.header import RecordingHeader
from cherryrec.evaluation.recorded.question import question_digest
from cherryrec.events import Evaluation, EvaluationRequest

__all__ = ["MISSING", "Missing", "RecordedEvaluations", "RecordedEvaluator", "line_of"]

Missing = Literal["error", "degrade"]
MISSING: tuple[Missing, ...] = get_args(Missing)
"""What to do about a question without a recorded evaluation."""


class _Line(msgspec.Struct, frozen=True):
    """An evaluation beside the digest of its question."""

    question: str
    evaluation: msgspec.Raw


def line_of(question: str, evaluation: Evaluation) -> bytes:
    """Return the line of an evaluation.

    Examples
    --------
    >>> line_of("ab", Evaluation(request_id="r1", user_id="u1", evaluations={"a": 0.5}))
    b'{"question":"ab","evaluation":{"schema":1,"request_id":"r1","user_id":"u1",\
"evaluations":{"a":0.5}}}'
    """
    return msgspec.json.encode(_Line(question, msgspec.Raw(encode(evaluation))))


class RecordedEvaluations:
    """Evaluations by request id and question, held as they were encoded: about 1 KB each.

    Parameters
    ----------
    path
        Of their file, for messages.
    header
        What they have in common.
    """

    def __init__(self, path: Path, header: RecordingHeader) -> None:
        self.path = path
        self.header = header
        self._encoded: dict[str, dict[str, bytes]] = {}

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a file as far as it was written; a line that was cut off is left out.

        Raises
        ------
        ConfigError
            It cannot be read, or holds something else.
        """
        found = cls.of_lines(path, read_lines(path).lines)
        if found is None:
            msg = f"{str(path)!r} must hold recorded evaluations, got no whole line"
            raise ConfigError(msg)
        return found

    @classmethod
    def of_lines(cls, path: Path, lines: Sequence[bytes]) -> Self | None:
        """Read whole lines; None where there is none.

        Raises
        ------
        ConfigError
            One is not what is written here, with its number.
        """
        if not lines:
            return None
        decoder = msgspec.json.Decoder(_Line)
        number = 1
        try:
            found = cls(path, msgspec.json.decode(lines[0], type=RecordingHeader))
            while number < len(lines):
                number += 1
                read = decoder.decode(lines[number - 1])
                found._keep(read.question, bytes(read.evaluation))
        except (msgspec.MsgspecError, UnicodeDecodeError, BadMessage) as error:
            wanted = "the header of recorded evaluations" if number == 1 else "an evaluation"
            got = lines[number - 1][:60]
            msg = f"{str(path)!r}, line {number}: wanted {wanted}, got {got!r}: {error}"
            raise ConfigError(msg) from error
        return found

    def __len__(self) -> int:
        return sum(len(by_question) for by_question in self._encoded.values())

    def add(self, question: str, evaluation: Evaluation) -> None:
        """Keep an evaluation; a question's first one stays."""
        by_question = self._encoded.setdefault(evaluation.request_id, {})
        by_question.setdefault(question, encode(evaluation))

    def find(self, request_id: str, question: str) -> Evaluation | None:
        """Return the evaluation of a request's question; None where there is none."""
        encoded = self._encoded.get(request_id, {}).get(question)
        return None if encoded is None else decode(Evaluation, encoded)

    def questions(self, request_id: str) -> tuple[str, ...]:
        """Return the digests of a request's recorded questions."""
        return tuple(self._encoded.get(request_id, {}))

    def _keep(self, question: str, encoded: bytes) -> None:
        """Keep an evaluation that was read, checked."""
        evaluation = decode(Evaluation, encoded)
        self._encoded.setdefault(evaluation.request_id, {}).setdefault(question, encoded)


class RecordedEvaluator:
    """Answers questions with what was recorded for them, and with nothing else.

    Parameters
    ----------
    recorded
        The evaluations.
    missing
        About a question without one: `error` ends the replay, because what is measured would be
        neither with CnLE nor without; `degrade` answers with an error, so that the request is
        ranked without CnLE and marked.
    """

    def __init__(self, recorded: RecordedEvaluations, *, missing: Missing = "error") -> None:
        self.recorded = recorded
        self.missing = missing
        self.n_found = 0
        self.n_missing = 0

    def evaluate(self, request: EvaluationRequest) -> Evaluation:
        """Judge one request.

        Raises
        ------
        ConfigError
            Nothing was recorded for it, and `missing` is `error`.
        """
        question = question_digest(request)
        found = self.recorded.find(request.request_id, question)
        if found is not None:
            self.n_found += 1
            return found
        if self.missing == "error":
            raise ConfigError(self._missing(request, question))
        self.n_missing += 1
        return Evaluation(
            request_id=request.request_id,
            user_id=request.user_id,
            model=self.recorded.header.model,
            error="no evaluation was recorded for this question",
        )

    def _missing(self, request: EvaluationRequest, question: str) -> str:
        """Say what is missing, and what to do."""
        others = self.recorded.questions(request.request_id)
        got = f"question {', '.join(others)} of it" if others else "none of that request"
        return (
            f"{str(self.recorded.path)!r} must hold an evaluation of request "
            f"{request.request_id!r} for the question {question} (user {request.user_id!r}, "
            f"{len(request.candidates)} candidates, {len(request.profile.history)} history "
            f"titles), got {got}: replay as it was recorded (--evaluate-from, --label-delay and "
            "the settings of knrs and profile decide what is asked), go on recording with "
            "--record-evaluations, or rank such requests without CnLE by --missing degrade"
        )
