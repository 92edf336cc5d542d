"""From tokens to the logits of the index letters, in float32 where the model allows it.

A bfloat16 output layer rounds logits to steps of an eighth, and half of a slate ties. Only twenty
rows of it are needed, so they are multiplied in float32 with the last hidden state.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence

import torch
from transformers import PreTrainedModel

__all__ = ["LetterHead"]

_RESCALED = ("final_logit_softcapping", "logit_scale", "logits_scaling", "lm_head_multiplier")
"""Settings of families whose logits are more than a matrix product; they take the long way."""


class LetterHead:
    """A model whose vocabulary is the index letters.

    Parameters
    ----------
    model
        A causal language model in evaluation mode.
    letter_ids
        The letters' tokens.
    """

    def __init__(self, model: PreTrainedModel, letter_ids: Sequence[int]) -> None:
        self._model = model
        self._decoder = model.get_decoder()  # type: ignore[no-untyped-call]
        self._letter_ids = torch.tensor(letter_ids, device=model.device)  # (L,)
        self._rows = _rows(model, self._letter_ids)
        accepted = inspect.signature(model.forward).parameters
        self._last_only = {"logits_to_keep": 1} if "logits_to_keep" in accepted else {}

    def logits(self, rows: Sequence[Sequence[int]], **options: object) -> torch.Tensor:
        """Letter logits at the last position in float64 on the CPU, (B, T) → (B, L)."""
        ids = torch.tensor(rows, device=self._model.device)  # (B, T)
        if self._rows is None:
            output = self._model(input_ids=ids, **options, **self._last_only)
            wanted: torch.Tensor = output.logits[:, -1][:, self._letter_ids]  # (B, L)
        else:
            hidden = self._decoder(input_ids=ids, **options).last_hidden_state  # (B, T, D)
            wanted = hidden[:, -1].float() @ self._rows.T  # (B, L)
        return wanted.double().cpu()


def _rows(model: PreTrainedModel, letter_ids: torch.Tensor) -> torch.Tensor | None:
    """Return the letters' rows of a plain output layer in float32, (L, D); None if it is not."""
    head = model.get_output_embeddings()  # type: ignore[no-untyped-call]
    is_plain = type(head) is torch.nn.Linear and head.bias is None
    if not is_plain or any(getattr(model.config, name, None) for name in _RESCALED):
        return None
    with torch.no_grad():
        rows: torch.Tensor = head.weight[letter_ids].float()
    return rows
