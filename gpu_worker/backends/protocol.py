"""The seam between the worker and a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from cherryrec.cnle import Prompt
from gpu_worker.lora import LoraWeights

__all__ = ["Backend", "LetterScores", "Tunable", "Verdict"]


@dataclass(frozen=True, slots=True, eq=False)
class LetterScores:
    """What a model answered to one prompt.

    Parameters
    ----------
    logits
        The logits of the prompt's letters at its last position, float64 (n_letters,), finite.
    n_tokens
        The prompt's length.
    """

    logits: NDArray[np.float64]
    n_tokens: int


Verdict = LetterScores | Exception
"""The answer to one prompt, or why there is none."""


class Backend(Protocol):
    """A model that judges prompts.

    The batch law: `evaluate` returns as many verdicts as it got prompts, in their order, and a
    prompt that cannot be judged is an exception in its place. What it raises concerns the whole
    batch: no model, no memory, no device.
    """

    @property
    def name(self) -> str:
        """The model in words, for people."""
        ...

    @property
    def version(self) -> str:
        """Weights and arithmetic: equal versions give equal scores, up to rounding."""
        ...

    @property
    def batch_size(self) -> int:
        """Prompts it judges together when the operator does not say."""
        ...

    def cut(self, title: str) -> str:
        """Shorten a title to the tokens allowed."""
        ...

    def n_tokens(self, prompt: Prompt) -> int:
        """Count the tokens of a prompt."""
        ...

    def evaluate(self, prompts: Sequence[Prompt]) -> list[Verdict]:
        """Judge a batch, by the batch law."""
        ...


@runtime_checkable
class Tunable(Protocol):
    """A backend whose LoRA weights can be swapped while it serves."""

    @property
    def base(self) -> str:
        """The model without LoRA weights, see `base_name`: what weights must have tuned."""
        ...

    def take_lora(self, weights: LoraWeights | None) -> None:
        """Go on with these weights, or with none; the version says which.

        Called between batches. What is asked next is judged by the new weights alone.

        Raises
        ------
        ModelError
            They do not fit or cannot be used; those from before still are.
        """
        ...
