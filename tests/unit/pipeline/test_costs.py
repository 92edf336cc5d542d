"""What a question costs is learned from answers, and no memory grows without bound."""

from __future__ import annotations

import pytest

from cherryrec.events import CandidateText, Evaluation, EvaluationRequest, PromptProfile
from cherryrec.pipeline.costs import N_ON_THEIR_WAY, Costs, Settled


def asked(name: str, n_characters: int) -> EvaluationRequest:
    return EvaluationRequest(
        request_id=name,
        user_id="u",
        candidates=(CandidateText(article_id="a", title="T" * n_characters),),
        profile=PromptProfile(),
        expires_at=0.0,
    )


def test_costs_converge_to_what_answers_take_by_length() -> None:
    costs = Costs(token_s=0.1)
    for k in range(400):
        length = 600 if k % 2 else 1_600
        costs.asked(asked(f"r{k}", length))
        tokens = (length + 400) // 5  # one in five characters, 2 ms each
        answer = Evaluation(request_id=f"r{k}", user_id="u", tokens=tokens, share_ms=2.0 * tokens)
        costs.answered(answer)

    assert 1_000 * costs.character_s == pytest.approx(0.4, rel=0.01)


def test_an_answer_to_an_unknown_question_changes_nothing() -> None:
    costs = Costs(token_s=0.001)
    before = costs.character_s

    assert costs.answered(Evaluation(request_id="?", user_id="u", tokens=9, share_ms=1e6)) is None
    assert costs.character_s == before


@pytest.mark.parametrize("fields", [{"cached": True, "tokens": 9}, {"error": "no"}])
def test_what_needed_no_model_costs_nothing_and_teaches_nothing(fields: dict[str, object]) -> None:
    costs = Costs(token_s=0.001)
    before = costs.character_s
    costs.asked(asked("r", 100))

    settled = costs.answered(Evaluation(request_id="r", user_id="u", **fields))  # type: ignore[arg-type]

    assert settled == Settled(500 * before, 0.0)
    assert costs.character_s == before


def test_questions_that_are_never_answered_leave() -> None:
    costs = Costs(token_s=0.001)
    for k in range(N_ON_THEIR_WAY + 10):
        costs.asked(asked(f"r{k}", 100))

    assert costs.answered(Evaluation(request_id="r9", user_id="u")) is None
    assert costs.answered(Evaluation(request_id="r10", user_id="u")) == Settled(0.125, 0.0)
