"""Claim: one pass over index letters ranks 20 times as many slates a second as generated text does.

The same model reads the same prompts: 20 candidates, 20 titles of history, seeded headlines.

- *one pass*: the logits of the letters at a prompt's last position, as CnLE serves.
- *generate*: transformers' `generate()`, greedy, with its own cache, of as many tokens as the
  ranking of the 20 candidates has in the form that fine-tuned answers have, `A: "title" (id)`, a
  line each. The length is fixed, as an untrained model would not stop. Beside it, only the first
  of these lines, which names one article and ranks none.
- *prefix reuse*: a user's prompts following each other, as between two clicks: two requests of
  68 candidates, in four groups of 20 each. Without reuse each prompt is computed from its start.
- *padded*: the same prompts in one batch, each as long as the longest.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Sequence

import numpy as np
import torch

from benchmarks._report import header, spread, verdict
from cherryrec.cnle import LETTERS, Prompt, evaluation_request, quoted, render
from cherryrec.errors import ModelError
from cherryrec.evaluation.generate.headlines import headline
from cherryrec.evaluation.generate.world import CATEGORIES, TOPICS
from cherryrec.events import EvaluationRequest, PromptProfile
from gpu_worker.backends import LetterScores
from gpu_worker.backends.causal_lm import CausalLM
from gpu_worker.backends.loading import Base, load_base
from gpu_worker.config import GpuConfig

SEED = 0
N_RUNS = 3
N_REQUESTS, N_CANDIDATES, N_HISTORY = 2, 68, 20
GENERATE_AT_LEAST = 20.0
REUSE_AT_LEAST = 1.7
PADDED_MOST = 1.1


def requests(seed: int) -> list[EvaluationRequest]:
    """Draw what one user is asked about between two clicks."""
    rng = np.random.default_rng(seed)
    drawn = rng.integers(len(TOPICS), size=(N_REQUESTS, N_CANDIDATES)).tolist()
    history = tuple(
        headline(rng, TOPICS[topic][1]).title
        for topic in rng.integers(len(TOPICS), size=N_HISTORY).tolist()
    )
    return [
        evaluation_request(
            request_id=f"r{number}",
            user_id=f"u{seed}",
            candidates=[
                (
                    f"N{10_000 + 1_000 * number + place}",
                    headline(rng, TOPICS[topic][1]).title,
                    CATEGORIES[TOPICS[topic][0]].name,
                )
                for place, topic in enumerate(topics)
            ],
            profile=PromptProfile(history=history),
            expires_at=0.0,
        )
        for number, topics in enumerate(drawn)
    ]


def ranking(request: EvaluationRequest, prompt: Prompt) -> list[str]:
    """Spell out a ranking of a prompt's candidates, a line each."""
    chosen = [request.candidates[index] for index in prompt.order]
    return [
        f"{letter}: {quoted(one.title)} ({one.article_id})\n"
        for letter, one in zip(LETTERS, chosen, strict=False)
    ]


def generate(base: Base, text: str, n_tokens: int) -> None:
    """Let the model write so many tokens after a prompt."""
    read = base.tokenizer(text, return_tensors="pt", add_special_tokens=False)
    with torch.inference_mode():
        base.model.generate(
            **read,
            do_sample=False,
            min_new_tokens=n_tokens,
            max_new_tokens=n_tokens,
            pad_token_id=base.tokenizer.eos_token_id,
        )


def evaluate(backend: CausalLM, batches: Sequence[Sequence[Prompt]]) -> None:
    """Score prompts in one pass each."""
    for batch in batches:
        assert all(isinstance(one, LetterScores) for one in backend.evaluate(batch))


def seconds(action: Callable[[], None]) -> float:
    """Measure a call."""
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def backends(base: Base) -> tuple[CausalLM, CausalLM]:
    """Return the model without and with memory for prefixes."""
    without, having = (
        CausalLM(
            base.model,
            base.tokenizer,
            name=base.name,
            version=base.version,
            prefix_cache_bytes=n_bytes,
        )
        for n_bytes in (0, GpuConfig().prefix_cache_bytes)
    )
    return without, having


def main(arguments: Sequence[str]) -> int:
    """Print the table; exit 1 where a claim does not hold."""
    n_runs = int(arguments[0]) if arguments else N_RUNS
    header(f"ranking 20 candidates with a language model, {n_runs} runs", seed=SEED)
    try:
        base = load_base(GpuConfig(model="small", device="cpu"))
    except ModelError as error:
        print(error)
        return 1
    base.model.train(False)
    plain, reusing = backends(base)
    taken: dict[str, list[float]] = {}
    for run in range(n_runs + 1):
        asked = requests(SEED + run)
        pairs = [(one, prompt) for one in asked for prompt in render(one, cut=plain.cut)]
        prompts = [prompt for _, prompt in pairs]
        if run == 0:  # the first pass allocates
            evaluate(plain, [prompts[:1]])
            continue
        lines = ranking(*pairs[0])
        n_line, n_ranking = (
            len(base.tokenizer(text)["input_ids"]) for text in (lines[0], "".join(lines))
        )
        alone = [[prompt] for prompt in prompts]
        ways: dict[str, tuple[int, Callable[[], None]]] = {
            "one pass": (len(prompts), lambda alone=alone: evaluate(plain, alone)),
            "one pass, prefix reused": (len(prompts), lambda alone=alone: evaluate(reusing, alone)),
            f"one pass, {len(prompts)} prompts padded": (
                len(prompts),
                lambda prompts=prompts: evaluate(plain, [prompts]),
            ),
            "generate, one line": (
                1,
                lambda text=prompts[0].text, n=n_line: generate(base, text, n),
            ),
            "generate, the ranking": (
                1,
                lambda text=prompts[0].text, n=n_ranking: generate(base, text, n),
            ),
        }
        for name, (n, action) in ways.items():
            taken.setdefault(name, []).append(seconds(action) / n)
        n_read = statistics.fmean(plain.n_tokens(prompt) for prompt in prompts)
        print(
            f"run {run}: {len(prompts)} prompts of {n_read:.0f} tokens, {prompts[0].n_letters} "
            f"candidates; a line has {n_line} tokens, the ranking {n_ranking}"
        )
    for name, values in taken.items():
        print(f"{name}: {spread([1 / one for one in values], 2)} slates/s")
    return 0 if all(claims(taken)) else 1


def claims(taken: dict[str, list[float]]) -> list[bool]:
    """Print the ratios of seconds a slate against their bounds."""
    one, reused, padded, line, whole = taken.values()

    def ratio(slower: Sequence[float], faster: Sequence[float]) -> float:
        return statistics.median(a / b for a, b in zip(slower, faster, strict=True))

    print(f"one pass over generating one line: {ratio(line, one):.2f}, which ranks one article")
    print(f"prefix reused over generating the ranking: {ratio(whole, reused):.1f}")
    return [
        verdict("one pass over generate", ratio(whole, one), at_least=GENERATE_AT_LEAST),
        verdict("prefix reused over not", ratio(one, reused), at_least=REUSE_AT_LEAST),
        verdict("padded batch over one by one", ratio(one, padded), most=PADDED_MOST),
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
