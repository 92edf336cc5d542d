"""The transformers backend on a random Qwen2 of two layers, against a plain forward pass."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoTokenizer

from cherryrec.cnle import Prompt, render
from cherryrec.events import EvaluationRequest
from gpu_worker.backends import LetterScores
from gpu_worker.backends.causal_lm import CausalLM
from gpu_worker.in_process import LocalEvaluator
from tests.gpu_worker.tiny_qwen import load, logits_of, reference

Ask = Callable[..., EvaluationRequest]


def test_one_prompt_scores_as_in_a_plain_forward_pass(
    checkpoint: Path, prompts: list[Prompt]
) -> None:
    backend = load(checkpoint)

    for prompt in prompts:
        (logits,) = logits_of(backend, [prompt])
        assert np.allclose(logits, reference(checkpoint, prompt), atol=1e-4)
        assert np.ptp(logits) > 0.1


def test_a_padded_batch_scores_as_each_prompt_alone(
    checkpoint: Path, prompts: list[Prompt]
) -> None:
    backend = load(checkpoint)

    together = logits_of(backend, prompts)

    assert len({len(prompt.text) for prompt in prompts}) > 1
    for prompt, logits in zip(prompts, together, strict=True):
        assert np.allclose(logits, reference(checkpoint, prompt), atol=1e-4)


def test_a_known_prefix_changes_nothing(checkpoint: Path, ask: Ask) -> None:
    backend, forgetful = load(checkpoint), load(checkpoint, prefix_cache_bytes=0)
    groups = list(render(ask(3, n=60)))

    for prompt in groups + groups:
        (logits,) = logits_of(backend, [prompt])
        (fresh,) = logits_of(forgetful, [prompt])
        assert (logits == fresh).all()
    assert backend.prefixes.n_hits == 2 * len(groups) - 1
    assert forgetful.prefixes.n_hits == 0


def test_prefixes_are_bounded_in_bytes(checkpoint: Path, ask: Ask) -> None:
    bound = 300_000
    backend = load(checkpoint, prefix_cache_bytes=bound)

    for number in range(12):
        logits_of(backend, [render(ask(number))[0]])
        assert 0 < backend.prefixes.n_bytes <= bound

    assert 0 < len(backend.prefixes) < 12


def test_a_prompt_too_long_for_the_model_is_its_own_error(
    checkpoint: Path, prompts: list[Prompt]
) -> None:
    long = Prompt(template_id="behaviour/1", prefix="x " * 5_000, suffix="y", order=(0,))

    verdicts = load(checkpoint).evaluate([prompts[0], long, prompts[1]])

    assert [isinstance(one, LetterScores) for one in verdicts] == [True, False, True]
    assert "at most 4096 tokens" in str(verdicts[1])


def test_out_of_memory_halves_the_batch(
    checkpoint: Path, prompts: list[Prompt], monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = load(checkpoint)
    wanted = logits_of(backend, prompts)
    padded = CausalLM._padded

    def scarce(self: CausalLM, rows: list[tuple[int, ...]]) -> torch.Tensor:
        if len(rows) > 2:
            raise torch.OutOfMemoryError
        return padded(self, rows)

    monkeypatch.setattr(CausalLM, "_padded", scarce)

    for logits, whole in zip(logits_of(backend, prompts), wanted, strict=True):
        assert np.allclose(logits, whole, atol=1e-4)


def test_titles_are_cut_to_tokens_and_control_tokens_stay_text(checkpoint: Path) -> None:
    backend = load(checkpoint, title_tokens=8)
    end = AutoTokenizer.from_pretrained(checkpoint).eos_token_id

    assert backend.cut("storm") == "storm"
    cut = backend.cut("storm " * 50)
    assert cut.split() == ["storm"] * len(cut.split())
    assert 1 <= len(cut.split()) <= 8
    assert "\ufffd" not in backend.cut("\u65b0\u805e" * 20)
    prompt = Prompt(template_id="behaviour/1", prefix="<|endoftext|>", suffix="y", order=(0,))
    assert end not in backend._tokens.prefix_ids(prompt.prefix)


def test_the_same_requests_get_the_same_evaluations(checkpoint: Path, ask: Ask) -> None:
    requests = [ask(number, n=20) for number in range(3)]

    once, again = (LocalEvaluator(load(checkpoint)).evaluate_many(requests) for _ in range(2))

    assert once == again
    assert all(one.error is None and len(one.evaluations) == 20 for one in once)
