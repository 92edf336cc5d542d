"""What damaged input is fed to: a worker's core, stored users, a model that has learned."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks._fuzz.damage import damaged_bytes, damaged_json
from cherryrec.codec import encode
from cherryrec.events import (
    ArticleActivity,
    Evaluation,
    Event,
    Example,
    FeedbackTick,
    Inquiry,
    ModelSnapshot,
    instant,
)
from cherryrec.features import FEATURES
from cherryrec.learner import Learner
from cherryrec.pipeline import EvaluatorConfig, PipelineConfig, Position, Send
from cherryrec.stored_requests import REACHED_KEY, owner_of
from cherryrec.topics import topic_named
from streams.agents import AgentSpec, TopicRules, agent_specs
from streams.config import StreamConfig
from tests.worlds import (
    START_S,
    article,
    click,
    impression,
    pipeline_of,
    request,
    system_of,
    update,
)

__all__ = ["CorePipeline", "StoredUsers", "learned", "snapshot_of"]

USER = "u"
SHOWN = ("a1", "a2", "a3", "a5")

_INTERNAL = (
    TopicRules(topic="article-activity", message=ArticleActivity),
    TopicRules(topic="labelled-slates", message=topic_named("labelled-slates").message),
)


class CorePipeline:
    """A worker's core, fed record by record as its agents and its follower do."""

    def __init__(self) -> None:
        self.restart()
        self.corpus = {topic: encode(event) for topic, event in _traffic()}

    def restart(self) -> None:
        """Begin with eight articles and no users."""
        self.config = PipelineConfig(evaluator=EvaluatorConfig(enabled=True))
        self.system = system_of(8, config=self.config, is_learning=False)
        self.system.on_send = _fits_its_topic
        self.pipeline = self.system.pipeline
        self._specs: dict[str, AgentSpec] = {
            spec.rules.topic: spec
            for spec in agent_specs(
                self.pipeline,
                clock=lambda: START_S,
                config=StreamConfig(),
                count_title=lambda _: None,
            )
        }
        self._offset = 0

    def damage(self, rng: random.Random) -> tuple[str, bytes | None, bytes | None]:
        """Draw a topic, a key and a value; most have one of the two as it should be."""
        topic = rng.choice(sorted(self.corpus))
        raw = self.corpus[topic]
        value: bytes | None = damaged_json(raw, (raw,), rng) if rng.random() < 0.9 else raw
        rules = topic_named(topic)
        key: bytes | None = {"article_id": b"a1", "user_id": b"u"}.get(rules.key, b"0:0")
        if rng.random() < 0.1:
            key = rng.choice((None, b"", b"\xff", damaged_bytes(b"u", (b"u:0",), rng)))
        if rng.random() < 0.02:
            value = None
        return topic, key, value

    def feed(self, record: tuple[str, bytes | None, bytes | None]) -> bool:
        """Read a record, apply its event, and send on what follows; the same bytes twice."""
        topic, key, value = record
        self._offset += 1
        at = Position(0, self._offset)
        spec = self._specs.get(topic)
        if spec is None:
            rules = next(rules for rules in _INTERNAL if rules.topic == topic)
            _, event = rules.read(key, value, arrived_s=START_S)
            self._follow(event)
            return True
        name, event = spec.rules.read(key, value, arrived_s=START_S)
        if topic == "articles":
            self.pipeline.article(name, event, now=START_S)  # type: ignore[arg-type]
        effects = spec.apply(at, name, event)
        self.system.follow(effects)
        if self._offset % 50 == 0:
            for send in self.pipeline.flush([0]):
                encode(send.event)
            stored = [(user, raw) for (_, user), raw in self.system.requests.values.items()]
            self.pipeline.restore(0, stored)
        return True

    def _follow(self, event: Event | None) -> None:
        if isinstance(event, ArticleActivity):
            self.pipeline.activity(event)
        elif event is not None:
            self.pipeline.labelled(event)  # type: ignore[arg-type]


