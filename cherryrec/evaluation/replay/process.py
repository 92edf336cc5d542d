"""A pipeline and its learner in one process, as both local replays use them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from cherryrec.codec import EARLIEST
from cherryrec.errors import ConfigError
from cherryrec.evaluation.replay.messages import INSTANT_S
from cherryrec.events import (
    Click,
    CoRead,
    Example,
    FeedbackTick,
    RecommendationRequest,
    SlateLabelled,
    instant,
    seconds,
)
from cherryrec.features import check_times, newest_used
from cherryrec.learner import Learner
from cherryrec.pipeline import (
    Effects,
    MemoryStore,
    Models,
    Pipeline,
    PipelineConfig,
    Position,
)
from cherryrec.profile import Profile

__all__ = ["PARTITION", "OneProcess"]

PARTITION = 0
"""The one source partition there is."""


class OneProcess:
    """One pipeline over one partition and one learner, which hands it every model at once.

    Parameters
    ----------
    config
        Settings of the pipeline; its attribution window is replaced by the label delay.
    label_delay_s
        Event time after which clicks, and that there were none, are known; 0 or more. What was
        shown is known at once.
    is_evaluated
        Whether CnLE is asked.
    """

    def __init__(
        self, config: PipelineConfig, *, label_delay_s: float = 0.0, is_evaluated: bool = False
    ) -> None:
        if not label_delay_s >= 0:
            msg = f"label delay must be at least 0 seconds, got {label_delay_s!r}"
            raise ConfigError(msg)
        self.label_delay_s = label_delay_s
        config = replace(
            config,
            feedback=replace(
                config.feedback,
                attribution_window_s=label_delay_s,
                correction_s=0.0,
                shadow_share=0.0,
                recall_share=0.0,
            ),
            evaluator=replace(config.evaluator, enabled=is_evaluated),
        )
        self.learner = Learner(config.knrs, config.vans)
        self.pipeline = Pipeline(
            config,
            Models(scorer=self.learner.vans),
            profiles=MemoryStore(),
            requests=MemoryStore(),
        )
        self._offsets: dict[str, int] = {}

    def _check_times(self, request: RecommendationRequest, profile: Profile) -> None:
        """Refuse to rank by anything that is not earlier than the request."""
        pipeline, users = self.pipeline, self.pipeline.users
        newest = newest_used(
            pipeline.catalogue,
            profile,
            users.requests(PARTITION, request.user_id).exposures,
            pipeline.slates,
        )
        learned_s = self.learner.newest_s
        newest["alike"] = pipeline.co_reads.newest_s
        newest["model"] = learned_s if learned_s > seconds(EARLIEST) else 0.0  # else from nothing
        check_times(newest, seconds(request.requested_at))

    def _deliver(self, clicks: Iterable[Click], known_s: float) -> None:
        """Deliver clicks that are known by a time, and let event time reach it."""
        for click in clicks:
            self._follow("clicks", self.pipeline.click(self._at("clicks"), click))
        reached = instant(known_s + INSTANT_S)
        self._follow(
            "feedback", self.pipeline.tick(FeedbackTick(partition=PARTITION, time=reached))
        )

    def _follow(self, topic: str, effects: Effects) -> None:
        for send in effects.sends:
            if isinstance(send.event, SlateLabelled):
                self.pipeline.labelled(send.event)
                continue
            if isinstance(send.event, CoRead):
                self.pipeline.co_read(send.event)
                continue
            assert isinstance(send.event, Example), f"{topic} lead to examples only"
            self.learner.learn(send.event, partition=0, offset=self._next("examples"))
            self.pipeline.models.knrs_weights = self.learner.knrs_weights
            self.pipeline.models.temperatures = self.learner.temperatures
            self.pipeline.models.retriever = self.learner.retriever
            self.pipeline.models.order = self.learner.order
        self.pipeline.forget(effects.closed)

    def _at(self, topic: str) -> Position:
        return Position(PARTITION, self._next(topic))

    def _next(self, topic: str) -> int:
        offset = self._offsets.get(topic, -1) + 1
        self._offsets[topic] = offset
        return offset
