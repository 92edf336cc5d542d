"""Claim: one forward pass ranks a slate at least 20 times as fast as writing the ranking out.

The same small model reads the same prompts (20 candidates, 20 titles of history) and either scores
the letters in one pass, as CnLE does, or generates: the whole ranking in the paper's form (letter,
title and id of each candidate), and for comparison one such answer and one letter, which rank
nothing. Lengths are those of the texts in the model's own tokens; what is written is not looked
at. Then, for a reader's nine prompts until the next click (three requests for 37 candidates each,
in groups), with the prefix remembered and not; and single prompts against padded batches, which on
a CPU is why a batch is one prompt.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from benchmarks._report import header, spread, verdict
from cherryrec.cnle import Prompt, PromptConfig, evaluation_request, render
from cherryrec.evaluation.generate.headlines import headline
from cherryrec.evaluation.generate.words import CATEGORIES
from cherryrec.events import EvaluationRequest, PromptProfile
from gpu_worker.backends.causal_lm import CausalLM
from gpu_worker.backends.loading import Base, load_base
from gpu_worker.config import GpuConfig

SEED = 0
N_RUNS = 3
N_HISTORY = 20
N_SLATES = 2
AT_LEAST = 20.0
AT_LEAST_REUSED = 1.7
BATCH = 4
CONFIG = PromptConfig(templates=("behaviour/1",))


def request(rng: np.random.Generator, number: int, n: int, history: Sequence[str]) -> Any:
    """Draw a request for n candidates."""
    return evaluation_request(
        request_id=f"r{number}",
        user_id="u",
        candidates=[(f"N{10_000 + 100 * number + i}", title(rng), "news") for i in range(n)],
        profile=PromptProfile(history=tuple(history)),
        expires_at=0.0,
    )


def title(rng: np.random.Generator) -> str:
    """Draw a headline."""
    topics = [topic for category in CATEGORIES for topic in category.topics]
    return headline(rng, topics[int(rng.integers(len(topics)))]).title


def seconds(act: Callable[[], object]) -> float:
    """Time one call."""
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def backend_of(base: Base, *, prefix_cache_bytes: int = 0) -> CausalLM:
    """Serve a loaded model."""
    return CausalLM(
        base.model,
        base.tokenizer,
        name=base.name,
        version=base.version,
        prefix_cache_bytes=prefix_cache_bytes,
    )


def generated(base: Base, prompt: Prompt, n_tokens: int) -> None:
    """Write so many tokens after a prompt, greedily, with transformers' own keys and values."""
    ids = base.tokenizer(prompt.text, return_tensors="pt").input_ids
    with torch.inference_mode():
        base.model.generate(
            ids,
            attention_mask=torch.ones_like(ids),
            max_new_tokens=n_tokens,
            min_new_tokens=n_tokens,
            do_sample=False,
            pad_token_id=base.tokenizer.eos_token_id,
        )


def answers(asked: EvaluationRequest) -> list[str]:
    """Return what the paper's model would answer for each candidate."""
    return [
        f' {letter}: "{one.title}" ({one.article_id})\n'
        for letter, one in zip("ABCDEFGHIJKLMNOPQRST", asked.candidates, strict=True)
    ]


def rankings(base: Base, rng: np.random.Generator) -> bool:
    """Compare one pass with generation, run by run."""
    history = [title(rng) for _ in range(N_HISTORY)]
    asked = [request(rng, number, 20, history) for number in range(N_SLATES)]
    prompts = [render(one, config=CONFIG)[0] for one in asked]
    lengths = {
        "the whole ranking": len(base.tokenizer("".join(answers(asked[0]))).input_ids),
        "one answer": len(base.tokenizer(answers(asked[0])[0]).input_ids),
        "one letter": 1,
    }
    backend = backend_of(base)
    print(f"prompts of {backend.n_tokens(prompts[0])} tokens, {N_SLATES} slates a run")
    passes: list[float] = []
    written: dict[str, list[float]] = {name: [] for name in lengths}
    for _ in range(N_RUNS):
        passes.append(N_SLATES / seconds(lambda: [backend.evaluate([one]) for one in prompts]))
        for name, n_tokens in lengths.items():
            # The long way takes its time: one slate is enough.
            taken = prompts[:1] if name == "the whole ranking" else prompts
            spent = seconds(lambda t=taken, n=n_tokens: [generated(base, one, n) for one in t])
            written[name].append(len(taken) / spent)
    print(f"one pass: {spread(passes, 3)} slates/s")
    for name, rates in written.items():
        ratio = statistics.median(a / b for a, b in zip(passes, rates, strict=True))
        print(
            f"generate(), {name} ({lengths[name]} tokens): {spread(rates, 4)} slates/s, "
            f"one pass is {ratio:.1f} times as fast"
        )
    rates = written["the whole ranking"]
    ratio = statistics.median(a / b for a, b in zip(passes, rates, strict=True))
    return verdict("one pass over generate(), whole rankings", ratio, at_least=AT_LEAST)


def reuse(base: Base, rng: np.random.Generator) -> bool:
    """Compare a reader's prompts with and without remembering their common part."""
    history = [title(rng) for _ in range(N_HISTORY)]
    prompts = [
        prompt
        for number in range(3)
        for prompt in render(request(rng, number, 37, history), config=CONFIG)
    ]
    plain, reused = [], []
    for _ in range(N_RUNS):
        for rates, n_bytes in ((plain, 0), (reused, 1 << 30)):
            backend = backend_of(base, prefix_cache_bytes=n_bytes)
            spent = seconds(lambda b=backend: [b.evaluate([one]) for one in prompts])
            rates.append(len(prompts) / spent)
    print(f"a reader's {len(prompts)} prompts, each anew: {spread(plain, 3)} prompts/s")
    print(f"the same, prefix remembered: {spread(reused, 3)} prompts/s")
    ratio = statistics.median(a / b for a, b in zip(reused, plain, strict=True))
    return verdict("with the prefix remembered over without", ratio, at_least=AT_LEAST_REUSED)


def batches(base: Base, rng: np.random.Generator) -> None:
    """Compare single prompts with a padded batch; nothing is claimed of other processors."""
    sizes = rng.integers(5, 21, BATCH).tolist()
    prompts = []
    for number, n in enumerate(sizes):
        history = [title(rng) for _ in range(int(rng.integers(0, N_HISTORY + 1)))]
        prompts += render(request(rng, number, n, history), config=CONFIG)
    backend = backend_of(base)
    single, padded = [], []
    for _ in range(N_RUNS):
        single.append(BATCH / seconds(lambda: [backend.evaluate([one]) for one in prompts]))
        padded.append(BATCH / seconds(lambda: backend.evaluate(prompts)))
    ratio = statistics.median(a / b for a, b in zip(padded, single, strict=True))
    print(
        f"one by one {spread(single, 3)}, a padded batch of {BATCH} {spread(padded, 3)} "
        f"prompts/s: ratio {ratio:.2f}"
    )


def main() -> int:
    """Print the table; exit 1 where a claim does not hold."""
    header("scoring letters in one pass against writing rankings, SmolLM2-135M", seed=SEED)
    base = load_base(GpuConfig(model="small", device="cpu"))
    base.model.train(False)
    rng = np.random.default_rng(SEED)
    print(f"{base.version}, {torch.get_num_threads()} threads")
    seconds(lambda: generated(base, render(request(rng, 0, 2, ()), config=CONFIG)[0], 2))
    holds = [rankings(base, rng), reuse(base, rng)]
    batches(base, rng)
    return 0 if all(holds) else 1


if __name__ == "__main__":
    sys.exit(main())
