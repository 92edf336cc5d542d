"""Whether CnLE is asked about a request: the question, or the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cherryrec.catalogue import Catalogue
from cherryrec.events import (
    Degraded,
    Evaluation,
    EvaluationRequest,
    RecommendationRequest,
)
from cherryrec.features import of_width, width_with
from cherryrec.open_requests import MAX_OPEN, Frozen, OpenRequest, OpenRequests, n_pending
from cherryrec.pipeline.budget import Budget
from cherryrec.pipeline.config import EvaluatorConfig
from cherryrec.pipeline.costs import Costs, n_characters
from cherryrec.pipeline.effects import Choice
from cherryrec.pipeline.gain import expected_gain, score_deviation
from cherryrec.pipeline.models import Models
from cherryrec.pipeline.ranking import ask
from cherryrec.profile import Profile

__all__ = ["EvaluationDecision", "EvaluationPolicy"]

_DEGRADED: dict[str, Degraded] = {
    "over_budget": "evaluation_over_budget",
    "user_limit": "evaluation_user_limit",
    "no_text": "evaluation_failed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationDecision:
    """What was chosen for a request, and the question where CnLE is asked."""

    choice: Choice | None = None
    question: EvaluationRequest | None = None

    @property
    def degraded(self) -> Degraded | None:
        """The reason that the answer must name, if it comes without evaluations."""
        return None if self.choice is None else _DEGRADED.get(self.choice.outcome)


class EvaluationPolicy:
    """Chooses the requests that CnLE is asked about, inside the budget.

    Parameters
    ----------
    config
        Deadline, budget and the weights of the expected gain.
    catalogue
        Where titles are.
    n_evaluated
        Candidates that CnLE judges of a request, the first by news value.
    """

    def __init__(self, config: EvaluatorConfig, catalogue: Catalogue, *, n_evaluated: int) -> None:
        self.config = config
        self.catalogue = catalogue
        self.n_evaluated = n_evaluated
        per_s = config.budget_gpu_s or config.budget_per_s
        self._budget = Budget(per_s=per_s, burst_s=config.budget_burst_s) if per_s else None
        self._costs = Costs(config.budget_token_s) if config.budget_gpu_s else None

    def own(self, fraction: float) -> None:
        """Spend this fraction of the budget, that of the partitions owned."""
        if self._budget is not None:
            self._budget.own(fraction)

    def is_late(self, request: RecommendationRequest, waited_s: float) -> bool:
        """Whether a request has lain past its deadline before anyone took it."""
        deadline_s = (request.deadline_ms or self.config.deadline_ms) / 1_000.0
        return waited_s > deadline_s + self.config.late_after_s

    def choose(
        self,
        request: RecommendationRequest,
        frozen: Frozen,
        profile: Profile,
        state: OpenRequests,
        models: Models,
        *,
        clock_s: float,
    ) -> EvaluationDecision:
        """Choose for a request that has come.

        Parameters
        ----------
        request, frozen
            The request, and its candidates with their features.
        profile, state
            What is known of the user, and the user's other open requests.
        models
            What would rank it without CnLE.
        clock_s
            Wall-clock time of its arrival: its deadline and the budget go by it.
        """
        if not self.config.enabled:
            return EvaluationDecision()
        if request.deadline_ms == 0:
            return EvaluationDecision(choice=Choice("not_wanted"))
        if n_pending(state) >= MAX_OPEN:
            return EvaluationDecision(choice=Choice("user_limit"))
        if not frozen.articles:
            return EvaluationDecision(choice=Choice("no_candidates"))
        wait_s = (request.deadline_ms or self.config.deadline_ms) / 1_000.0
        question = self._question(request, frozen, profile, expires_at=clock_s + wait_s)
        if not question.candidates:
            return EvaluationDecision(choice=Choice("no_text"))
        if self._budget is None:
            return EvaluationDecision(choice=Choice("asked"), question=question)
        gain = self._gain(frozen, profile, models)
        size, price = 1.0, 1.0
        if self._costs is not None:
            size, price = n_characters(question), self._costs.character_s
        if not self._budget.decide(gain, clock_s, size=size, price=price):
            return EvaluationDecision(choice=Choice("over_budget", gain))
        if self._costs is not None:
            self._costs.asked(question)
        return EvaluationDecision(choice=Choice("asked", gain), question=question)

    def again(
        self, request: RecommendationRequest, entry: OpenRequest, frozen: Frozen, profile: Profile
    ) -> EvaluationDecision:
        """Ask again about a pending request that is read again after a crash; it is not paid."""
        assert entry.expires_at is not None, "a request that is not pending is answered"
        question = self._question(request, frozen, profile, expires_at=entry.expires_at)
        if not question.candidates:
            return EvaluationDecision(choice=Choice("no_text"))
        return EvaluationDecision(choice=Choice("asked"), question=question)

    def answered(self, answer: Evaluation) -> None:
        """Pay what an answer did cost, whether or not it came in time."""
        settled = self._costs.answered(answer) if self._costs is not None else None
        if settled is not None and self._budget is not None:
            self._budget.settle(expected=settled.expected, spent=settled.spent)

    def _question(
        self,
        request: RecommendationRequest,
        frozen: Frozen,
        profile: Profile,
        *,
        expires_at: float,
    ) -> EvaluationRequest:
        return ask(
            self.catalogue,
            profile,
            frozen.articles[: self.n_evaluated],
            request=request,
            expires_at=expires_at,
        )

    def _gain(self, frozen: Frozen, profile: Profile, models: Models) -> float:
        """Estimate from VaNS's scores of what CnLE would judge; of the others none is computed."""
        stored = of_width(frozen.feature_array(), width_with(self.catalogue))
        features = stored[: self.n_evaluated].astype(np.float64)  # (n, F)
        config = self.config
        deviation = score_deviation(
            len(profile.history),
            cold=config.gain_cold,
            warm=config.gain_warm,
            half_history=config.gain_half_history,
        )
        # Rounded: equal candidates in another order are no other gain.
        return round(expected_gain(models.scorer.scores(features).tolist(), deviation), 12)
