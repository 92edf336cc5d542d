"""CnLE's evaluations in a file, so that a replay with CnLE can be repeated, cheaply and exactly.

A language model's last digits depend on batches and hardware, and an evaluation costs a thousand
times what all the rest of a request does. So a replay writes each evaluation down beside a digest
of the question it answers (`question`), and later replays read it there: `header` says what was
asked, of which log, `files` writes and reads and repairs, `recorder` asks and writes,
`evaluations` answers from what was written.
"""

from __future__ import annotations

from cherryrec.evaluation.recorded.evaluations import (
    MISSING,
    Missing,
    RecordedEvaluations,
    RecordedEvaluator,
)
from cherryrec.evaluation.recorded.header import RecordingHeader, log_digest
from cherryrec.evaluation.recorded.question import question_digest
from cherryrec.evaluation.recorded.recorder import EvaluationRecorder

__all__ = [
    "MISSING",
    "EvaluationRecorder",
    "Missing",
    "RecordedEvaluations",
    "RecordedEvaluator",
    "RecordingHeader",
    "log_digest",
    "question_digest",
]
