"""A backend that answers what it was told, for tests of everything around the model."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Sequence

import numpy as np

from cherryrec.cnle import Prompt
from gpu_worker.backends.protocol import LetterScores, Verdict
from gpu_worker.lora import LoraWeights, require_same

__all__ = ["ScriptedBackend", "word_overlap"]

_LINE = re.compile(r'^[A-T]: (?:"(.*)"|\(untitled\))', re.MULTILINE)


def word_overlap(prompt: Prompt) -> list[float]:
    """Score a candidate by the words its title shares with the part before the candidates."""
    known = set(prompt.prefix.lower().split())
    titles = [(match[1] or "").lower().split() for match in _LINE.finditer(prompt.suffix)]
    return [float(sum(word in known for word in title)) for title in titles]


class ScriptedBackend:
    """Answers each batch with the next enqueued reply, and by `word_overlap` when there is none.

    Parameters
    ----------
    name, version
        What it calls itself.
    before
        Called with the prompts before each batch is answered: sleep in it to be slow.

    Examples
    --------
    >>> backend = ScriptedBackend()
    >>> backend.enqueue([1.0, 0.0], ValueError("no"))
    >>> prompt = Prompt(template_id="behaviour/1", prefix="", suffix="", order=(0, 1))
    >>> scores, error = backend.evaluate([prompt, prompt])
    >>> scores.logits.tolist(), error
    ([1.0, 0.0], ValueError('no'))
    """

    def __init__(
        self,
        *,
        name: str = "scripted",
        version: str = "scripted/1",
        before: Callable[[Sequence[Prompt]], None] | None = None,
    ) -> None:
        self._name = name
        self._version = version
        self._before = before
        self._replies: deque[list[float] | Exception] = deque()
        self._failures: deque[Exception] = deque()
        self._lora: LoraWeights | None = None
        self.batches: list[tuple[Prompt, ...]] = []

    @property
    def name(self) -> str:
        """What it calls itself."""
        return self._name

    @property
    def version(self) -> str:
        """What it calls its weights, and the LoRA weights it was given."""
        return self._version + (self._lora.mark if self._lora else "")

    @property
    def base(self) -> str:
        """What LoRA weights must have tuned: its name."""
        return self._name

    @property
    def batch_size(self) -> int:
        """Any number is the same to it."""
        return 8

    def enqueue(self, *replies: list[float] | Exception) -> None:
        """Add replies to the next prompts, one each: logits by letter, or an error."""
        self._replies.extend(replies)

    def enqueue_failures(self, *errors: Exception) -> None:
        """Let the next batches raise, one error each."""
        self._failures.extend(errors)

    def cut(self, title: str) -> str:
        """Keep 32 words."""
        return " ".join(title.split()[:32])

    def n_tokens(self, prompt: Prompt) -> int:
        """Count words."""
        return len(prompt.text.split())

    def evaluate(self, prompts: Sequence[Prompt]) -> list[Verdict]:
        """Reply as told; `batches` remembers the prompts."""
        self.batches.append(tuple(prompts))
        if self._before is not None:
            self._before(prompts)
        if self._failures:
            raise self._failures.popleft()
        return [self._reply(prompt) for prompt in prompts]

    def take_lora(self, weights: LoraWeights | None) -> None:
        """Call itself after the weights, if they are what was published; scores stay."""
        if weights is not None:
            require_same(weights)
        self._lora = weights

    def _reply(self, prompt: Prompt) -> Verdict:
        reply = self._replies.popleft() if self._replies else word_overlap(prompt)
        if isinstance(reply, Exception):
            return reply
        return LetterScores(logits=np.array(reply), n_tokens=self.n_tokens(prompt))
