"""Retractions and erasures over HTTP: tombstones on the topics, for keys that administer."""

from __future__ import annotations

import logging

import pytest

from cherryrec.events import RecommendationRequest, instant
from tests.streams.gateway.conftest import ADMIN, NOW_S, READ, SEND, World, bearer, slate_of


def test_a_retraction_is_a_tombstone_of_the_article(world: World) -> None:
    answer = world.client.delete("/v1/articles/A1", headers=bearer(ADMIN))

    assert (answer.status_code, answer.json()) == (200, {"article_id": "A1"})
    assert world.kafka.sent == [("articles", b"A1", None)]


def test_an_erased_user_has_no_slate_and_is_told_what_time_alone_erases(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    asked = RecommendationRequest(request_id="r", user_id="Ann", requested_at=instant(NOW_S))
    world.kafka.publish("recommendations", slate_of(asked, "a1"))
    world.kafka.answer = lambda sent: world.kafka.put("recommendations", sent[1], sent[2])

    with caplog.at_level(logging.WARNING):
        answer = world.client.delete("/v1/users/Ann", headers=bearer(ADMIN))
    after = world.client.get("/v1/users/Ann/recommendations", headers=bearer(READ))

    assert world.kafka.sent == [
        ("profile-updates", b"Ann", None),
        ("recommendations", b"Ann", None),
    ]
    assert answer.json()["events_gone_by"]["clicks"] == "2026-01-12T00:00:00Z"
    assert after.status_code == 404
    assert "a user was erased by key-" in caplog.text
    assert "Ann" not in caplog.text


@pytest.mark.parametrize("key", [READ, SEND])
def test_only_keys_that_administer_may_withdraw(world: World, key: str) -> None:
    answers = [
        world.client.delete(path, headers=bearer(key)) for path in ("/v1/articles/a", "/v1/users/u")
    ]

    assert [one.status_code for one in answers] == [403, 403]
    assert world.kafka.sent == []
