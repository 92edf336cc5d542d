"""What must be left: the pure core over the same records, with no process that ever ended.

A partition's records of each topic come in their order; between topics by the time at which they
were written, which is how they were sent where the order matters: an answered slate is shown after
its request, windows end after all else. Records are read by the rules of the workers' agents.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from benchmarks._chaos.system import ChaosSystem
from benchmarks._chaos.traffic import DISORDER_S, LATENESS_S, WINDOW_S
from cherryrec.errors import BadMessage
from cherryrec.events import ArticleActivity, ArticlePublished, Example, SlateLabelled
from cherryrec.feedback import FeedbackConfig
from cherryrec.pipeline import PipelineConfig, Position
from cherryrec.placement import partition_of
from cherryrec.profile import ProfileConfig
from cherryrec.system import LocalSystem
from streams.agents import agent_specs
from streams.config import StreamConfig
from streams.engine.moving import VACATED, origin_of
from tests.integration.system import INPUTS, PARTITIONS

__all__ = ["CONFIG", "ENVIRONMENT", "Fold", "Place"]

Place = tuple[str, int, int]
"""Topic, partition, offset."""

CONFIG = PipelineConfig(
    feedback=FeedbackConfig(
        attribution_window_s=WINDOW_S, label_after_s=DISORDER_S, correction_s=WINDOW_S
    ),
    profile=ProfileConfig(allowed_lateness_s=LATENESS_S),
)
ENVIRONMENT = {
    "CHERRYREC_FEEDBACK_ATTRIBUTION_WINDOW_S": str(WINDOW_S),
    "CHERRYREC_FEEDBACK_LABEL_AFTER_S": str(DISORDER_S),
    "CHERRYREC_FEEDBACK_CORRECTION_S": str(WINDOW_S),
    "CHERRYREC_PROFILE_ALLOWED_LATENESS_S": str(LATENESS_S),
    "CHERRYREC_EVALUATOR_ENABLED": "true",
    "CHERRYREC_LEARNER_STATE_EVERY_S": "1",
}


@dataclass(slots=True)
class Fold:
    """One system over all partitions, never crashed, and what it counted."""

    system: LocalSystem = field(default_factory=lambda: LocalSystem(CONFIG, is_learning=False))
    examples: list[Example] = field(default_factory=list)
    labelled: list[SlateLabelled] = field(default_factory=list)
    activity: list[ArticleActivity] = field(default_factory=list)
    counted: Counter[str] = field(default_factory=Counter)
    refused: set[Place] = field(default_factory=set)
    moved: set[Place] = field(default_factory=set)
    copied: set[Place] = field(default_factory=set)
    n_in: int = 0

    @classmethod
    def of(cls, system: ChaosSystem) -> Fold:
        """Fold what is in the topics of a system."""
        fold = cls()
        specs = {
            spec.rules.topic: spec
            for spec in agent_specs(
                fold.system.pipeline,
                clock=lambda: 0.0,
                config=StreamConfig(),
                count_title=lambda _: None,
            )
        }
        ordered: list[tuple[Any, ...]] = []
        for rank, topic in enumerate(INPUTS):
            newest: dict[int, int] = {}  # a writer's clock may be off: never before what it follows
            for record in system.records(topic):
                at = max(newest.get(record.partition, 0), record.timestamp)
                newest[record.partition] = at
                ordered.append((at, rank, record.partition, record.offset, topic, record))
        for *_, topic, record in sorted(ordered, key=lambda one: one[:4]):
            fold._apply(specs[topic], record)
        for send in fold.system.pipeline.flush(range(PARTITIONS)):
            assert isinstance(send.event, ArticleActivity)
            fold.activity.append(send.event)
        return fold

    def _apply(self, spec: Any, record: Any) -> None:
        topic, arrived_s = spec.rules.topic, record.timestamp / 1_000.0
        self.n_in += 1
        headers = dict(record.headers or ())
        if spec.rules.is_placed and VACATED in headers:
            self.counted["moved"] += 1
            return
        if spec.rules.is_placed and partition_of(record.key, PARTITIONS) != record.partition:
            self.counted["moved"] += 1
            self.moved.add((topic, record.partition, record.offset))
            return
        origin = origin_of(headers)
        if origin is not None:
            self.copied.add((topic, origin.partition, origin.offset))
            arrived_s = min(arrived_s, origin.stamped_s)
        try:
            key, event = spec.rules.read(record.key, record.value, arrived_s=arrived_s)
        except BadMessage:
            self.refused.add((topic, record.partition, record.offset))
            return
        at = Position(record.partition, record.offset, arrived_s)
        if topic == "articles":
            assert event is None or isinstance(event, ArticlePublished)
            self.system.retract(key, at) if event is None else self.system.apply(event, at)
        effects = spec.apply(at, key, event)
        self.counted[effects.counted] += 1
        for send in effects.sends:
            if isinstance(send.event, Example):
                self.examples.append(send.event)
            elif isinstance(send.event, SlateLabelled):
                self.labelled.append(send.event)
        self.system.settle(effects)
