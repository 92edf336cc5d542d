"""Examples in tokens: exactly what is served, and learned is the answer alone."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from transformers import AutoTokenizer

from cherryrec.cnle import Prompt
from cherryrec.errors import ModelError
from gpu_worker.backends.tokens import PromptTokens
from gpu_worker.finetune.encode import IGNORED, collate, encode
from gpu_worker.finetune.training_pairs import TrainingPair


@pytest.fixture(scope="module")
def tokens(checkpoint: Path) -> PromptTokens:
    return PromptTokens(AutoTokenizer.from_pretrained(checkpoint), title_tokens=32)


def example_of(prompt: Prompt, *, rest: str = ': "Storm" (a1)', letter: int = 1) -> TrainingPair:
    return TrainingPair(prompt=prompt, letter=letter, rest=rest, shown_at=0.0)


def test_the_prompt_is_tokenised_as_it_is_served(
    tokens: PromptTokens, prompts: list[Prompt]
) -> None:
    for prompt in prompts:
        encoded = encode(example_of(prompt), tokens, end_id=0, max_tokens=4_096)

        served = tokens.prefix_ids(prompt.prefix) + tokens.suffix_ids(prompt.suffix)
        assert encoded.ids[: encoded.n_prompt] == served
        assert encoded.ids[encoded.n_prompt] == tokens.letter_ids[1]
        assert encoded.ids[-1] == 0


def test_an_answer_of_a_letter_is_one_token(tokens: PromptTokens, prompts: list[Prompt]) -> None:
    encoded = encode(example_of(prompts[0], rest=""), tokens, end_id=0, max_tokens=4_096)

    assert len(encoded.ids) == encoded.n_prompt + 1


def test_learned_is_the_answer_alone(tokens: PromptTokens, prompts: list[Prompt]) -> None:
    encoded = [
        encode(example_of(prompt), tokens, end_id=0, max_tokens=4_096) for prompt in prompts[:3]
    ]

    batch = collate(encoded, pad_id=0, letter_weight=4.0)

    for row, one in enumerate(encoded):
        n_answer = len(one.ids) - one.n_prompt
        labels = batch["labels"][row]
        assert labels[-n_answer:].tolist() == list(one.ids[one.n_prompt :])
        assert (labels[:-n_answer] == IGNORED).all()
        weights = batch["weights"][row]
        assert weights[-n_answer].item() == 4.0
        assert weights.sum().item() == 4.0 + (n_answer - 1)
        assert batch["attention_mask"][row].sum().item() == len(one.ids)
        assert batch["position_ids"][row, -1].item() == len(one.ids) - 1
        assert torch.equal(batch["input_ids"][row, -len(one.ids) :], torch.tensor(one.ids))


def test_a_prompt_beyond_the_models_positions_says_what_to_lower(
    tokens: PromptTokens, prompts: list[Prompt]
) -> None:
    with pytest.raises(ModelError, match="at most 10 tokens for this model, got"):
        encode(example_of(prompts[0]), tokens, end_id=0, max_tokens=10)
