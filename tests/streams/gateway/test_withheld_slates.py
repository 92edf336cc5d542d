"""What was taken out since a slate was published is in no slate that is given again."""

from __future__ import annotations

from typing import Any

import pytest

from cherryrec.events import RecommendationRequest, instant
from tests.streams.gateway.conftest import NOW_S, READ, World, bearer, slate_of
from tests.worlds import article


@pytest.fixture
def pulled_world(world: World) -> World:
    """Articles `a1` to `a3`, a slate of `a1` and `a2`, and after it a retraction of `a1`."""
    for number in (1, 2, 3):
        published = article(number, published_at=instant(NOW_S - 60.0))
        world.kafka.publish("articles", published, at_s=NOW_S)
    asked = RecommendationRequest(request_id="old", user_id="u1", requested_at=instant(NOW_S))
    world.kafka.publish("recommendations", slate_of(asked, "a1", "a2"))
    world.kafka.put("articles", b"a1", None, at_s=NOW_S)
    return world


def articles_of(answer: Any) -> list[tuple[str, int]]:
    return [(one["article_id"], one["position"]) for one in answer.json()["slate"]]


def newest(world: World, **headers: str) -> Any:
    return world.client.get("/v1/users/u1/recommendations", headers={**bearer(READ), **headers})


def test_a_retracted_article_is_in_no_slate_that_stands_in(pulled_world: World) -> None:
    answer = pulled_world.ask(user_id="u1")

    assert (answer.json()["served"], answer.json()["request_id"]) == ("stale", "old")
    assert articles_of(answer) == [("a2", 0)]
    assert answer.json()["slate"][0]["contributions"] == {"age": -0.25, "ctr_1h": 0.75}


def test_an_answer_that_is_given_again_is_without_it_too(pulled_world: World) -> None:
    answer = pulled_world.ask(user_id="u1", request_id="old")

    assert answer.json()["served"] == "answer"
    assert articles_of(answer) == [("a2", 0)]


def test_where_nothing_is_left_what_is_read_most_stands_in(pulled_world: World) -> None:
    pulled_world.kafka.put("articles", b"a2", None, at_s=NOW_S)

    answer = pulled_world.ask(user_id="u1")

    assert answer.json()["served"] == "popular"
    assert articles_of(answer) == [("a3", 0)]


def test_an_empty_slate_stands_in_for_nothing(pulled_world: World) -> None:
    asked = RecommendationRequest(request_id="none", user_id="u2", requested_at=instant(NOW_S))
    pulled_world.kafka.publish("recommendations", slate_of(asked))

    answer = pulled_world.ask(user_id="u2")

    assert answer.json()["served"] == "popular"
    assert "a1" not in dict(articles_of(answer))


def test_the_newest_slate_is_given_without_it_and_under_another_tag(world: World) -> None:
    world.kafka.publish("articles", article(1))
    asked = RecommendationRequest(request_id="old", user_id="u1", requested_at=instant(NOW_S))
    world.kafka.publish("recommendations", slate_of(asked, "a1", "a2"))
    before = newest(world)

    world.kafka.put("articles", b"a1", None, at_s=NOW_S)
    after = newest(world, **{"If-None-Match": before.headers["etag"]})
    same = newest(world, **{"If-None-Match": after.headers["etag"]})
    world.kafka.publish("articles", article(1))
    back = newest(world)

    assert [len(one.json()["slate"]) for one in (before, after, back)] == [2, 1, 2]
    assert articles_of(after) == [("a2", 0)]
    assert same.status_code == 304
    assert back.headers["etag"] == before.headers["etag"] != after.headers["etag"]


def test_a_slate_of_which_nothing_may_be_shown_is_not_there(pulled_world: World) -> None:
    pulled_world.kafka.put("articles", b"a2", None, at_s=NOW_S)

    answer = newest(pulled_world)

    assert answer.status_code == 404
    assert "no article that may be shown in the newest slate" in answer.json()["detail"]
