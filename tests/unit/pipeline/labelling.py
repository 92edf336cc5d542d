"""A pipeline that is told its own labels, with short windows for clicks."""

from __future__ import annotations

from dataclasses import dataclass, field

from cherryrec.events import Example, FeedbackTick, SlateLabelled, instant
from cherryrec.exposures import Exposures
from cherryrec.feedback import FeedbackConfig
from cherryrec.learner import Learner
from cherryrec.pipeline import Effects, MemoryStore, Pipeline, PipelineConfig
from cherryrec.slates import SlatesConfig

WINDOW_S, CORRECTION_S = 600.0, 1_800.0
CONFIG = PipelineConfig(
    feedback=FeedbackConfig(attribution_window_s=WINDOW_S, correction_s=CORRECTION_S),
    slates=SlatesConfig(max_articles=64, max_slates=2_048),
)


@dataclass
class Worker:
    """A pipeline that gets back what it says of labels, as from the topics."""

    pipeline: Pipeline
    learner: Learner | None = None
    sent: list[Example | SlateLabelled] = field(default_factory=list)

    def follow(self, effects: Effects, *, is_safe: bool = True) -> None:
        for send in effects.sends:
            event = send.event
            if isinstance(event, SlateLabelled):
                self.sent.append(event)
                self.pipeline.labelled(event)
            elif isinstance(event, Example):
                self.sent.append(event)
                if self.learner is not None:
                    self.learner.learn(event, partition=0, offset=len(self.sent))
        if is_safe:
            self.pipeline.forget(effects.closed)

    def tick(self, time_s: float, *, is_safe: bool = True) -> Effects:
        effects = self.pipeline.tick(FeedbackTick(partition=0, time=instant(time_s)))
        self.follow(effects, is_safe=is_safe)
        return effects

    def examples(self) -> list[tuple[str, tuple[bool, ...]]]:
        return [(e.example_id, e.clicked) for e in self.sent if isinstance(e, Example)]

    def slates(self) -> list[tuple[str, tuple[bool, ...], bool]]:
        labelled = [e for e in self.sent if isinstance(e, SlateLabelled)]
        return [(e.slate_id, e.clicked, e.is_correction) for e in labelled]

    def exposures(self, user: str = "u") -> Exposures:
        return self.pipeline.users.requests(0, user).exposures


def stored(worker: Worker) -> dict[tuple[int, str], bytes]:
    store = worker.pipeline.users._requests
    assert isinstance(store, MemoryStore)
    return dict(store.values)
