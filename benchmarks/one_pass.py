"""Claim: one pass over index letters ranks 20 times as many slates a second as written text does.

The same model reads the same prompts: 20 candidates, 20 titles of history, seeded headlines.

- *one pass*: the logits of the letters at a prompt's last position, as CnLE serves.
- *generate*: transformers' `generate()`, greedy, with its own cache, of as many tokens as the
  ranking of the 20 candidates has in the form that fine-tuned answers have, `A: "title" (id)`, a
  line each. The length is fixed, as an untrained model would not stop. Beside it, only the first
  of these lines, which names one article and ranks none; and, once, the rankings of a batch.
- *prefix reuse*: a user's prompts following each other, as between two clicks: three requests
  of 68 candidates, in four groups of 20 each. Without reuse each prompt is computed from its start.
- *padded*: three of the prompts in one batch, each as long as the longest.

The claim is of the way that serves, with prefix reuse; the ratio without it is printed too.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import torch

from benchmarks._report import header, spread, verdict
from cherryrec.cnle import LETTERS, Prompt, evaluation_request, quoted, render
from cherryrec.errors import ModelError
from cherryrec.evaluation.generate.headlines import headline
from cherryrec.evaluation.generate.words import CATEGORIES
from cherryrec.evaluation.generate.world import TOPICS
from cherryrec.events import EvaluationRequest, PromptProfile
from gpu_worker.backends import LetterScores
from gpu_worker.backends.causal_lm import CausalLM
from gpu_worker.backends.loading import Base, load_base
from gpu_worker.config import GpuConfig

SEED = 0
N_RUNS = 3
N_REQUESTS, N_CANDIDATES, N_HISTORY = 3, 68, 20
N_BATCH = 3
ONE, REUSED, PADDED = "one pass", "one pass, prefix reused", "one pass, padded batch"
LINE, WHOLE, BATCH = "generate, one line", "generate, the ranking", "generate, rankings in a batch"


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


def generate(base: Base, texts: Sequence[str], n_tokens: int) -> None:
    """Let the model write so many tokens after each prompt."""
    read = base.tokenizer(
        list(texts),
        return_tensors="pt",
        add_special_tokens=False,
        padding=len(texts) > 1,
        padding_side="left",
    ).to(base.model.device)
    with torch.inference_mode():
        base.model.generate(  # type: ignore[operator]
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
    base.tokenizer.pad_token = base.tokenizer.eos_token
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
        few = prompts[:N_BATCH]
        for name, n, action in (
            (ONE, len(prompts), partial(evaluate, plain, [[prompt] for prompt in prompts])),
            (REUSED, len(prompts), partial(evaluate, reusing, [[prompt] for prompt in prompts])),
            (PADDED, len(few), partial(evaluate, plain, [few])),
            (LINE, 1, partial(generate, base, [prompts[0].text], n_line)),
            (WHOLE, 1, partial(generate, base, [prompts[0].text], n_ranking)),
            (BATCH, len(few), partial(generate, base, [one.text for one in few], n_ranking)),
        ):
            if name != BATCH or run == 1:
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

    def ratio(slower: str, faster: str) -> float:
        return statistics.median(a / b for a, b in zip(taken[slower], taken[faster], strict=False))

    print(f"one pass over one line, which ranks one article: {ratio(LINE, ONE):.2f}")
    print(f"one pass without prefix reuse over the ranking: {ratio(WHOLE, ONE):.1f}")
    print(f"one pass, prefix reused, over rankings in a batch: {ratio(BATCH, REUSED):.1f}")
    return [
        verdict("one pass, prefix reused, over generate", ratio(WHOLE, REUSED), at_least=20.0),
        verdict("prefix reused over not", ratio(ONE, REUSED), at_least=1.7),
        verdict("padded batch over one by one", ratio(ONE, PADDED), most=1.1),
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
