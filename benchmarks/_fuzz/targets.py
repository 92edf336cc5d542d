"""What is fuzzed: valid input, how it is damaged, what is fed with it, and what it may raise."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from benchmarks._fuzz.damage import (
    damaged_arrays,
    damaged_bytes,
    damaged_json,
    damaged_msgpack,
)
from benchmarks._fuzz.worlds import CorePipeline, StoredUsers, learned, snapshot_of
from cherryrec.codec import decode, encode
from cherryrec.errors import BadMessage, CherryRecError, ConfigError, ModelError
from cherryrec.evaluation.mind import MindLog
from cherryrec.evaluation.recorded import RecordedEvaluations
from cherryrec.events import ModelSnapshot
from cherryrec.learner import Learner
from cherryrec.pipeline import PipelineConfig
from cherryrec.snapshots import SERVING, STATE, scorer_of, temperatures_of, weights_of
from cherryrec.topics import TOPICS, Topic
from tests.unit.schemas.messages import MESSAGES

__all__ = ["TARGETS", "Target"]

Damage = Callable[[random.Random], Any]


@dataclass(slots=True)
class Target:
    """One thing that decodes.

    Parameters
    ----------
    damage
        Draws a damaged input.
    feed
        Takes it; returns whether it was accepted.
    named
        The exceptions that name a fault; any other is a find.
    restart
        Makes whatever `feed` changes anew, every so often; None where it changes nothing.
    """

    damage: Damage
    feed: Callable[[Any], bool]
    named: tuple[type[CherryRecError], ...]
    restart: Callable[[], None] | None = field(default=None)


def _codec() -> Target:
    """Damage every message: what is accepted is encoded and decoded to the same."""
    corpus = {topic.name: encode(MESSAGES[topic.name]) for topic in TOPICS}
    all_of_them = list(corpus.values())

    def damage(rng: random.Random) -> tuple[Topic, bytes]:
        topic = rng.choice(TOPICS)
        return topic, damaged_json(corpus[topic.name], all_of_them, rng)

    def feed(damaged: tuple[Topic, bytes]) -> bool:
        topic, raw = damaged
        event = decode(topic.message, raw, max_bytes=topic.max_message_bytes)
        again = encode(event)
        back = decode(topic.message, again, max_bytes=4 * topic.max_message_bytes)
        assert encode(back) == again, "what was accepted is not the same when it is sent on"
        return True

    return Target(damage, feed, (BadMessage,))


def _pipeline() -> Target:
    """Damage every record that a stream worker reads, keys included, through the core and on."""
    worker = CorePipeline()
    return Target(worker.damage, worker.feed, (BadMessage,), worker.restart)


def _state() -> Target:
    """Damage the stored bytes of users: read, and used for what comes next."""
    users = StoredUsers()

    def damage(rng: random.Random) -> tuple[str, bytes]:
        name = rng.choice(sorted(users.corpus))
        corpus = users.corpus[name]
        return name, damaged_msgpack(rng.choice(corpus), corpus, rng)

    return Target(damage, users.feed, (CherryRecError,), users.restart)


def _snapshot(name: str) -> Target:
    """Damage a learner's snapshot: restored or scored with, and gone on with."""
    core = PipelineConfig()
    learner, slate, clicked = learned()
    whole = snapshot_of(learner, name)

    def damage(rng: random.Random) -> bytes:
        changed: dict[str, object] = {"arrays": damaged_arrays(whole.arrays, rng)}
        if rng.random() < 0.1:
            applied: list[dict[str, int]] = [{}, {"0": -1}, {"x": 2**63 - 1}]
            changed["applied"] = rng.choice(applied)
        return encode(msgspec.structs.replace(whole, **changed))

    def feed(raw: bytes) -> bool:
        snapshot = decode(ModelSnapshot, raw, max_bytes=64 << 20)
        if name == STATE:
            restored = Learner.restore(core.knrs, core.vans, snapshot)
            for _ in range(3):
                restored.vans.learn(slate, clicked)
            assert np.isfinite(restored.vans.score(slate).scores).all(), "scores must be finite"
            encode(restored.snapshot(STATE))
        else:
            weights_of(snapshot)
            temperatures_of(snapshot)
            scored = scorer_of(snapshot, core.vans).score(slate)
            assert np.isfinite(scored.contributions).all(), "contributions must be finite"
        return True

    return Target(damage, feed, (BadMessage, ModelError))


NEWS = (
    b"N1\tsports\tgolf\tBrand new putter\tAn abstract\thttps://x/1\t"
    b'[{"Label": "PGA", "WikidataId": "Q910409"}]\t[]\n'
    b"N2\tnews\t[130 131]\tStrike stops trains\t\t\t[]\t[]\n"
)
BEHAVIORS = (
    b"1\tU1\t11/15/2019 8:00:00 AM\tN1 N2\tN1-1 N2-0\n"
    b"2\tU2\t2019-11-15T09:00:00\t\tN1-0 N2-1\n"
    b"3\tU1\t11/15/2019 10:00:00 PM\tN1\tN1 N2\n"
)


def _log() -> Target:
    """Damage the rows of a log in MIND's format, in both of its files."""
    folder = Path(tempfile.mkdtemp(prefix="cherryrec-fuzz-"))
    corpus = (NEWS, BEHAVIORS, b"\t\t\t\t", b"-1 -0", b"\r\n\r", b"\xef\xbb\xbf")

    def damage(rng: random.Random) -> tuple[bytes, bytes]:
        return damaged_bytes(NEWS, corpus, rng), damaged_bytes(BEHAVIORS, corpus, rng)

    def feed(files: tuple[bytes, bytes]) -> bool:
        for name, raw in zip(("news.tsv", "behaviors.tsv"), files, strict=True):
            (folder / name).write_bytes(raw)
        log = MindLog(folder)
        articles, impressions = log.articles(), list(log.impressions())
        for impression in impressions:
            labels = impression.clicked
            assert labels is None or len(labels) == len(impression.candidates)
        return bool(articles and impressions)

    return Target(damage, feed, (ConfigError,))


def _recorded() -> Target:
    """Damage a file of recorded evaluations: header, questions, evaluations."""
    header = msgspec.json.encode(
        {
            **{"recorded": "evaluations", "format": 1, "model": "m", "log": "demo"},
            **{"log_digest": "ab", "seed": 0, "prompts": {"n_titles": 20}},
        }
    )
    line = b'{"question":"ab","evaluation":%s}' % encode(MESSAGES["evaluations"])
    corpus = (header, line)

    def damage(rng: random.Random) -> list[bytes]:
        lines = [header, line, line]
        at = rng.randrange(len(lines))
        lines[at] = damaged_json(lines[at], corpus, rng)
        return lines

    def feed(lines: Sequence[bytes]) -> bool:
        found = RecordedEvaluations.of_lines(Path("recorded.jsonl"), lines)
        return found is not None and len(found) > 0

    return Target(damage, feed, (ConfigError,))


TARGETS: dict[str, Callable[[], Target]] = {
    "codec": _codec,
    "pipeline": _pipeline,
    "state": _state,
    "learner": partial(_snapshot, STATE),
    "serving": partial(_snapshot, SERVING),
    "log": _log,
    "recorded": _recorded,
}
"""Name → the target, made when it is asked for."""
