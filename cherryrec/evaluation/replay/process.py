"""The system in one process as both local replays use it: nothing ranks by what is to come."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from cherryrec.codec import EARLIEST
from cherryrec.errors import ConfigError
from cherryrec.evaluation.replay.messages import INSTANT_S
from cherryrec.events import Click, RecommendationRequest, seconds
from cherryrec.features import Newest, State, check_times, newest_used
from cherryrec.pipeline import PipelineConfig
from cherryrec.profile import Profile
from cherryrec.system import PARTITION, Embed, Evaluate, LocalSystem

__all__ = ["PARTITION", "ReplayedSystem"]


class ReplayedSystem(LocalSystem):
    """A system whose clicks are known after a delay, and whose models learn at once.

    Parameters
    ----------
    config
        Settings of the pipeline; how long it waits for clicks is replaced by the label delay.
    label_delay_s
        Event time after which clicks, and that there were none, are known; 0 or more. What was
        shown is known at once.
    evaluate
        CnLE in this process; None asks it nothing.
    embed
        As in `LocalSystem`.
    """

    def __init__(
        self,
        config: PipelineConfig,
        *,
        label_delay_s: float = 0.0,
        evaluate: Evaluate | None = None,
        embed: Embed | None = None,
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
                label_after_s=label_delay_s,
                correction_s=0.0,
                shadow_share=0.0,
                recall_share=0.0,
            ),
            evaluator=replace(config.evaluator, enabled=evaluate is not None),
        )
        super().__init__(config, evaluate=evaluate, embed=embed)

    def _check_times(self, request: RecommendationRequest, profile: Profile) -> None:
        """Refuse to rank by anything that is not earlier than the request."""
        pipeline, users = self.pipeline, self.pipeline.users
        exposures = users.requests(PARTITION, request.user_id).exposures
        newest = newest_used(State(pipeline.catalogue, profile, exposures, pipeline.slates))
        newest["alike"] = Newest(pipeline.co_reads.newest_s)
        learned_s = self.learner.newest_s
        newest["model"] = Newest(learned_s if learned_s > seconds(EARLIEST) else 0.0)
        check_times(newest, seconds(request.requested_at))

    def _deliver(self, clicks: Iterable[Click], known_s: float) -> None:
        """Deliver clicks that are known by a time, and let event time reach it."""
        for click in clicks:
            self.send(click)
        self.advance(known_s + INSTANT_S)
