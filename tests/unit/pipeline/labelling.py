"""A system that notes what it says of labels, with short windows for clicks."""

from __future__ import annotations

from cherryrec.events import Example, FeedbackTick, SlateLabelled, instant
from cherryrec.exposures import Exposures
from cherryrec.feedback import FeedbackConfig
from cherryrec.pipeline import Effects, PipelineConfig, Send
from cherryrec.slates import SlatesConfig
from cherryrec.system import LocalSystem
from tests.worlds import publish_articles

WINDOW_S, CORRECTION_S = 600.0, 1_800.0
CONFIG = PipelineConfig(
    feedback=FeedbackConfig(
        attribution_window_s=WINDOW_S, label_after_s=WINDOW_S, correction_s=CORRECTION_S
    ),
    slates=SlatesConfig(max_articles=64, max_slates=2_048),
)


class Worker(LocalSystem):
    """Ranks with what it began with; what was sent can be unsafe for a while."""

    def __init__(self, n_articles: int, config: PipelineConfig = CONFIG) -> None:
        self.sent: list[Example | SlateLabelled] = []
        super().__init__(config, is_live=False, on_send=self._note)
        publish_articles(self, n_articles)

    def tick(self, time_s: float, *, is_safe: bool = True) -> Effects:
        effects = self.apply(FeedbackTick(partition=0, time=instant(time_s)))
        self.route(effects)
        if is_safe:
            self.settle(effects)
        return effects

    def examples(self) -> list[tuple[str, tuple[bool, ...]]]:
        return [(e.example_id, e.clicked) for e in self.sent if isinstance(e, Example)]

    def slates(self) -> list[tuple[str, tuple[bool, ...], bool]]:
        labelled = [e for e in self.sent if isinstance(e, SlateLabelled)]
        return [(e.slate_id, e.clicked, e.is_correction) for e in labelled]

    def exposures(self, user: str = "u") -> Exposures:
        return self.pipeline.users.requests(0, user).exposures

    def _note(self, send: Send) -> None:
        if isinstance(send.event, Example | SlateLabelled):
            self.sent.append(send.event)


def stored(worker: Worker) -> dict[tuple[int, str], bytes]:
    return dict(worker.requests.values)
