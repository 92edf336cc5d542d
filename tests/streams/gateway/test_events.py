"""Events over HTTP: each read and refused by itself, and answered when Kafka has them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cherryrec.codec import decode, encode
from cherryrec.events import Click, instant
from tests.streams.gateway.conftest import NOW_S, SEND, World, bearer
from tests.worlds import click, impression

CLICK = {
    "topic": "clicks",
    "event_id": "E1",
    "user_id": "U7",
    "article_id": "A1",
    "clicked_at": "2026-01-05T00:00:00Z",
}
ARTICLE = {"topic": "articles", "article_id": "A1", "title": "Bridge opens", "category": "local"}
UPDATE = {"topic": "profile-updates", "user_id": "U7", "updated_at": "2026-01-05T00:00:00Z"}
IMPRESSION = {
    "topic": "impressions",
    "impression_id": "I1",
    "user_id": "U7",
    "articles": ["A1", "A2"],
    "shown_at": "2026-01-05T00:00:00Z",
}


def post(world: World, body: Any) -> Any:
    return world.client.post("/v1/events", json=body, headers=bearer(SEND))


def test_events_of_all_kinds_go_to_their_topics_in_order(world: World) -> None:
    answer = post(world, [ARTICLE, IMPRESSION, CLICK, UPDATE])

    assert (answer.status_code, answer.json()) == (200, {"taken": 4, "refused": []})
    assert [(topic, key) for topic, key, _ in world.kafka.sent] == [
        ("articles", b"A1"),
        ("impressions", b"U7"),
        ("clicks", b"U7"),
        ("profile-updates", b"U7"),
    ]
    got = decode(Click, world.kafka.sent[2][2])
    assert got == Click(event_id="E1", user_id="U7", article_id="A1", clicked_at=instant(NOW_S))
    assert world.kafka.sent[2][2] == encode(got)


def test_one_event_needs_no_list(world: World) -> None:
    answer = post(world, CLICK)

    assert (answer.status_code, answer.json()["taken"], len(world.kafka.sent)) == (200, 1, 1)


def test_a_bad_event_takes_no_other_along_and_is_named(world: World) -> None:
    ahead = CLICK | {"event_id": "E2", "clicked_at": "2026-01-06T00:00:00Z"}
    body = [CLICK | {"user_id": ""}, CLICK, ahead, {"topic": "requests"}, 7, ARTICLE]

    answer = post(world, body)

    refused = {one["index"]: one for one in answer.json()["refused"]}
    assert (answer.status_code, answer.json()["taken"], sorted(refused)) == (200, 2, [0, 2, 3, 4])
    assert refused[0] == {
        "index": 0,
        "topic": "clicks",
        "reason": "Expected `str` of length >= 1 - at `$.user_id`",
    }
    assert "clicked_at must be at most 600 s after its arrival" in refused[2]["reason"]
    assert "topic must be one of articles, impressions, clicks" in refused[3]["reason"]
    assert "got None" in refused[4]["reason"]
    assert [topic for topic, _, _ in world.kafka.sent] == ["clicks", "articles"]


def test_where_nothing_was_taken_the_answer_is_a_problem_that_names_all(world: World) -> None:
    answer = post(world, [{"topic": "clicks"}, {"topic": "impressions"}])

    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert [one["index"] for one in answer.json()["refused"]] == [0, 1]
    assert "event 0: Object missing required field `event_id`" in answer.json()["detail"]


def test_events_that_kafka_has_not_acknowledged_may_be_sent_again(world: World) -> None:
    world.kafka.fails_with = "Kafka must acknowledge within 5 s"

    answer = post(world, [CLICK, {"topic": "clicks"}])

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    lost = {one["index"]: one.get("is_lost", False) for one in answer.json()["refused"]}
    assert lost == {0: True, 1: False}
    metrics = world.client.get("/metrics").text
    assert 'cherryrec_gateway_kafka_errors_total{topic="clicks"} 1.0' in metrics
    assert (
        'cherryrec_gateway_events_total{outcome="not_acknowledged",topic="clicks"} 1.0' in metrics
    )


def test_a_batch_has_a_bound(make_world: Callable[..., World]) -> None:
    world = make_world(max_batch=2)

    answers = [post(world, body) for body in ([CLICK] * 3, [])]

    assert [one.status_code for one in answers] == [413, 400]
    assert "1 to 2 events, got 3" in answers[0].json()["detail"]
    assert world.kafka.sent == []


def test_messages_of_our_own_come_back_as_they_were(world: World) -> None:
    events = {"clicks": click("A1", NOW_S), "impressions": impression("I1", ["A1"], NOW_S)}
    for topic, event in events.items():
        raw = encode(event)[:-1] + b',"topic":"%b"}' % topic.encode()

        answer = world.client.post(
            "/v1/events", content=raw, headers={"Content-Type": "application/json", **bearer(SEND)}
        )

        assert answer.status_code == 200
        assert world.kafka.sent[-1][2] == encode(event)
