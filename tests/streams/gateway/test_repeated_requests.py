"""A request that is sent again with its id is the same request; and no call outlasts its time."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from cherryrec.events import RecommendationRequest, instant
from tests.streams.gateway.conftest import NOW_S, READ, World, a_worker, bearer, slate_of


def at_once(world: World, n: int, **body: object) -> list[Any]:
    with ThreadPoolExecutor(n) as threads:
        return list(threads.map(lambda _: world.ask(**body), range(n)))


def test_a_request_that_was_answered_is_given_its_answer_again(world: World) -> None:
    world.kafka.answer = a_worker
    first = world.ask(user_id="u1", request_id="mine")
    world.kafka.answer = lambda _: None  # a worker that knows it answers no second time

    again = world.ask(user_id="u1", request_id="mine")

    assert again.json() == first.json()
    assert again.json()["served"] == "answer"
    assert len(world.kafka.sent) == 1


def test_the_id_of_another_user_s_request_gets_nothing_of_it(world: World) -> None:
    world.kafka.answer = a_worker
    world.ask(user_id="u1", request_id="mine")

    other = world.ask(user_id="u2", request_id="mine")

    assert (other.json()["user_id"], len(world.kafka.sent)) == ("u2", 2)


def test_a_request_that_is_sent_twice_at_once_is_asked_once(world: World) -> None:
    world.kafka.answer, world.kafka.ack_s = a_worker, 0.3

    answers = at_once(world, 4, user_id="u1", request_id="mine", deadline_ms=5_000)

    assert {one.text for one in answers} == {answers[0].text}
    assert answers[0].json()["served"] == "answer"
    assert len(world.kafka.sent) == 1
    assert len(world.gateway.waiting) == 0


def test_all_who_wait_are_told_that_kafka_has_not_taken_their_request(world: World) -> None:
    world.kafka.fails_with, world.kafka.ack_s = "Kafka at broker:1 must answer", 0.3
    started_s = time.monotonic()

    answers = at_once(world, 3, user_id="u1", request_id="mine", deadline_ms=20_000)

    assert [one.status_code for one in answers] == [503] * 3
    assert all("Kafka at broker:1 must answer" in one.json()["detail"] for one in answers)
    assert time.monotonic() - started_s < 10.0


def test_an_acknowledgement_that_does_not_come_is_waited_for_no_longer_than_the_answer(
    world: World,
) -> None:
    old = RecommendationRequest(request_id="old", user_id="u1", requested_at=instant(NOW_S))
    world.kafka.publish("recommendations", slate_of(old, "a7"))
    world.kafka.ack_s = 15.0
    started_s = time.monotonic()

    answer = world.ask(user_id="u1")

    assert answer.json()["served"] == "stale"
    assert time.monotonic() - started_s < 10.0


def test_the_time_of_the_acknowledgement_is_part_of_that_of_the_answer(world: World) -> None:
    world.kafka.ack_s = 1.5
    started_s = time.monotonic()

    world.ask(user_id="u1", deadline_ms=2_000)

    assert 2.0 <= time.monotonic() - started_s < 3.4


def test_an_inquiry_is_bounded_as_a_whole_as_well(make_world: Callable[..., World]) -> None:
    world = make_world(inquiry_wait_s=0.2)
    world.kafka.ack_s = 15.0
    started_s = time.monotonic()

    answer = world.client.get("/v1/users/u1/profile", headers=bearer(READ))

    assert answer.status_code == 503
    assert time.monotonic() - started_s < 10.0


def test_an_answer_that_comes_without_the_acknowledgement_is_given(world: World) -> None:
    world.kafka.answer = a_worker
    world.kafka.is_lost_as = "Kafka must acknowledge within 5 s, it has not"

    answer = world.ask(user_id="u1")

    assert (answer.status_code, answer.json()["served"]) == (200, "answer")
