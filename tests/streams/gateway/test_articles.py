"""What the gateway knows of articles: followed as workers follow them, told as numbers."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from cherryrec.activity import Shard
from cherryrec.attention import AttentionConfig
from cherryrec.catalogue import Catalogue
from cherryrec.events import Recommendation, RecommendationRequest, instant, seconds
from tests.streams.gateway.conftest import NOW_S, READ, World, bearer, slate_of
from tests.worlds import HOUR_S, article


@pytest.fixture
def read_world(world: World) -> World:
    """Three articles: `a1` shown twice and clicked an hour ago, `a2` shown, `a3` to come."""
    for number, published_s in ((1, NOW_S - 7_200.0), (2, NOW_S - 3_600.0), (3, NOW_S + 600.0)):
        event = article(number, published_at=instant(published_s))
        world.kafka.publish("articles", event, at_s=NOW_S)
    counted = Shard(0, Catalogue(AttentionConfig().half_lives_s), AttentionConfig())
    counted.view("i1", ["a1", "a2"], time_s=NOW_S - HOUR_S, offset=0)
    counted.view("i2", ["a1"], time_s=NOW_S, offset=1)
    counted.click("a1", time_s=NOW_S - HOUR_S, offset=0)
    for message in counted.flush():
        world.kafka.publish("article-activity", message, at_s=NOW_S)
    return world


def numbers_of(world: World, article_id: str) -> Any:
    return world.client.get(f"/v1/articles/{article_id}", headers=bearer(READ))


def test_an_article_is_told_in_numbers(read_world: World) -> None:
    asked = RecommendationRequest(request_id="r", user_id="u", requested_at=instant(NOW_S))
    for at_s in (NOW_S - 7_200.0, NOW_S - 60.0, NOW_S):
        read_world.kafka.publish("recommendations", slate_of(asked, "a1", "a2"), at_s=at_s)

    got = numbers_of(read_world, "a1").json()

    assert (got["title"], got["category"]) == ("Parliament passes tax reform", "politics")
    assert (got["published_at"], got["age_s"]) == ("2026-01-04T22:00:00Z", 7_200.0)
    assert (got["views"], got["clicks"], got["is_live"], got["recommended"]) == (2, 1, True, 2)
    hour = got["lately"][1]
    assert hour == {"half_life_s": HOUR_S, "views": pytest.approx(1.5), "clicks": 0.5}


def test_an_article_that_is_withdrawn_or_to_come_is_not_live(read_world: World) -> None:
    read_world.kafka.put("articles", b"a1", None, at_s=NOW_S)

    gone, to_come = (numbers_of(read_world, one).json() for one in ("a1", "a3"))

    assert (gone["is_live"], gone["is_retracted"], gone["clicks"]) == (False, True, 1)
    assert (to_come["is_live"], to_come["is_under_embargo"]) == (False, True)


def test_an_article_that_nobody_has_heard_of_is_not_found(read_world: World) -> None:
    answer = numbers_of(read_world, "a9")

    assert answer.status_code == 404
    assert "article 'a9' is not known" in answer.json()["detail"]


def test_where_nothing_was_published_for_a_user_what_is_read_most_stands_in(
    read_world: World,
) -> None:
    answer = read_world.ask(user_id="new", request_id="r1")
    without = read_world.ask(user_id="new", exclude=["a1"])

    got = answer.json()
    assert (answer.status_code, got["served"], got["rung"]) == (200, "popular", "popular")
    assert (got["request_id"], got["degraded"]) == ("r1", "request_late")
    assert [one["article_id"] for one in got["slate"]] == ["a1", "a2"]
    assert [one["article_id"] for one in without.json()["slate"]] == ["a2"]


@pytest.mark.parametrize("asked_at", ["2025-06-01T00:00:00Z", "2027-06-01T00:00:00Z"])
def test_what_is_read_most_is_so_now_whatever_the_caller_s_clock_says(
    read_world: World, asked_at: str
) -> None:
    answer = read_world.ask(user_id="new", requested_at=asked_at)

    assert (answer.status_code, answer.json()["served"]) == (200, "popular")
    got = msgspec.json.decode(answer.content, type=Recommendation)
    assert NOW_S - HOUR_S <= seconds(got.requested_at) <= NOW_S
    assert [one.article_id for one in got.slate] == ["a1", "a2"]


def test_what_no_worker_takes_is_passed_over(read_world: World) -> None:
    for topic in ("articles", "article-activity", "recommendations"):
        for value in (b"{", b"{}", b"\xff", b"[]"):
            read_world.kafka.put(topic, b"a1", value)

    assert numbers_of(read_world, "a1").json()["clicks"] == 1