class StoredUsers:
    """A pipeline whose stores hold damaged bytes of a user, who then reads on."""

    def __init__(self) -> None:
        core = CorePipeline()
        for number, (topic, event) in enumerate(_traffic()):
            if topic in core._specs:
                core.system.follow(core._specs[topic].apply(Position(0, number), USER, event))
        core.system.pipeline.flush([0])  # which stores the event time reached
        self.restart()
        profiles, requests = core.system.profiles, core.system.requests
        self._requests = {key: raw for (_, key), raw in requests.values.items()}
        self.corpus = {
            "profile": list(profiles.values.values()),
            **{
                name: [raw for key, raw in self._requests.items() if _kind(key) == name]
                for name in ("open", "frozen", "reached")
            },
        }

    def restart(self) -> None:
        """Begin with eight articles and no users."""
        self._core = CorePipeline()
        self._offset = 1_000

    def feed(self, damaged: tuple[str, bytes]) -> bool:
        """Store the bytes, rebuild the windows, and let the user ask, see and click."""
        name, raw = damaged
        system = self._core.system
        system.pipeline.users.erase(0, USER)
        if name == "profile":
            system.profiles.put(0, USER, raw)
        else:
            stored = {k: raw if _kind(k) == name else v for k, v in self._requests.items()}
            for key, value in stored.items():
                system.requests.put(0, key, value)
            system.pipeline.restore(0, list(stored.items()))
        for topic, event in _traffic():
            if topic in {"requests", "impressions", "clicks", "evaluations", "feedback"}:
                self._offset += 1
                spec = self._core._specs[topic]
                system.follow(spec.apply(Position(0, self._offset), USER, event))
        return True


def _fits_its_topic(send: Send) -> None:
    """Check the size of what is sent."""
    assert len(encode(send.event)) <= topic_named(send.topic).max_message_bytes


def _kind(key: str) -> str:
    """Say what a key of the requests' store holds."""
    if key == REACHED_KEY:
        return "reached"
    return "open" if owner_of(key)[1] is None else "frozen"


def learned(n: int = 300) -> tuple[Learner, NDArray[np.float64], NDArray[np.bool_]]:
    """Return a learner of some hundred slates, with trees grown, and a slate to go on with."""
    config = PipelineConfig()
    learner = Learner(config.knrs, config.vans)
    rng = np.random.default_rng(3)
    slate = np.zeros((5, len(FEATURES)))
    clicked = np.array([True, False, False, False, False])
    for number in range(n):
        slate = rng.normal(size=(5, len(FEATURES))).round(3)
        clicked = slate[:, 0] == slate[:, 0].max()
        example = Example(
            example_id=f"e{number}",
            user_id=USER,
            shown_at=instant(START_S + number),
            articles=(*SHOWN, "a6"),
            clicked=tuple(clicked.tolist()),
            feature_set=learner.snapshot("cherryrec-learner").feature_set,
            features=slate.astype("<f4").tobytes(),
            metrics=rng.random((5, 5)).astype("<f4").tobytes(),
            evaluator="",
        )
        learner.learn(example, partition=0, offset=number)
    return learner, slate, clicked


def snapshot_of(learner: Learner, name: str) -> ModelSnapshot:
    """Take a snapshot."""
    return learner.snapshot(name)


def _traffic() -> list[tuple[str, Event]]:
    """One user's morning, a message of each topic that a worker reads."""
    activity = pipeline_of(8)
    activity.impression(Position(0, 0), impression("i0", SHOWN))
    activity.click(Position(0, 1), click("a1"))
    counted: Any = activity.flush([0])[0].event
    labelled: Any = topic_named("labelled-slates").message
    fields: dict[str, Any] = {"slate_id": "r0", "shown_at": instant(START_S)}
    evaluations = {"a1": 0.7, "a2": 0.3, "a3": 0.5, "a5": 0.1}
    return [
        ("articles", article(1, published_at=instant(START_S), entities=("Q1",), source="s")),
        ("article-activity", counted),
        ("profile-updates", update(role="Reader", fields=("x",), history=("a1", "a2"))),
        ("requests", request("r1", candidates=SHOWN, exclude=("a7",), slate_size=3)),
        ("impressions", impression("i1", SHOWN, START_S + 1, request_id="r1")),
        ("clicks", click("a2", START_S + 2, impression_id="i1", dwell_s=3.5)),
        (
            "evaluations",
            Evaluation(request_id="r1", user_id=USER, evaluations=evaluations, model="m", tokens=3),
        ),
        ("deadlines", topic_named("deadlines").message(request_id="r1", user_id=USER)),  # type: ignore[call-arg]
        ("requests", request("r2", START_S + 3)),
        (
            "inquiries",
            Inquiry(
                inquiry_id="q1",
                user_id=USER,
                asked_at=instant(START_S + 3),
                kind="why_not",
                article_id="a7",
                history=("a2",),
                without=("features:exposure", "knrs:novelty"),
            ),
        ),
        ("feedback", FeedbackTick(partition=0, time=instant(START_S + 7_200))),
        (
            "labelled-slates",
            labelled(
                **fields,
                articles=SHOWN,
                clicked=(True, False, False, False),
                categories=("sport", "", "politics", "x"),
            ),
        ),
    ]
