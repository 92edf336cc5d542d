"""Settings of the pipeline: one struct a part, put together."""

from __future__ import annotations

from dataclasses import dataclass, field

from cherryrec.attention import AttentionConfig
from cherryrec.catalogue import CatalogueConfig
from cherryrec.errors import ConfigError
from cherryrec.features import HALF_LIVES_S
from cherryrec.feedback import FeedbackConfig
from cherryrec.knrs import KnrsConfig
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
    """

    enabled: bool = False
    deadline_ms: int = 2_000

    def __post_init__(self) -> None:
        if self.deadline_ms <= 0:
            msg = f"deadline_ms must be above 0, got {self.deadline_ms!r}"
            raise ConfigError(msg)


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineConfig:
    """Everything the core of a worker is set by."""

    attention: AttentionConfig = field(default_factory=AttentionConfig)
    catalogue: CatalogueConfig = field(default_factory=CatalogueConfig)
    profile: ProfileConfig = field(default_factory=ProfileConfig)
    slates: SlatesConfig = field(default_factory=SlatesConfig)
    knrs: KnrsConfig = field(default_factory=KnrsConfig)
    vans: VansConfig = field(default_factory=VansConfig)
    feedback: FeedbackConfig = field(default_factory=FeedbackConfig)
    evaluator: EvaluatorConfig = field(default_factory=EvaluatorConfig)

    def __post_init__(self) -> None:
        if self.attention.half_lives_s != HALF_LIVES_S:
            msg = (
                f"attention's half_lives_s must be {HALF_LIVES_S!r}, which the features of VaNS "
                f"are named after, got {self.attention.half_lives_s!r}"
            )
            raise ConfigError(msg)
