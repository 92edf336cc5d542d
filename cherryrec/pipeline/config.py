"""Settings of the pipeline: one struct a part, put together."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from cherryrec.attention import AttentionConfig
from cherryrec.catalogue import CatalogueConfig
from cherryrec.co_reads import CoReadsConfig
from cherryrec.errors import ConfigError
from cherryrec.features import ALL_FEATURES, CONTEXT, HALF_LIVES_S
from cherryrec.feedback import FeedbackConfig
from cherryrec.knrs import KnrsConfig
from cherryrec.pipeline.trials import TrialsConfig
from cherryrec.profile import ProfileConfig
from cherryrec.slates import SlatesConfig
from cherryrec.vans import VansConfig

__all__ = ["EvaluatorConfig", "PipelineConfig"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluatorConfig:
    """Whether CnLE is asked, and how long its answer is waited for.

    Parameters
    ----------
    enabled
        Ask CnLE; without it VaNS ranks alone, and no slate counts as degraded for it.
    deadline_ms
        Milliseconds from a request's arrival to its answer, with or without evaluations; a
        request's own `deadline_ms` goes before it, and 0 there asks for no evaluation. Above 0.
    late_after_s
        A request that is taken later than this after its deadline, in seconds, is answered with
        what is popular, at an eighth of the cost over 500 articles (`benchmarks/flood.py`), and is
        not learned from; at least 0.
    budget_per_s
        Requests a second that CnLE is asked about at most, over all stream workers: each spends
        the share of the partitions it owns. 0 is no bound; at least 0.
    budget_gpu_s
        The same in seconds of CnLE's model a second, 0.8 being four fifths of one accelerator. Not
        together with `budget_per_s`; 0 is no bound; at least 0.
    budget_burst_s
        Seconds of the budget that can be saved up and spent at once; above 0.
    budget_token_s
        Seconds of the model that a token of a question is taken to need until answers say; above 0.
    gain_cold
        How far CnLE is expected to move the difference of two scores of a user without history:
        with the scores' margin that is the gain by which requests are chosen where there is a
        budget; at least `gain_warm`.
    gain_warm
        How far it is expected to move that of a user with a very long history; at least 0.
    gain_half_history
        Articles read after which it has fallen half of the way from the one to the other; above 0.
    """

    enabled: bool = False
    deadline_ms: int = 2_000
    late_after_s: float = 0.0
    budget_per_s: float = 0.0
    budget_gpu_s: float = 0.0
    budget_burst_s: float = 10.0
    budget_token_s: float = 0.001
    gain_cold: float = 0.5
    gain_warm: float = 0.1
    gain_half_history: float = 5.0

    def __post_init__(self) -> None:
        for name in ("deadline_ms", "budget_burst_s", "budget_token_s", "gain_half_history"):
            if not 0 < getattr(self, name) < math.inf:
                msg = f"{name} must be above 0, got {getattr(self, name)!r}"
                raise ConfigError(msg)
        for name in ("late_after_s", "budget_per_s", "budget_gpu_s", "gain_warm"):
            if not 0 <= getattr(self, name) < math.inf:
                msg = f"{name} must be at least 0, got {getattr(self, name)!r}"
                raise ConfigError(msg)
        if not self.gain_warm <= self.gain_cold < math.inf:
            msg = (
                f"gain_cold must be finite and at least gain_warm, {self.gain_warm!r}, "
                f"got {self.gain_cold!r}"
            )
            raise ConfigError(msg)
        if self.budget_per_s and self.budget_gpu_s:
            msg = (
                f"budget_per_s and budget_gpu_s must not both be set, got {self.budget_per_s!r} "
                f"and {self.budget_gpu_s!r}: leave one at 0"
            )
            raise ConfigError(msg)


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineConfig:
    """Everything the core of a worker is set by."""

    attention: AttentionConfig = field(default_factory=AttentionConfig)
    catalogue: CatalogueConfig = field(default_factory=CatalogueConfig)
    profile: ProfileConfig = field(default_factory=ProfileConfig)
    slates: SlatesConfig = field(default_factory=SlatesConfig)
    co_reads: CoReadsConfig = field(default_factory=CoReadsConfig)
    knrs: KnrsConfig = field(default_factory=KnrsConfig)
    vans: VansConfig = field(default_factory=VansConfig)
    feedback: FeedbackConfig = field(default_factory=FeedbackConfig)
    evaluator: EvaluatorConfig = field(default_factory=EvaluatorConfig)
    trials: TrialsConfig = field(default_factory=TrialsConfig)

    def __post_init__(self) -> None:
        if self.attention.half_lives_s != HALF_LIVES_S:
            msg = (
                f"attention's half_lives_s must be {HALF_LIVES_S!r}, which the features of VaNS "
                f"are named after, got {self.attention.half_lives_s!r}"
            )
            raise ConfigError(msg)
        prior = self.vans.prior_feature
        if prior is not None and (prior not in ALL_FEATURES or prior in CONTEXT):
            msg = (
                "vans.prior_feature must be a feature that differs within a slate, see "
                f"docs/features.md, got {prior!r}"
            )
            raise ConfigError(msg)
