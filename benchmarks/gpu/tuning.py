"""Steps a second of QLoRA by the recipe that ships, with the trainer that `finetune` uses."""

from __future__ import annotations

import statistics
import tempfile
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import torch

from benchmarks.gpu.clock import Clock, peak_gb
from benchmarks.gpu.serving import asked
from benchmarks.one_pass import backends, ranking
from gpu_worker.backends.loading import Base
from gpu_worker.backends.tokens import PromptTokens
from gpu_worker.finetune.encode import Encoded
from gpu_worker.finetune.recipe import load_recipe
from gpu_worker.finetune.training import trainer_of, with_lora

__all__ = ["measure_tuning"]

N_STEPS = 8


def measure_tuning(base: Base, name: str, clock: Clock) -> None:
    """Print what a step takes, the first one apart."""
    what = f"{name}, QLoRA, {N_STEPS} steps"
    if not clock.allows(what, seconds=60.0):
        return
    recipe = replace(load_recipe("qwen2-7b"), max_steps=N_STEPS, validate_every=1_000)
    tokens = PromptTokens(base.tokenizer, title_tokens=recipe.title_tokens)
    examples = [
        Encoded(
            ids=(
                *(prompt := tokens.prefix_ids(one.prefix) + tokens.suffix_ids(one.suffix)),
                tokens.letter_ids[0],
                *tokens.text_ids(ranking(request, one)[0]),
            ),
            n_prompt=len(prompt),
            letter=0,
            n_letters=one.n_letters,
        )
        for request, one in asked(backends(base)[0], recipe.batch_size)
    ]
    device = base.model.device
    ends_s = [time.perf_counter()]

    def step(_: int) -> None:
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        ends_s.append(time.perf_counter())

    with tempfile.TemporaryDirectory(prefix="cherryrec-gpu-") as folder:
        trainer = trainer_of(
            with_lora(base, recipe),
            recipe,
            train=examples * N_STEPS,
            choose=examples[:1],
            letter_ids=tokens.letter_ids,
            pad_id=tokens.pad_id,
            folder=Path(folder),
            seed=0,
            progress=step,
        )
        trainer.train()
    taken = [after - before for before, after in pairwise(ends_s[1:])]
    length = statistics.fmean(len(one.ids) for one in examples)
    print(
        f"{what}: {1 / statistics.median(taken):.3f} steps/s of {recipe.batch_size} examples of "
        f"{length:.0f} tokens, {recipe.micro_batch_size} at once{peak_gb(device)}"
    )
