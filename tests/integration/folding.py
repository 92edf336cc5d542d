"""What the state must be: the pure core over the records of the topics, and how it compares."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from cherryrec.attention import AttentionConfig
from cherryrec.codec import decode
from cherryrec.events import ArticleActivity, Example, Recommendation
from cherryrec.feedback import FeedbackConfig, labelled
from cherryrec.pipeline import PipelineConfig, Position
from cherryrec.profile import decode_profile
from cherryrec.stored_requests import (
    decode_frozen,
    decode_open,
    frozen_key,
    is_of_a_user,
    owner_of,
)
from cherryrec.system import LocalSystem
from cherryrec.topics import topic_named
from tests.integration.system import INPUTS, PARTITIONS, System
from tests.worlds import follow_all

WINDOW_S = 86_400.0
"""Attribution window of these tests: it ends when they say so."""

CONFIG = PipelineConfig(
    feedback=FeedbackConfig(attribution_window_s=WINDOW_S, label_after_s=WINDOW_S)
)
ENVIRONMENT = {
    "CHERRYREC_FEEDBACK_ATTRIBUTION_WINDOW_S": str(WINDOW_S),
    "CHERRYREC_FEEDBACK_LABEL_AFTER_S": str(WINDOW_S),
}

State = dict[tuple[int, str], Any]


@dataclass(slots=True)
class Fold:
    """One system over all partitions, never crashed."""

    system: LocalSystem = field(default_factory=lambda: LocalSystem(CONFIG, is_learning=False))
    examples: list[Example] = field(default_factory=list)
    answered: set[str] = field(default_factory=set)
    activity: list[ArticleActivity] = field(default_factory=list)

    @classmethod
    def of(cls, system: System, *, once: bool = False) -> Fold:
        """Fold what is in the topics: each partition in offset order, topics by time of sending.

        With `once`, what was sent again is left out.
        """
        fold = cls()
        records = [
            (record.timestamp, rank, record.partition, record.offset, topic, record)
            for rank, topic in enumerate(INPUTS)
            for record in system.records(topic)
        ]
        sent: set[tuple[str, bytes, bytes | None]] = set()
        for *_, topic, record in sorted(records, key=lambda one: one[:4]):
            if not once or (topic, record.key, record.value) not in sent:
                fold._apply(topic, record)
            sent.add((topic, record.key, record.value))
        for send in fold.system.pipeline.flush(range(PARTITIONS)):
            assert isinstance(send.event, ArticleActivity)
            fold.activity.append(send.event)
        return fold

    def _apply(self, topic: str, record: Any) -> None:
        at = Position(record.partition, record.offset, record.timestamp / 1_000.0)
        if not record.value:
            remove = self.system.retract if topic == "articles" else self.system.erase
            remove(record.key.decode(), at)
            return
        event: Any = decode(topic_named(topic).message, record.value)
        effects = self.system.apply(event, at)
        for send in effects.sends:
            if isinstance(send.event, Example):
                self.examples.append(send.event)
            elif isinstance(send.event, Recommendation):
                self.answered.add(send.event.request_id)
        self.system.settle(effects)


def profiles_of(table: dict[tuple[int, str], bytes], *, offsets: bool = True) -> State:
    """Decode profiles; without offsets, what they say whatever was read to get there."""
    state: State = {}
    for place, raw in table.items():
        profile = decode_profile(raw)
        if offsets:
            state[place] = profile
        else:
            known = profile.seen.records()[["low", "high"]].tolist()
            said = (profile.role, profile.fields, profile.collections)
            state[place] = (profile.history, profile.interest, profile.n_clicks, said, known)
    return state


def labels_of(table: dict[tuple[int, str], bytes]) -> State:
    """What is open and how it is labelled; the features depend on when others' counters came."""
    state: State = {}
    table = {place: raw for place, raw in table.items() if is_of_a_user(place[1])}
    frozen = {key for _, key in table if owner_of(key)[1] is not None}
    for (partition, key), raw in table.items():
        user_id, request_id = owner_of(key)
        if request_id is not None:
            continue
        state[partition, user_id] = opened = {}
        stored = decode_open(raw)
        for entry in stored.entries:
            at = frozen_key(user_id, entry.request_id)
            frozen.discard(at)
            opened[entry.request_id] = (
                sorted(decode_frozen(table[partition, at]).articles),
                entry.impression_id,
                entry.shown_s,
                entry.shown,
                sorted(labelled(stored, entry, CONFIG.feedback).clicked),
                entry.expires_at,
            )
    assert not frozen, "features of requests that are not open"
    return state


def activity_on(system: System) -> list[ArticleActivity]:
    """The last flush of every bucket."""
    last = {record.key: record.value for record in system.records("article-activity")}
    limit = topic_named("article-activity").max_message_bytes
    return [decode(ArticleActivity, value, max_bytes=limit) for value in last.values()]


def assert_same_counters(got: Iterable[ArticleActivity], wanted: Iterable[ArticleActivity]) -> None:
    """Whole counts are equal, decayed ones within 1e-9, for every article of every partition."""
    ours, theirs = _counts(got), _counts(wanted)
    assert ours.keys() == theirs.keys()
    for article_id, (totals, decayed) in theirs.items():
        assert ours[article_id][0] == totals, article_id
        assert ours[article_id][1] == pytest.approx(decayed, rel=1e-9, abs=1e-12), article_id


def offsets_of(messages: Iterable[ArticleActivity]) -> dict[tuple[int, int], Any]:
    """Last offsets and recent ids of every bucket."""
    return {(one.partition, one.bucket): (one.applied, one.seen) for one in messages}


def _counts(messages: Iterable[ArticleActivity]) -> dict[str, tuple[list[float], list[float]]]:
    catalogue = follow_all(messages, AttentionConfig())
    now = catalogue.totals.landmark + 86_400.0
    counts = {}
    for article_id in catalogue.ids:
        row = catalogue.known_rows([article_id])
        decayed = np.concatenate(
            [catalogue.totals.views(row, now)[0], catalogue.totals.clicks(row, now)[0]]
        )
        counts[article_id] = (catalogue.totals.totals(row)[0].tolist(), decayed.tolist())
    return {article_id: both for article_id, both in counts.items() if any(both[0])}
