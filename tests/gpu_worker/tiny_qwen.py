"""A random Qwen2 of two layers, its backend, and a plain forward pass."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen2ForCausalLM,
)

from cherryrec.cnle import ANSWER_CUE, LETTERS, Prompt
from gpu_worker.backends import LetterScores, load_backend
from gpu_worker.backends.causal_lm import CausalLM
from gpu_worker.config import GpuConfig


def write_tokenizer(folder: Path, lines: list[str]) -> int:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=600,
        special_tokens=["<|endoftext|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(lines, trainer)
    wrapped = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer, eos_token="<|endoftext|>", pad_token="<|endoftext|>"
    )
    wrapped.save_pretrained(folder)
    return len(wrapped)


def write_checkpoint(folder: Path) -> None:
    words = ["storm", "tax", "football", "plan", "coast", "market"]
    n_tokens = write_tokenizer(
        folder, [f"{ANSWER_CUE} {letter}" for letter in LETTERS] * 50 + words * 5
    )
    torch.manual_seed(0)
    config = Qwen2Config(
        vocab_size=n_tokens,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=4_096,
        initializer_range=0.3,
    )
    model = Qwen2ForCausalLM(config)  # type: ignore[no-untyped-call]
    model.save_pretrained(folder)


def load(checkpoint: Path, **settings: object) -> CausalLM:
    defaults = {"model": str(checkpoint), "device": "cpu", "dtype": "float32"}
    backend = load_backend(GpuConfig(**(defaults | settings)))  # type: ignore[arg-type]
    assert isinstance(backend, CausalLM)
    return backend


def reference(checkpoint: Path, prompt: Prompt) -> np.ndarray:
    """The letters' logits of the whole prompt in one forward pass, nothing else."""
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    model = AutoModelForCausalLM.from_pretrained(checkpoint, dtype=torch.float32)
    ids = tokenizer(prompt.text, return_tensors="pt").input_ids
    with torch.inference_mode():
        logits = model(ids).logits[0, -1]
    letters = [tokenizer(f"{ANSWER_CUE} {letter}").input_ids[-1] for letter in LETTERS]
    return np.asarray(logits[letters][: prompt.n_letters].double().numpy())


def logits_of(backend: CausalLM, prompts: list[Prompt]) -> list[np.ndarray]:
    verdicts = backend.evaluate(prompts)
    assert all(isinstance(one, LetterScores) for one in verdicts), verdicts
    return [one.logits for one in verdicts if isinstance(one, LetterScores)]
