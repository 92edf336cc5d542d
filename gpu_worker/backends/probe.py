"""One prompt with all letters, to see whether a model answers before it is relied on."""

from __future__ import annotations

from cherryrec.cnle import ANSWER_CUE, LETTERS, Prompt
from cherryrec.errors import ModelError
from gpu_worker.backends.protocol import Backend, Verdict

__all__ = ["require_letters"]

_LINES = "".join(f'{letter}: "Title {number}"\n' for number, letter in enumerate(LETTERS))

PROBE = Prompt(
    template_id="probe",
    prefix='Opened articles:\n- "Title 0"\n',
    suffix=f"Candidates:\n{_LINES}\nWhich one?\n{ANSWER_CUE}",
    order=tuple(range(len(LETTERS))),
)


def require_letters(backend: Backend) -> None:
    """Raise a `ModelError` unless the backend scores all letters of a prompt with numbers."""
    verdict: Verdict = backend.evaluate([PROBE])[0]
    if isinstance(verdict, Exception):
        msg = f"the model must score a first prompt: {verdict}"
        raise ModelError(msg) from verdict
    if len(verdict.logits) != len(LETTERS):
        msg = f"the model must score {len(LETTERS)} letters, got {len(verdict.logits)}"
        raise ModelError(msg)
