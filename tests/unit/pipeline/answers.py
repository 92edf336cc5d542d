"""What the pipeline sends, decoded as those who read it find it."""

from __future__ import annotations

from typing import Any

import pytest

from cherryrec.codec import decode, encode
from cherryrec.events import OTHERS, EvaluationRequest, Recommendation
from cherryrec.features import FEATURES
from cherryrec.knrs import SIGNALS
from cherryrec.pipeline import Effects, PipelineConfig
from cherryrec.pipeline.stages import CATEGORY_RANK

CLOCK_S = 5_000.0
EXPLANATIONS = {*FEATURES, *(f"catalogue_{signal.name}" for signal in SIGNALS)}
WINDOW_S = PipelineConfig().feedback.attribution_window_s


def sent(effects: Effects) -> Any:
    """The only message that followed."""
    assert len(effects.sends) == 1
    return effects.sends[0].event


def answer(effects: Effects) -> Recommendation:
    event = sent(effects)
    assert isinstance(event, Recommendation)
    assert effects.sends[0].topic == "recommendations"
    return decode(Recommendation, encode(event))


def question(effects: Effects) -> EvaluationRequest:
    event = sent(effects)
    assert isinstance(event, EvaluationRequest)
    assert effects.sends[0].topic == "evaluation-requests"
    return decode(EvaluationRequest, encode(event))


def ids(recommendation: Recommendation) -> list[str]:
    return [item.article_id for item in recommendation.slate]


def explains(recommendation: Recommendation) -> None:
    """Contributions sum to scores, positions count up, scores fall."""
    scores = [item.score for item in recommendation.slate]
    assert scores == sorted(scores, reverse=True)
    for position, item in enumerate(recommendation.slate):
        assert item.position == position
        assert sum(item.contributions.values()) == pytest.approx(item.score, abs=1e-9)
        assert set(item.contributions) <= {*EXPLANATIONS, OTHERS, CATEGORY_RANK}
