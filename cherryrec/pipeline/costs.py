"""What a question to CnLE will cost in seconds of its model: by its length, and what others took.

A worker has no tokenizer; it knows the characters of a question. How many tokens a character
makes, and how long a token takes, are decayed ratios of the answers' sums, which start from what is
assumed. Questions on their way are remembered, so that what they did cost replaces the guess.
"""

from __future__ import annotations

from dataclasses import dataclass

from cherryrec.events import Evaluation, EvaluationRequest

__all__ = ["N_ON_THEIR_WAY", "Costs", "Settled", "n_characters", "spent_s"]

N_ON_THEIR_WAY = 4_096
"""Questions remembered; the guess at an older one stands."""

TOKENS_PER_CHARACTER = 0.25
INSTRUCTION_CHARACTERS = 400
_DECAY = 0.98


@dataclass(frozen=True, slots=True)
class Settled:
    """What a question was expected to cost and what it did, in seconds."""

    expected: float
    spent: float


class Costs:
    """Expected costs of questions.

    Parameters
    ----------
    token_s
        Seconds of the model that a token is taken to need until answers say; above 0.

    Examples
    --------
    >>> from cherryrec.events import CandidateText, PromptProfile
    >>> costs = Costs(token_s=0.001)
    >>> asked = EvaluationRequest(
    ...     request_id="r",
    ...     user_id="u",
    ...     candidates=(CandidateText(article_id="a", title="T" * 400),),
    ...     profile=PromptProfile(),
    ...     expires_at=0.0,
    ... )
    >>> n_characters(asked), costs.character_s
    (800, 0.00025)

    That is 400 of it and 400 of the instruction, of four to a token: 0.2 s. It needs half:

    >>> costs.asked(asked)
    >>> answer = Evaluation(request_id="r", user_id="u", tokens=200, share_ms=100.0)
    >>> costs.answered(answer), round(800 * costs.character_s, 3)
    (Settled(expected=0.2, spent=0.1), 0.133)
    """

    def __init__(self, token_s: float) -> None:
        self._assumed_s = token_s
        characters = float(INSTRUCTION_CHARACTERS)
        self._tokens, self._characters = TOKENS_PER_CHARACTER * characters, characters
        self._seconds, self._timed_tokens = token_s * self._tokens, self._tokens
        self._on_their_way: dict[str, tuple[int, float]] = {}

    @property
    def character_s(self) -> float:
        """Seconds of the model that a character of a question is expected to need."""
        return self._tokens / self._characters * self._seconds / self._timed_tokens

    def asked(self, question: EvaluationRequest) -> None:
        """Remember a question on its way, and what it is expected to cost."""
        size = n_characters(question)
        self._on_their_way[question.request_id] = (size, size * self.character_s)
        if len(self._on_their_way) > N_ON_THEIR_WAY:
            del self._on_their_way[next(iter(self._on_their_way))]

    def answered(self, answer: Evaluation) -> Settled | None:
        """Learn from an answer; None where its question is not remembered."""
        characters, expected_s = self._on_their_way.pop(answer.request_id, (0, 0.0))
        if not characters:
            return None
        spent = spent_s(answer)
        if answer.tokens and not answer.cached and answer.error is None:
            self._tokens = _DECAY * self._tokens + answer.tokens
            self._characters = _DECAY * self._characters + characters
            if spent:
                self._seconds = _DECAY * self._seconds + spent
                self._timed_tokens = _DECAY * self._timed_tokens + answer.tokens
            else:  # where no times are measured, as in a local replay
                spent = self._assumed_s * answer.tokens
        return Settled(expected_s, spent)


def spent_s(answer: Evaluation) -> float:
    """Return the seconds of the model that an answer took; 0 where it was known or not measured."""
    return (answer.share_ms or answer.compute_ms) / 1e3


def n_characters(question: EvaluationRequest) -> int:
    """Count the characters of what a question's prompt is made of."""
    profile = question.profile
    listed = (*profile.fields, *profile.collections, *profile.interests, *profile.history)
    return (
        INSTRUCTION_CHARACTERS
        + len(profile.role or "")
        + sum(map(len, listed))
        + sum(len(one.title) + len(one.category) for one in question.candidates)
    )
