"""Slates over HTTP: asked for, given from before, and what is said where there is none."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from cherryrec.codec import decode
from cherryrec.events import Recommendation, RecommendationRequest, instant
from tests.streams.gateway.conftest import NOW_S, READ, World, a_worker, bearer, slate_of
from tests.streams.gateway.memory_kafka import Sent


def test_a_question_becomes_a_request_and_is_answered_with_its_slate(world: World) -> None:
    world.kafka.answer = a_worker

    answer = world.ask(user_id="u1", slate_size=2)

    ((topic, key, value),) = world.kafka.sent
    request = decode(RecommendationRequest, value)
    assert (topic, key, request.user_id, request.slate_size) == ("requests", b"u1", "u1", 2)
    assert request.requested_at == instant(NOW_S)
    got = answer.json()
    assert (answer.status_code, got["served"]) == (200, "answer")
    assert (got["schema"], got["request_id"]) == (1, request.request_id)
    assert [one["article_id"] for one in got["slate"]] == ["a1", "a2"]
    assert got["slate"][0]["contributions"] == {"age": -0.25, "ctr_1h": 0.75}
    assert len(world.gateway.waiting) == 0


def test_ids_and_times_of_the_caller_s_own_are_kept(world: World) -> None:
    world.kafka.answer = a_worker

    answer = world.ask(user_id="u1", request_id="mine", requested_at="2026-01-04T10:00:00Z")

    assert answer.json()["request_id"] == "mine"
    assert answer.json()["requested_at"] == "2026-01-04T10:00:00Z"


def test_after_the_deadline_the_newest_published_slate_stands_in_and_says_so(world: World) -> None:
    old = RecommendationRequest(request_id="old", user_id="u1", requested_at=instant(NOW_S))
    world.kafka.publish("recommendations", slate_of(old, "a7"))

    answer = world.ask(user_id="u1")

    assert answer.status_code == 200
    assert (answer.json()["served"], answer.json()["request_id"]) == ("stale", "old")


def test_a_broker_that_does_not_answer_is_said_and_an_earlier_slate_given(world: World) -> None:
    world.kafka.fails_with = "Kafka at broker:1 must answer"

    unknown = world.ask(user_id="u1")
    old = RecommendationRequest(request_id="old", user_id="u2", requested_at=instant(NOW_S))
    world.kafka.publish("recommendations", slate_of(old, "a7"))
    known = world.ask(user_id="u2")

    assert unknown.status_code == 503
    assert "Kafka at broker:1 must answer" in unknown.json()["detail"]
    assert int(unknown.headers["retry-after"]) > 0
    assert known.json()["served"] == "stale"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"user_id": "u1", "slate_size": "5"}, "Expected `int`, got `str` - at `$.slate_size`"),
        (
            {"user_id": "u1", "requested_at": 0},
            "Expected `datetime`, got `int` - at `$.requested_at`",
        ),
        ({"user_id": "u1", "candidates": ["a", ""]}, "length >= 1 - at `$.candidates[1]`"),
        ({"slate_size": 3}, "Object missing required field `user_id`"),
        ([], "Expected `object`, got `array`"),
    ],
)
def test_a_body_that_kafka_s_side_would_refuse_is_refused_with_its_reason(
    world: World, body: object, said: str
) -> None:
    answer = world.client.post("/v1/recommendations", json=body, headers=bearer("s" * 16))

    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert said in answer.json()["detail"]
    assert answer.json()["type"] == "urn:cherryrec:problem:bad-message"
    assert world.kafka.sent == []


def test_a_request_that_no_worker_can_use_is_a_problem_with_the_reason(world: World) -> None:
    def refusing(sent: Sent) -> Recommendation:
        request = decode(RecommendationRequest, sent[2])
        reason = "requested_at must be at most 600 s after its arrival"
        empty = slate_of(request)
        return msgspec.structs.replace(empty, degraded="request_refused", refused=reason)

    world.kafka.answer = refusing

    answer = world.ask(user_id="u1")
    after = world.client.get("/v1/users/u1/recommendations", headers=bearer(READ))

    assert (answer.status_code, answer.json()["type"][-8:]) == (422, "unusable")
    assert answer.json()["detail"] == "requested_at must be at most 600 s after its arrival"
    assert after.status_code == 404


def test_more_requests_than_may_wait_are_told_to_come_again(
    make_world: Callable[..., World],
) -> None:
    world = make_world(max_waiting=1)
    world.gateway.waiting._n = 1

    answer = world.ask(user_id="u1")

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


def test_the_newest_slate_is_a_published_message_with_a_tag(world: World) -> None:
    asked = RecommendationRequest(request_id="r", user_id="u1", requested_at=instant(NOW_S))
    world.kafka.publish("recommendations", slate_of(asked, "a1"))
    path = "/v1/users/u1/recommendations"

    first = world.client.get(path, headers=bearer(READ))
    tag = first.headers["etag"]
    again = world.client.get(path, headers={"If-None-Match": f"W/{tag}", **bearer(READ)})
    world.kafka.publish("recommendations", slate_of(asked, "a2"))
    newer = world.client.get(path, headers={"If-None-Match": tag, **bearer(READ)})

    got = msgspec.json.decode(first.content, type=Recommendation)
    assert got.slate[0].article_id == "a1"
    assert first.headers["cache-control"] == "private, max-age=5"
    assert (again.status_code, again.content) == (304, b"")
    assert (newer.status_code, newer.json()["slate"][0]["article_id"]) == (200, "a2")


def test_a_user_of_whom_no_slate_is_known_is_told_so(world: World) -> None:
    answer = world.client.get("/v1/users/nobody/recommendations", headers=bearer(READ))

    assert answer.status_code == 404
    assert "no slate of user 'nobody' is there" in answer.json()["detail"]
