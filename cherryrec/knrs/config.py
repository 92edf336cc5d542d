"""Settings of KnRS: the weights of the five metrics and how many articles go on."""

from __future__ import annotations

from dataclasses import dataclass, field

from cherryrec.errors import ConfigError

__all__ = ["LEFT_OUT", "METRICS", "SELECTORS", "VALUE_MODELS", "KnrsConfig"]

METRICS = ("relevance", "credibility", "timeliness", "attention", "novelty")
"""The paper's f1 to f5, in order."""

VALUE_MODELS = ("linear", "neural")
"""What can make a news value of them."""

SELECTORS = ("retriever", "news_value")
"""What can decide which articles of the whole catalogue are kept."""

LEFT_OUT = (
    *METRICS,
    "views",
    "alike",
    "near",
    "newest",
    "rising",
    "most_clicked",
    "readers_topics",
)
"""What an ablation can hold at 0: a metric, all that is counted from views, a source."""


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
    select_by
        What keeps articles of the whole catalogue: the learned `retriever`, or the paper's
        `news_value` (the sum or the network).
    without
        Metrics, sources, or `views` (all that is counted from what was shown) that are held at 0
        everywhere: an ablation.
    weights
        w1 to w5 until learned ones arrive; each at least 0, not all 0.
    quota
        Share of the live catalogue that is kept, in (0, 1].
    floor
        Kept at least, where the catalogue has as many; above 0.
    ceiling
        Kept at most, unless the slate is longer: what bounds the time and the stored state of a
        request over a large catalogue; at least the floor.
    reserved
        Share of the kept that is not the retriever's choice but that of the other sources, fused by
        their ranks; in [0, 1).
    n_evaluated
        Of the kept, how many go to CnLE; above 0.
    n_others
        Live articles drawn for each request to learn the retriever against; above 0.
    n_rivals
        Articles drawn of those KnRS would keep, to learn the order of the whole catalogue against;
        at least 0.
    rivals_share
        Share of the requests with given candidates, and of the site's own slates, for which rivals
        are drawn, in [0, 1]: each costs about a request over 2,000 articles.
    click_rivals_share
        The same of clicks of which no slate is known, in [0, 1].
    rivals_per_s
        Requests, own slates and such clicks a second of event time, of each worker, up to which all
        of them draw others and rivals; of more only a share, by their ids. Above 0.
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
    select_by: str = "retriever"
    n_hidden: int = 8
    without: tuple[str, ...] = ()
    weights: tuple[float, ...] = (0.35, 0.05, 0.15, 0.35, 0.1)
    quota: float = 0.05
    floor: int = 20
    ceiling: int = 400
    reserved: float = 0.05
    n_evaluated: int = 20
    n_others: int = 48
    n_rivals: int = 32
    rivals_share: float = 1.0
    click_rivals_share: float = 1.0
    rivals_per_s: float = 20.0
    half_life_s: float = 12 * 3_600.0
    half_life_strength: float = 50.0
    category_half_lives_s: dict[str, float] = field(default_factory=dict)
    credibility: dict[str, float] = field(default_factory=dict)
    credibility_strength: float = 200.0

    def __post_init__(self) -> None:
        self._check_retrieval()
        if self.model not in VALUE_MODELS:
            msg = f"model must be one of {', '.join(VALUE_MODELS)}, got {self.model!r}"
            raise ConfigError(msg)
        for name in self.without:
            if name not in LEFT_OUT:
                msg = f"without must name some out of {', '.join(LEFT_OUT)}, got {name!r}"
                raise ConfigError(msg)
        if len(self.weights) != len(METRICS) or min(self.weights) < 0 or not any(self.weights):
            msg = f"weights must be {len(METRICS)} numbers from 0 up, got {self.weights!r}"
            raise ConfigError(msg)
        if not 0 < self.quota <= 1:
            msg = f"quota must be above 0 and at most 1, got {self.quota!r}"
            raise ConfigError(msg)
        positive = ("half_life_s", "half_life_strength", "credibility_strength")
        for name in ("floor", "n_evaluated", "n_hidden", "n_others", "rivals_per_s", *positive):
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

    def _check_retrieval(self) -> None:
        if self.select_by not in SELECTORS:
            msg = f"select_by must be one of {', '.join(SELECTORS)}, got {self.select_by!r}"
            raise ConfigError(msg)
        if not 0 <= self.reserved < 1:
            msg = f"reserved must be at least 0 and below 1, got {self.reserved!r}"
            raise ConfigError(msg)
        for name in ("rivals_share", "click_rivals_share"):
            if not 0 <= getattr(self, name) <= 1:
                msg = f"{name} must be in [0, 1], got {getattr(self, name)!r}"
                raise ConfigError(msg)
        if self.n_rivals < 0:
            msg = f"n_rivals must be at least 0, got {self.n_rivals!r}"
            raise ConfigError(msg)
