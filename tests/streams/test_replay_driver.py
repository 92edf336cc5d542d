"""A row that no worker takes is left out by name, and the replay goes on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from kafka import TopicPartition

from cherryrec.errors import ServiceError
from cherryrec.evaluation.mind_rows import MindImpression
from cherryrec.evaluation.replay import Judge, LogMessages
from cherryrec.events import (
    Event,
    Recommendation,
    RecommendationRequest,
    Recommended,
    instant,
)
from cherryrec.topics import TopicNames
from streams.replay import KafkaReplay, ReplaySettings
from streams.replay import watch as watching
from streams.replay.session import Answer
from tests.worlds import START_S


class FakeSession:
    """Answers each request at once, refuses those of its list, and keeps what was sent.

    It is its own consumer, of topics on which nothing comes.
    """

    def __init__(self, refuses: str = "") -> None:
        self.names = TopicNames("t.")
        self.sent: list[tuple[str, str]] = []
        self.asked: list[str] = []
        self.refuses = refuses
        self.slate: tuple[Recommended, ...] = ()

    def send(self, topic: str, key: str, event: Event | None) -> None:
        self.sent.append((topic, key))

    def flush(self) -> None:
        pass

    def follow(self, *_: str) -> FakeSession:
        return self

    def position(self, _: TopicPartition) -> int:
        return 0

    def beginning_offsets(self, places: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(places, 0)

    def seek(self, place: TopicPartition, offset: int) -> None:
        pass

    def poll(self, **_: Any) -> dict[TopicPartition, list[Any]]:
        return {}

    def close(self) -> None:
        pass

    def ask_all(
        self, requests: Sequence[RecommendationRequest], *, refused: Callable[[str, str], None]
    ) -> dict[str, Answer]:
        answers = {}
        for one in requests:
            self.asked.append(one.request_id)
            if one.request_id == self.refuses:
                refused(one.request_id, "requests: its clock is ahead")
                continue
            at = instant(START_S)
            slate = Recommendation(
                request_id=one.request_id, user_id=one.user_id, requested_at=at, slate=self.slate
            )
            answers[one.request_id] = Answer(slate, 0.001)
        return answers


def row(name: str, **changes: Any) -> MindImpression:
    fields: dict[str, Any] = {
        "impression_id": name,
        "user_id": "u1",
        "shown_at": START_S,
        "history": (),
        "candidates": ("a1", "a2"),
        "clicked": (True, False),
    }
    return MindImpression(**(fields | changes))


def replayed(rows: Sequence[MindImpression], session: FakeSession) -> KafkaReplay:
    replay = KafkaReplay(session, ReplaySettings(window=2, settle_s=0.0))  # type: ignore[arg-type]
    replay.run(rows, LogMessages({}), Judge({}))
    return replay


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (row("bad", shown_at=118.0), "requests: requested_at must be from 1990 to 2099"),
        (row("bad", user_id="U" * 300), "requests: Expected `str` of length <= 256"),
        (
            row("bad", candidates=tuple(f"a{n}" for n in range(1_200)), clicked=(False,) * 1_200),
            "requests: Expected `int` <= 1000 - at `$.slate_size`",
        ),
        (row("bad", history=("a" * 300,)), "profile-updates: Expected `str` of length <= 256"),
    ],
)
def test_row_over_the_limits_is_refused_by_name_and_the_others_are_replayed(
    bad: MindImpression, reason: str
) -> None:
    session = FakeSession()

    replay = replayed([bad, row("1"), row("2"), row("3")], session)

    assert session.asked == ["1", "2", "3"]
    assert list(replay.refused) == ["bad"]
    assert replay.refused["bad"].startswith(reason)
    assert len(replay.latencies_s) == 3


def test_row_that_a_worker_refuses_is_left_out_with_its_reason() -> None:
    session = FakeSession(refuses="2")

    replay = replayed([row("1"), row("2"), row("3")], session)

    assert replay.refused == {"2": "requests: its clock is ahead"}
    assert sum(topic == "impressions" for topic, _ in session.sent) == 2


def test_profile_of_a_user_is_sent_although_its_row_is_refused() -> None:
    session = FakeSession()
    many = tuple(f"a{n}" for n in range(1_200))

    replayed([row("bad", history=("a9",), candidates=many, clicked=(False,) * 1_200)], session)

    assert ("profile-updates", "u1") in session.sent


def test_replay_whose_clicks_are_never_labelled_tells_no_metrics(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watching, "PATIENCE_S", 0.1)
    session = FakeSession()
    session.slate = (
        Recommended(article_id="a1", position=0, score=0.0, news_value=0.0, contributions={}),
    )

    with pytest.raises(ServiceError, match=r"labels: 0 of 2 clicked slates came out labelled"):
        replayed([row("1"), row("2"), row("3")], session)
