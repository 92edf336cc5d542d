"""Requests between their arrival at the worker and their answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from cherryrec.cnle import Prompt
from cherryrec.events import Evaluation, EvaluationRequest

__all__ = ["Answer", "PendingRequest", "PromptPlace"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer(Generic[T]):
    """An evaluation, where its request came from, and how many prompts were judged with its own."""

    source: T
    evaluation: Evaluation
    n_batch: int = 0


@dataclass(slots=True, eq=False)
class PendingRequest(Generic[T]):
    """A request with prompts still to be judged; `model` is the version that judged the others.

    `n_batch` is the size of the largest batch that any of its prompts was in.
    """

    source: T
    request: EvaluationRequest
    model: str = ""
    prompts: tuple[Prompt, ...] = ()
    logits: list[NDArray[np.float64] | None] = field(default_factory=list)
    is_answered: bool = False
    n_tokens: int = 0
    n_computed: int = 0
    n_batch: int = 0
    wait_s: float = 0.0
    compute_s: float = 0.0
    share_s: float = 0.0

    @property
    def is_complete(self) -> bool:
        """Whether the logits of all prompts are known."""
        return all(one is not None for one in self.logits)


@dataclass(frozen=True, slots=True)
class PromptPlace(Generic[T]):
    """One prompt of an open request."""

    open: PendingRequest[T]
    number: int

    @property
    def prompt(self) -> Prompt:
        """The prompt itself."""
        return self.open.prompts[self.number]
