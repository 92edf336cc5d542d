"""Why a slate is what it is, over HTTP; and slates that must be looked up on their topic."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from cherryrec.events import RecommendationRequest, instant
from tests.streams.gateway.conftest import NOW_S, READ, World, bearer, slate_of
from tests.worlds import article


def publish(world: World, request_id: str, user_id: str, *articles: str) -> None:
    asked = RecommendationRequest(
        request_id=request_id, user_id=user_id, requested_at=instant(NOW_S)
    )
    slate = msgspec.structs.replace(slate_of(asked, *articles), stage="learned")
    world.kafka.publish("recommendations", slate, at_s=NOW_S)


@pytest.mark.parametrize("query", ["", "?user=u1"])
def test_a_slate_is_explained_contribution_by_contribution(world: World, query: str) -> None:
    world.kafka.publish("articles", article(1), at_s=NOW_S)
    publish(world, "r1", "u1", "a1", "a2")

    answer = world.client.get(f"/v1/requests/r1/explanation{query}", headers=bearer(READ))

    got = answer.json()
    assert (answer.status_code, got["user_id"]) == (200, "u1")
    assert got["ranked_by"] == "the learned score (stage learned)"
    first, second = got["articles"]
    assert (first["title"], second["title"]) == ("Parliament passes tax reform", None)
    assert first["is_exact"] is True
    steps = [(one["name"], one["contribution"], one["so_far"]) for one in first["steps"]]
    assert steps == [("ctr_1h", 0.75, 0.75), ("age", -0.25, 0.5)]
    assert "opened" in first["steps"][0]["words"]


def test_an_earlier_slate_of_a_user_is_looked_up(world: World) -> None:
    publish(world, "r1", "u1", "a1")
    publish(world, "r2", "u1", "a2")

    for query in ("", "?user=u1"):
        path = f"/v1/requests/r1/explanation{query}"
        answer = world.client.get(path, headers=bearer(READ))
        assert answer.json()["articles"][0]["article_id"] == "a1"
    other = world.client.get("/v1/requests/r1/explanation?user=u2", headers=bearer(READ))
    assert other.status_code == 404
    assert "no slate of request 'r1' is on cherryrec.recommendations" in other.json()["detail"]


def test_a_forgotten_slate_is_found_on_its_topic(make_world: Callable[..., World]) -> None:
    world = make_world(max_users=1)
    publish(world, "r1", "u1", "a1")
    publish(world, "r2", "u2", "a2")

    answer = world.client.get("/v1/users/u1/recommendations", headers=bearer(READ))

    assert answer.json()["request_id"] == "r1"
    assert world.gateway.slates.n_forgotten == 2
    assert "cherryrec_gateway_users_forgotten 2.0" in world.client.get("/metrics").text


def test_who_has_no_slate_is_looked_up_once(world: World) -> None:
    path = "/v1/users/u1/recommendations"
    answers = [world.client.get(path, headers=bearer(READ)) for _ in range(3)]
    publish(world, "r1", "u1", "a1")
    found = world.client.get(path, headers=bearer(READ))
    world.kafka.put("recommendations", b"u1", None)
    erased = world.client.get(path, headers=bearer(READ))

    assert [one.status_code for one in answers] == [404] * 3
    assert (found.status_code, erased.status_code) == (200, 404)
    assert world.kafka.n_searches == 1


def test_a_search_without_a_broker_is_said(world: World) -> None:
    world.kafka.fails_with = "Kafka at broker:1 must answer"

    answer = world.client.get("/v1/requests/r1/explanation", headers=bearer(READ))

    assert (answer.status_code, answer.json()["detail"]) == (503, "Kafka at broker:1 must answer")
