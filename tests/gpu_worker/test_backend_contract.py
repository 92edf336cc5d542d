"""What every backend owes the worker, whatever stands behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from cherryrec.cnle import ANSWER_CUE, Prompt
from cherryrec.errors import ModelError
from cherryrec.events import EvaluationRequest
from gpu_worker.backends import Backend, LetterScores, ScriptedBackend, Verdict, load_backend
from gpu_worker.config import GpuConfig
from gpu_worker.evaluator import Evaluator
from tests.gpu_worker.wire_server import WireServer, serving

Ask = Callable[..., EvaluationRequest]

ENDLESS = Prompt(template_id="bad", prefix="storm " * 5_000, suffix=ANSWER_CUE, order=(0,))
"""Too long for every model here."""


class ShortBackend(ScriptedBackend):
    """Scripted, with an end to what it reads."""

    def evaluate(self, prompts: list[Prompt]) -> list[Verdict]:  # type: ignore[override]
        verdicts = super().evaluate(prompts)
        for place, prompt in enumerate(prompts):
            if self.n_tokens(prompt) > 4_096:
                verdicts[place] = ModelError("too long")
        return verdicts


@contextmanager
def scripted(checkpoint: Callable[[], Path]) -> Iterator[Backend]:
    yield ShortBackend()


@contextmanager
def vllm(checkpoint: Callable[[], Path]) -> Iterator[Backend]:
    with serving(WireServer(api="vllm")) as server:
        yield load_backend(GpuConfig(backend="http", server_urls=(server.url,)))


@contextmanager
def sglang(checkpoint: Callable[[], Path]) -> Iterator[Backend]:
    with serving(WireServer(api="sglang")) as server:
        yield load_backend(GpuConfig(backend="http", server_urls=(server.url,)))


@contextmanager
def transformers(checkpoint: Callable[[], Path]) -> Iterator[Backend]:
    if not find_spec("torch"):
        pytest.skip("torch is not installed")
    from tests.gpu_worker.tiny_qwen import load

    yield load(checkpoint())


Made = Callable[[Callable[[], Path]], AbstractContextManager[Backend]]


@pytest.fixture(params=[scripted, vllm, sglang, transformers], ids=lambda make: make.__name__)
def backend(request: pytest.FixtureRequest) -> Iterator[Backend]:
    make: Made = request.param
    with make(lambda: request.getfixturevalue("checkpoint")) as made:
        yield made


def test_verdicts_are_as_many_as_prompts_in_their_order_and_finite(
    backend: Backend, prompts: list[Prompt]
) -> None:
    verdicts = backend.evaluate(prompts)
    alone = [backend.evaluate([prompt])[0] for prompt in prompts]

    assert len(verdicts) == len(prompts)
    for prompt, verdict, again in zip(prompts, verdicts, alone, strict=True):
        assert isinstance(verdict, LetterScores)
        assert isinstance(again, LetterScores)
        assert verdict.logits.shape == (prompt.n_letters,)
        assert np.isfinite(verdict.logits).all()
        assert np.allclose(verdict.logits, again.logits, atol=1e-3), "of this prompt, not another"
        assert verdict.n_tokens > 0


def test_no_prompts_are_no_verdicts(backend: Backend) -> None:
    assert backend.evaluate([]) == []


def test_a_prompt_that_cannot_be_judged_fails_alone(
    backend: Backend, prompts: list[Prompt]
) -> None:
    first, bad, last = backend.evaluate([prompts[0], ENDLESS, prompts[1]])

    assert isinstance(bad, Exception)
    assert str(bad)
    assert isinstance(first, LetterScores)
    assert isinstance(last, LetterScores)
    assert len(first.logits) == prompts[0].n_letters
    assert len(last.logits) == prompts[1].n_letters


def test_equal_prompts_score_the_same_and_versions_stay(
    backend: Backend, prompts: list[Prompt]
) -> None:
    version = backend.version

    once, twice = (backend.evaluate([prompts[2]])[0] for _ in range(2))

    assert isinstance(once, LetterScores)
    assert isinstance(twice, LetterScores)
    assert once.logits.tobytes() == twice.logits.tobytes()
    assert backend.version == version
    assert version


def test_a_cut_title_is_a_beginning_of_it_and_stays_as_it_is(backend: Backend) -> None:
    short, long = "Storm hits coast", "storm tax plan " * 40

    assert backend.cut(short) == short
    assert long.startswith(backend.cut(long))
    assert len(backend.cut(long)) < len(long)
    assert backend.cut(backend.cut(long)) == backend.cut(long)


def test_requests_are_answered_through_it(backend: Backend, ask: Ask) -> None:
    evaluator = Evaluator[int](backend, config=GpuConfig(), clock=lambda: 0.0)
    requests = [ask(number, n=3 + number) for number in range(4)]

    answers = [
        one for n, each in enumerate(requests) for one in evaluator.submit(each, n, wall_s=0)
    ]
    answers += evaluator.run_all()

    assert sorted(answer.source for answer in answers) == [0, 1, 2, 3]
    for answer in answers:
        assert answer.evaluation.error is None
        assert len(answer.evaluation.evaluations) == 3 + answer.source
        assert answer.evaluation.model == backend.version
