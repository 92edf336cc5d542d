"""Settings of KnRS: the weights of the five metrics and how many articles go on."""

from __future__ import annotations

from dataclasses import dataclass, field

from cherryrec.errors import ConfigError

__all__ = ["METRICS", "VALUE_MODELS", "KnrsConfig"]

METRICS = ("relevance", "credibility", "timeliness", "attention", "novelty")
"""The paper's f1 to f5, in order."""

VALUE_MODELS = ("linear", "neural")
"""What can make a news value of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnrsConfig:
    """How the news value is weighed and how many articles are kept.

    Parameters
    ----------
    model
        What makes the news value of the metrics: `linear` (their weighted sum) or `neural` (a small
        network beside the sum, for metrics that count together).
    n_hidden
        Rectified units of `neural`; above 0.
    without
        Metrics that are held at 0 everywhere: an ablation.
    weights
        w1 to w5 until learned ones arrive; each at least 0, not all 0.
    quota
        Share of the live catalogue that is kept, in (0, 1].
    floor
        Kept at least, where the catalogue has as many; above 0.
    ceiling
        Kept at most, unless the slate is longer: what bounds the time and the stored state of a
        request over a large catalogue; at least the floor.
    n_evaluated
        Of the kept, how many go to CnLE; above 0.
    half_life_s
        Age at which timeliness has halved, in seconds; above 0. Each category starts here and
        learns its own from the ages of its articles at their clicks.
    half_life_strength
        Clicks' worth of evidence `half_life_s` counts for; above 0.
    category_half_lives_s
        Half-lives of single categories that are fixed, not learned.
    credibility
        Prior of a source in [0, 1], set by editors; a source not in here is neutral, 0.5.
    credibility_strength
        Clicks' worth of evidence the prior counts for; above 0.
    """

    model: str = "linear"
    n_hidden: int = 8
    without: tuple[str, ...] = ()
    weights: tuple[float, ...] = (0.35, 0.05, 0.15, 0.35, 0.1)
    quota: float = 0.05
    floor: int = 20
    ceiling: int = 400
    n_evaluated: int = 20
    half_life_s: float = 12 * 3_600.0
    half_life_strength: float = 50.0
    category_half_lives_s: dict[str, float] = field(default_factory=dict)
    credibility: dict[str, float] = field(default_factory=dict)
    credibility_strength: float = 200.0

    def __post_init__(self) -> None:
        if self.model not in VALUE_MODELS:
            msg = f"model must be one of {', '.join(VALUE_MODELS)}, got {self.model!r}"
            raise ConfigError(msg)
        for name in self.without:
            if name not in METRICS:
                msg = f"without must name metrics out of {', '.join(METRICS)}, got {name!r}"
                raise ConfigError(msg)
        if len(self.weights) != len(METRICS) or min(self.weights) < 0 or not any(self.weights):
            msg = f"weights must be {len(METRICS)} numbers from 0 up, got {self.weights!r}"
            raise ConfigError(msg)
        if not 0 < self.quota <= 1:
            msg = f"quota must be above 0 and at most 1, got {self.quota!r}"
            raise ConfigError(msg)
        positive = ("half_life_s", "half_life_strength", "credibility_strength")
        for name in ("floor", "n_evaluated", "n_hidden", *positive):
            if getattr(self, name) <= 0:
                msg = f"{name} must be above 0, got {getattr(self, name)!r}"
                raise ConfigError(msg)
        if self.ceiling < self.floor:
            msg = f"ceiling must be at least floor ({self.floor}), got {self.ceiling!r}"
            raise ConfigError(msg)
        for category, half_life in self.category_half_lives_s.items():
            if half_life <= 0:
                msg = f"category_half_lives_s[{category!r}] must be above 0, got {half_life!r}"
                raise ConfigError(msg)
        for source, prior in self.credibility.items():
            if not 0 <= prior <= 1:
                msg = f"credibility[{source!r}] must be in [0, 1], got {prior!r}"
                raise ConfigError(msg)
