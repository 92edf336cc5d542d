"""A replay halts while models stand still, goes on with them, and ends when they do not."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from kafka import TopicPartition

from cherryrec.codec import encode
from cherryrec.errors import ServiceError
from cherryrec.evaluation.replay import LearnedRecord
from cherryrec.events import SlateLabelled, instant
from cherryrec.snapshots import SERVING, STATE
from cherryrec.topics import TopicNames
from streams.replay import ModelWatch

NAMES = TopicNames("t.")
MODELS = TopicPartition(NAMES("models"), 0)
LABELS = TopicPartition(NAMES("labelled-slates"), 0)


def version(number: int, *, key: str = SERVING) -> tuple[TopicPartition, Any]:
    value = msgspec.json.encode({"model": key, "version": number, "n_examples": number})
    return MODELS, SimpleNamespace(key=key.encode(), value=value, timestamp=1_000 * number)


def label(number: int) -> tuple[TopicPartition, Any]:
    slate = SlateLabelled(
        slate_id=f"s{number}",
        shown_at=instant(1.6e9),
        articles=("a", "b"),
        clicked=(True, False),
        categories=("", ""),
    )
    return LABELS, SimpleNamespace(key=b"s", value=encode(slate), timestamp=0)


class FakeSession:
    """Hands out batches of records, one batch a poll; the first are there from before."""

    def __init__(self, before: list[tuple[TopicPartition, Any]]) -> None:
        self.names = NAMES
        self.before = before
        self.batches: list[list[tuple[TopicPartition, Any]]] = []
        self.at = len(before)

    def follow(self, *_: str) -> FakeSession:
        return self

    def position(self, _: TopicPartition) -> int:
        return self.at

    def beginning_offsets(self, places: list[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(places, 0)

    def seek(self, _: TopicPartition, offset: int) -> None:
        self.at = offset

    def poll(self, **_: Any) -> dict[TopicPartition, list[Any]]:
        if self.at < len(self.before):
            batch, self.at = self.before[self.at :], len(self.before)
        else:
            batch = self.batches.pop(0) if self.batches else []
        polled: dict[TopicPartition, list[Any]] = {}
        for place, record in batch:
            polled.setdefault(place, []).append(record)
        return polled

    def close(self) -> None:
        """Nothing to close."""


def watch(*before: tuple[TopicPartition, Any]) -> tuple[ModelWatch, FakeSession, LearnedRecord]:
    record, session = LearnedRecord(window=1), FakeSession(list(before))
    return ModelWatch(session, record, patience_s=0.3), session, record  # type: ignore[arg-type]


def test_it_begins_with_the_newest_version_that_workers_score_with() -> None:
    models, _, record = watch(version(3), version(4), version(9, key=STATE))

    with models:
        record.ranked(4, at_s=10.0)

    assert record.n_learned == 0
    assert record.pace().oldest_s == 6.0


def test_replay_halts_until_a_learner_that_stood_still_has_caught_up() -> None:
    models, session, record = watch()
    with models:
        session.batches = [[label(number) for number in range(200)]]
        models.poll()
        record.ranked(0, at_s=0.0)
        session.batches = [[], [], [version(150)], [], [version(200)]]

        models.keep_up()

    assert record.n_learned == 200
    assert models.halted_s > 0.2


def test_replay_ends_with_the_numbers_when_the_learner_stands_still() -> None:
    models, session, record = watch()
    with models:
        session.batches = [[label(number) for number in range(200)], [version(12)]]
        models.poll()
        models.poll()
        record.ranked(12, at_s=0.0)

        with pytest.raises(ServiceError, match="the learner has learned 12 of 200 labelled slates"):
            models.keep_up()


def test_replay_ends_when_workers_do_not_follow_what_is_learned() -> None:
    models, session, record = watch()
    with models:
        session.batches = [[label(number) for number in range(200)], [version(200)]]
        models.poll()
        models.poll()
        with pytest.raises(ServiceError, match="workers rank with an old version"):
            for _ in range(20):
                record.ranked(0, at_s=0.0)
                models.keep_up()


def test_waiting_ends_at_once_when_a_part_is_given_up() -> None:
    models, session, record = watch()

    def check() -> None:
        msg = "learner was given up"
        raise ServiceError(msg)

    models._check = check
    with models:
        session.batches = [[label(number) for number in range(200)]]
        models.poll()
        record.ranked(0, at_s=0.0)
        with pytest.raises(ServiceError, match="given up"):
            models.keep_up()


def test_it_settles_when_all_is_learned_and_gives_up_when_nothing_goes_on() -> None:
    models, session, record = watch()
    with models:
        session.batches = [[label(0), label(1)], [version(1)], [version(2)]]
        models.settle()
        assert record.faults() == ()

        session.batches = [[label(2)]]
        models.settle()
        assert record.faults() == ("examples learned: 2 of 3 labelled slates",)
