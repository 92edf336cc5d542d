"""Topics, and a worker that reads them, dies at any point and goes on from what it had stored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from cherryrec.events import (
    ArticleActivity,
    EvaluationRequest,
    Example,
    Recommendation,
    SlateLabelled,
)
from cherryrec.feedback import FeedbackConfig
from cherryrec.pipeline import (
    Effects,
    EvaluatorConfig,
    PipelineConfig,
    Position,
    Send,
)
from cherryrec.slates import SlatesConfig
from cherryrec.stored_requests import is_of_a_user, owner_of
from cherryrec.system import LocalSystem
from tests.worlds import START_S, system_of

HELD = ("profile-updates", "impressions", "clicks")
TOPICS = (
    "profile-updates",
    "requests",
    "evaluations",
    "deadlines",
    "impressions",
    "clicks",
    "ticks",
)
N_ARTICLES = 10

DISORDER_S = 600.0
"""How far events are out of order."""

Changes = dict[tuple[int, str], bytes]


@dataclass(slots=True)
class Topics:
    """What was written, by topic and all in one order; the key of a record is its user."""

    records: dict[str, list[tuple[str, Any, float]]] = field(
        default_factory=lambda: {topic: [] for topic in TOPICS}
    )
    order: list[str] = field(default_factory=list)

    def write(self, topic: str, user_id: str, event: Any) -> None:
        self.records[topic].append((user_id, event, START_S + len(self.order)))
        self.order.append(topic)


def new_system(config: PipelineConfig) -> LocalSystem:
    return system_of(N_ARTICLES, config=config, is_learning=False)


def apply(system: LocalSystem, topic: str, offset: int, record: tuple[str, Any, float]) -> Effects:
    """Call the core as the agent of the topic does."""
    user_id, event, arrived_s = record
    at = Position(0, offset, arrived_s)
    if event is None:
        assert topic == "profile-updates"
        return system.pipeline.profile_update(at, user_id, None)
    return system.apply(event, at, now=START_S)


class Worker:
    """Reads topics in batches; what it stored and sent outlives it.

    `durable` is what the changelogs hold, `flushed` the last counters of each bucket, `committed`
    where a successor goes on. A batch is sent, then its state is stored, then, with the next
    flush of the counters, its offsets are committed.
    """

    def __init__(self, topics: Topics, config: PipelineConfig) -> None:
        self.topics = topics
        self.config = config
        self.durable: tuple[Changes, Changes] = ({}, {})
        self.flushed: dict[int, ArticleActivity] = {}
        self.committed = dict.fromkeys(TOPICS, 0)
        self.position = dict.fromkeys(TOPICS, 0)
        self.answers: Counter[str] = Counter()
        self.questions: dict[str, EvaluationRequest] = {}
        self.examples: dict[str, Example] = {}
        self.slates: set[tuple[Any, ...]] = set()
        self.system = new_system(config)

    def work(self, topic: str, n: int, *, dies: str = "") -> None:
        """Read up to n records; die before anything of them is sent, or before it is stored."""
        start = self.position[topic]
        batch = self.topics.records[topic][start : start + n]
        effects = [
            apply(self.system, topic, offset, record)
            for offset, record in enumerate(batch, start=start)
        ]
        if dies == "before it sends":
            self.restart()
            return
        for one in effects:
            self._send(one.sends)
        if dies == "before it stores":
            self.restart()
            return
        for one in effects:
            self.system.settle(one)
        self.durable = dict(self.system.profiles.values), dict(self.system.requests.values)
        self.position[topic] = start + len(batch)

    def flush(self, *, n_sent: int | None = None) -> None:
        """Flush the counters and commit; die after some of them."""
        for number, send in enumerate(self.system.pipeline.flush([0])):
            if n_sent is not None and number >= n_sent:
                self.restart()
                return
            assert isinstance(send.event, ArticleActivity)
            self.flushed[send.event.bucket] = send.event
        self.committed = dict(self.position)

    def commit(self, topic: str) -> None:
        """Commit what was read of a topic that waits for no flush."""
        assert topic not in HELD
        self.committed[topic] = self.position[topic]

    def restart(self) -> None:
        """Go on where it was committed, with what was stored and flushed."""
        self.system = new_system(self.config)
        stores = self.system.profiles, self.system.requests
        for store, values in zip(stores, deepcopy(self.durable), strict=True):
            store.values = values
        for message in self.flushed.values():
            self.system.pipeline.activity(message)
        self.system.pipeline.restore(0, ((key, raw) for (_, key), raw in self.durable[1].items()))
        self.position = dict(self.committed)

    def drain(self) -> None:
        """Read all there is, topic by topic, and commit it."""
        while any(self.position[t] < len(self.topics.records[t]) for t in TOPICS):
            for topic in TOPICS:
                self.work(topic, 100)
        self.flush()

    def _send(self, sends: Iterable[Send]) -> None:
        for send in sends:
            event = send.event
            if isinstance(event, Recommendation):
                self.answers[event.request_id] += 1
            elif isinstance(event, EvaluationRequest):
                self.questions[event.request_id] = event
            elif isinstance(event, Example):
                self.examples[event.example_id] = event
            elif isinstance(event, SlateLabelled):
                self.slates.add((event.slate_id, event.articles, event.clicked))


def fold(topics: Topics, config: PipelineConfig) -> Worker:
    """Read all records once, in the order in which they were written, by a worker that lives."""
    worker = Worker(topics, config)
    for topic in topics.order:
        worker.work(topic, 1)
    worker.flush()
    return worker


def users_of(table: Changes) -> set[str]:
    """Users of whom a table of requests or profiles holds anything."""
    return {owner_of(key)[0] for _, key in table if is_of_a_user(key)}


SLATES = SlatesConfig(max_slates=256, max_places=4_096, max_articles=64, max_postings=64)
"""More than is drawn; the default's 70 MiB a worker would fill the memory of a long run."""


def configured(*, evaluator: bool) -> PipelineConfig:
    feedback = FeedbackConfig(label_after_s=DISORDER_S)
    evaluator_config = EvaluatorConfig(enabled=evaluator)
    return PipelineConfig(evaluator=evaluator_config, feedback=feedback, slates=SLATES)
