"""The red-team set against the prompt: whatever a title holds, only its own place changes."""

from __future__ import annotations

import unicodedata

import pytest

from benchmarks._attacks import KINDS, Attack, attacks
from cherryrec.cnle import (
    ANSWER_CUE,
    LETTERS,
    TASKS,
    TEMPLATES,
    Prompt,
    PromptConfig,
    evaluation_request,
    inert,
    render,
)
from cherryrec.events import EvaluationRequest, PromptProfile
from gpu_worker.backends import ScriptedBackend
from gpu_worker.in_process import LocalEvaluator

N = 6
FIRST_OF_EACH_TASK = [
    next(one.template_id for one in TEMPLATES if one.task == task) for task in TASKS
]
NEUTRAL = "Harbour town plans a new bridge"


def of_kind(kind: str) -> list[Attack]:
    return [attack for attack in attacks() if attack.kind == kind]


def request_with(title: str, *, n: int = N) -> EvaluationRequest:
    """A request in which everything that others write is the title: article, category, profile."""
    return evaluation_request(
        request_id="r",
        user_id="u",
        candidates=[("a0", title, title)]
        + [(f"a{number}", f"title {number}", "news") for number in range(1, n)],
        profile=PromptProfile(
            role=title, fields=(title,), collections=(title,), history=(title, "second")
        ),
        expires_at=0.0,
    )


def prompt_with(title: str, template_id: str) -> Prompt:
    (prompt,) = render(request_with(title), config=PromptConfig(templates=(template_id,)))
    return prompt


def test_the_set_is_large_distinct_and_of_every_kind() -> None:
    assert len(attacks()) >= 200
    assert len({one.id for one in attacks()}) == len(attacks())
    assert len({one.written("A") for one in attacks()}) == len(attacks())
    assert {one.kind for one in attacks()} == set(KINDS)
    assert all(len(of_kind(kind)) >= 10 and one.tries for kind in KINDS for one in of_kind(kind))


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_left_of_a_title_is_one_clean_line(kind: str) -> None:
    for attack in of_kind(kind):
        left = inert(attack.written("B"))

        assert len(left.splitlines()) <= 1, attack.id
        assert len(left) <= 240, attack.id
        assert not set(left) & set('"<>\u201c\u201d\u2033\uff02\uff1c'), attack.id
        kinds = {unicodedata.category(one) for one in left if one not in "\u200c\u200d"}
        assert not kinds & {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}, attack.id
        assert inert(left) == left, attack.id


@pytest.mark.parametrize("template_id", FIRST_OF_EACH_TASK)
def test_a_title_changes_its_own_lines_of_the_prompt_alone(template_id: str) -> None:
    plain = prompt_with(NEUTRAL, template_id).text.split("\n")
    own = {number for number, line in enumerate(plain) if NEUTRAL in line}

    for attack in attacks():
        prompt = prompt_with(attack.written("B"), template_id)
        lines = prompt.text.split("\n")

        # A profile word of which nothing is left is not shown, its line goes with it.
        if inert(attack.written("B"), max_words=8, max_characters=60):
            assert len(lines) == len(plain), attack.id
            for number, line in enumerate(lines):
                assert (number in own) or line == plain[number], attack.id
        assert prompt.text.endswith(f"\n{ANSWER_CUE}"), attack.id
        starts = [line[:3] for line in prompt.suffix.split("\n")[1 : N + 1]]
        assert starts == [f"{letter}: " for letter in LETTERS[:N]], attack.id


def test_every_quote_of_a_prompt_is_a_fence_of_ours() -> None:
    n_fences = prompt_with(NEUTRAL, "behaviour/1").text.count('"')

    for attack in attacks():
        n_quotes = prompt_with(attack.written("B"), "behaviour/1").text.count('"')
        if inert(attack.written("B")):
            assert n_quotes == n_fences, attack.id
        else:
            assert n_quotes < n_fences and n_quotes % 2 == 0, attack.id


def test_every_attack_gets_a_finite_evaluation_and_nobody_else_is_left_out() -> None:
    evaluator = LocalEvaluator(ScriptedBackend())

    answers = evaluator.evaluate_many([request_with(one.written("B"), n=24) for one in attacks()])

    for attack, answer in zip(attacks(), answers, strict=True):
        assert answer.error is None, attack.id
        assert list(answer.evaluations) == [f"a{number}" for number in range(24)]
        assert all(0.0 < value < 1.0 for value in answer.evaluations.values()), attack.id
