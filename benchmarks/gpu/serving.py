"""Slates a second: of one pass by batch, with and without reused prefixes, and of generate()."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import count

import torch

from benchmarks.gpu.clock import Clock, peak_gb, timed
from benchmarks.one_pass import backends, evaluate, generate, ranking, requests
from cherryrec.cnle import Prompt, render
from cherryrec.events import EvaluationRequest
from gpu_worker.backends.causal_lm import CausalLM
from gpu_worker.backends.loading import Base

__all__ = ["asked", "measure_generate", "measure_serving"]

BATCHES = (1, 2, 4, 8, 16, 32, 64)
GENERATED = (1, 16)
MEASURED_S = 5.0


def asked(backend: CausalLM, n: int) -> list[tuple[EvaluationRequest, Prompt]]:
    """Draw prompts of 20 candidates, users one after another, and what each is of."""
    drawn: list[tuple[EvaluationRequest, Prompt]] = []
    for seed in count():
        for request in requests(seed):
            drawn += [(request, prompt) for prompt in render(request, cut=backend.cut)]
        if len(drawn) >= n:
            return drawn[:n]
    raise AssertionError


def measure_serving(base: Base, name: str, clock: Clock) -> None:
    """Print a line for each size of a batch, and one for prompts that reuse prefixes."""
    base.model.train(False)
    device = base.model.device
    plain, reusing = backends(base)
    pairs = asked(plain, max(BATCHES))
    prompts = [prompt for _, prompt in pairs]
    n_tokens = statistics.fmean(plain.n_tokens(one) for one in prompts)
    print(f"{name}: prompts of {n_tokens:.0f} tokens{peak_gb(device)} to load")
    for n in BATCHES:
        what = f"{name}, one pass, batches of {n}"
        if clock.allows(what, seconds=2 * MEASURED_S):
            _say(what, partial(evaluate, plain, [prompts[:n]]), n, device)
    what = f"{name}, one pass, prefix reused"
    if clock.allows(what, seconds=2 * MEASURED_S):
        places = iter(count())

        def next_one() -> None:
            evaluate(reusing, [[prompts[next(places) % len(prompts)]]])

        _say(what, next_one, 1, device)


def measure_generate(base: Base, name: str, clock: Clock) -> None:
    """Print a line for each size of a batch that writes its rankings out."""
    base.model.train(False)
    base.tokenizer.pad_token = base.tokenizer.eos_token
    pairs = asked(backends(base)[0], max(GENERATED))
    text = "".join(ranking(*pairs[0]))
    n_written = len(base.tokenizer(text)["input_ids"])
    for n in GENERATED:
        what = f"{name}, generate() of {n_written} tokens, batches of {n}"
        if clock.allows(what, seconds=60.0):
            texts = [prompt.text for _, prompt in pairs[:n]]
            action = partial(generate, base, texts, n_written)
            _say(what, action, n, base.model.device, once=True)


def _say(
    what: str, action: Callable[[], None], n: int, device: torch.device, *, once: bool = False
) -> None:
    """Measure a call for some seconds, or once, and print it."""
    if not once:
        action()  # the first one allocates, and chooses kernels
    taken: list[float] = []
    end_s = time.monotonic() + MEASURED_S
    while not taken or (not once and time.monotonic() < end_s):
        taken.append(timed(action, device))
    p50, p99 = _percentiles(taken)
    print(
        f"{what}: {n / statistics.fmean(taken):.2f} slates/s; a batch p50 {1e3 * p50:.1f} ms, "
        f"p99 {1e3 * p99:.1f} ms of {len(taken)}{peak_gb(device)}"
    )


def _percentiles(seconds: Sequence[float]) -> tuple[float, float]:
    ordered = sorted(seconds)
    return statistics.median(ordered), ordered[int(0.99 * len(ordered))]
