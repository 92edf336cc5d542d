"""Examples as tensors: tokens, what is learned of them, and with which weight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch.utils.data import Dataset

from cherryrec.errors import ModelError
from gpu_worker.backends.tokens import PromptTokens
from gpu_worker.finetune.training_pairs import TrainingPair

__all__ = ["Encoded", "Examples", "collate", "encode"]

IGNORED = -100
"""The label of a token that is not learned (torch's convention)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded:
    """One example in tokens.

    Parameters
    ----------
    ids
        Prompt, letter, and if the answer goes on, the rest of it and the end of the text.
    n_prompt
        How many of them are the prompt, which is not learned.
    letter, n_letters
        The answer's letter, from 0, of how many.
    """

    ids: tuple[int, ...]
    n_prompt: int
    letter: int
    n_letters: int


class Examples(Dataset[Encoded]):
    """Encoded examples as torch's loaders read them."""

    def __init__(self, encoded: Sequence[Encoded]) -> None:
        self._encoded = encoded

    def __len__(self) -> int:
        return len(self._encoded)

    def __getitem__(self, place: int) -> Encoded:
        return self._encoded[place]


def encode(
    example: TrainingPair, tokens: PromptTokens, *, end_id: int | None, max_tokens: int
) -> Encoded:
    """Tokenise one example exactly as the prompt is tokenised when it is served.

    Parameters
    ----------
    example
        Prompt and answer.
    tokens
        The model's tokenizer.
    end_id
        The token that ends an answer of more than its letter; None for none.
    max_tokens
        Positions the model has.

    Raises
    ------
    ModelError
        The example is longer.
    """
    prompt = tokens.prefix_ids(example.prompt.prefix) + tokens.suffix_ids(example.prompt.suffix)
    end = () if end_id is None else (end_id,)
    rest = (*tokens.text_ids(example.rest), *end) if example.rest else ()
    ids = (*prompt, tokens.letter_ids[example.letter], *rest)
    if len(ids) > max_tokens:
        msg = (
            f"an example must have at most {max_tokens} tokens for this model, got {len(ids)}: "
            "lower max_history, n_candidates or title_tokens in the recipe"
        )
        raise ModelError(msg)
    return Encoded(
        ids=ids,
        n_prompt=len(prompt),
        letter=example.letter,
        n_letters=example.prompt.n_letters,
    )


def collate(
    batch: Sequence[Encoded], *, pad_id: int, letter_weight: float
) -> dict[str, torch.Tensor]:
    """Pad on the left, so that all answers end together.

    Parameters
    ----------
    batch
        B examples; the longest has T tokens.
    pad_id
        Any token; it is masked.
    letter_weight
        Weight of the letter's token against 1 for the others of the answer.

    Returns
    -------
    input_ids, attention_mask, position_ids, labels, weights of shape (B, T), and of shape (B,):
    n_answer (tokens learned), letter, n_letters.

    Examples
    --------
    >>> one = Encoded(ids=(5, 6, 7), n_prompt=2, letter=0, n_letters=2)
    >>> two = Encoded(ids=(5, 6, 8, 9), n_prompt=2, letter=1, n_letters=2)
    >>> batch = collate([one, two], pad_id=0, letter_weight=3.0)
    >>> batch["input_ids"].tolist(), batch["labels"].tolist()
    ([[0, 5, 6, 7], [5, 6, 8, 9]], [[-100, -100, -100, 7], [-100, -100, 8, 9]])
    >>> batch["weights"].tolist()
    [[0.0, 0.0, 0.0, 3.0], [0.0, 0.0, 3.0, 1.0]]
    """
    longest = max(len(one.ids) for one in batch)
    shape = (len(batch), longest)
    ids = torch.full(shape, pad_id, dtype=torch.long)  # (B, T)
    mask = torch.zeros(shape, dtype=torch.long)
    labels = torch.full(shape, IGNORED, dtype=torch.long)
    weights = torch.zeros(shape)
    for row, one in enumerate(batch):
        start = longest - len(one.ids)
        ids[row, start:] = torch.tensor(one.ids)
        mask[row, start:] = 1
        answer = start + one.n_prompt
        labels[row, answer:] = ids[row, answer:]
        weights[row, answer:] = 1.0
        weights[row, answer] = letter_weight
    return {
        "input_ids": ids,
        "attention_mask": mask,
        "position_ids": (mask.cumsum(dim=1) - 1).clamp(min=0),
        "labels": labels,
        "weights": weights,
        "n_answer": torch.tensor([len(one.ids) - one.n_prompt for one in batch]),
        "letter": torch.tensor([one.letter for one in batch]),
        "n_letters": torch.tensor([one.n_letters for one in batch]),
    }
