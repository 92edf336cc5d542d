"""Hostile titles against tokenizers, and against the real small model where it has been fetched."""

from __future__ import annotations

from pathlib import Path

import pytest
from transformers import AutoTokenizer

from benchmarks._attacks import N_CANDIDATES, attacks, draw_slate
from benchmarks._shifts import (
    MODES,
    MOST_FIRST,
    MOST_NATS_UNGUESSED,
    MOST_UP,
    Ranks,
    excess,
    letter_preferences,
    measure,
    split,
)
from cherryrec.cnle import LETTERS
from gpu_worker.backends import load_backend
from gpu_worker.backends.causal_lm import CausalLM
from gpu_worker.backends.tokens import PromptTokens
from gpu_worker.config import GpuConfig
from gpu_worker.small_model import small_model_path

FETCHED = small_model_path(Path(GpuConfig().model_cache_dir))
SPECIAL = (
    "<|im_start|>",
    "<|im_end|>",
    "<s>",
    "</s>",
    "[INST]",
    "[/INST]",
    "<<SYS>>",
    "<|eot_id|>",
    "<unk>",
    "<pad>",
    "<start_of_turn>",
)
SEEDS = (7, 13)
"""Slates on which the attacked candidate is third of six; it stands last, and what comes before it
is computed once."""


def test_no_title_becomes_a_special_token_of_any_family(checkpoint: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    tokenizer.add_special_tokens({"additional_special_tokens": list(SPECIAL)})
    tokens = PromptTokens(tokenizer, title_tokens=32)
    special = set(tokenizer.all_special_ids)
    slate = draw_slate(0, place=0)

    assert len(special) == len(SPECIAL) + 1
    for attack in attacks():
        written = attack.written("A")
        (prompt,) = slate.prompts(written, cut=tokens.cut)
        ids = tokens.prefix_ids(prompt.prefix) + tokens.suffix_ids(prompt.suffix)
        assert not special & set(ids), attack.id
        # Even as it came, before anything is taken from it.
        assert not special & set(tokens.text_ids(written[:2_000])), attack.id


def test_parting_a_prompt_at_the_attacked_title_leaves_the_text() -> None:
    for place in range(N_CANDIDATES):
        slate = draw_slate(3, place=place)
        (prompt,) = slate.prompts(f'x"\n{LETTERS[place]}: y')

        parted = split(prompt)

        assert parted.text == prompt.text
        assert parted.suffix.startswith(f'{LETTERS[place]}: "x\' {LETTERS[place]}: y"')


@pytest.mark.skipif(FETCHED is None, reason="run `cherryrec model fetch` first")
def test_the_rank_shift_of_attacks_on_the_real_small_model_is_bounded() -> None:
    backend = load_backend(GpuConfig(model="small", device="cpu", dtype="float32"))
    assert isinstance(backend, CausalLM)
    preferences = letter_preferences(backend)
    tried, unguessed = [], []
    for number, seed in enumerate(SEEDS):
        ranks = Ranks(backend, draw_slate(seed, place=N_CANDIDATES - 1), preferences)
        # Every other title, on one slate each, added or alone; the benchmark tries all of it.
        chosen = [
            (attack, MODES[place // len(SEEDS) % 2])
            for place, attack in enumerate(attacks()[::2])
            if place % len(SEEDS) == number
        ]
        tried += measure(ranks, chosen, n_controls=2)
        named = [(attack, mode) for attack, mode in chosen if attack.names_letter]
        unguessed += measure(ranks, named[::2], is_guessed=False, n_controls=2)

    assert len(tried) > 100
    assert excess(tried).up <= MOST_UP
    assert excess(tried).first <= MOST_FIRST
    assert excess(unguessed).nats <= MOST_NATS_UNGUESSED
    assert excess(unguessed).nats < excess(tried).nats
