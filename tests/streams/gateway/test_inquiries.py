"""Inquiries over HTTP: the workers' answer as it is, or why there is none and what to do."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from cherryrec.codec import decode, encode
from cherryrec.events import Event, Inquiry, InquiryAnswer
from tests.streams.gateway.conftest import READ, SEND, World, bearer
from tests.streams.gateway.inquired import answering
from tests.streams.gateway.memory_kafka import Sent

PATHS = ("/v1/users/u1/profile", "/v1/users/u1/why-not/a1")


@pytest.fixture
def world(make_world: Any) -> World:
    world: World = make_world(inquiry_wait_s=0.05)
    world.kafka.answer = answering
    return world


def got(world: World, path: str) -> Any:
    return world.client.get(path, headers=bearer(READ))


def what_if(world: World, **body: object) -> Any:
    return world.client.post("/v1/users/u1/what-if", json=body, headers=bearer(READ))


def test_a_profile_is_what_the_worker_knows(world: World) -> None:
    answer = got(world, "/v1/users/u1/profile?n_history=1").json()

    assert answer["profile"]["role"] == "teacher"
    assert [read["article_id"] for read in answer["profile"]["history"]] == ["a1"]
    assert answer["titles"]["a1"] == "Parliament passes tax reform"


def test_why_not_says_where_an_article_fell_out(world: World) -> None:
    answer = got(world, "/v1/users/u1/why-not/a1").json()

    assert answer["why_not"]["fate"] == "read"
    assert answer["why_not"]["sentence"].startswith("The reader has read it already")


def test_what_if_gives_both_slates(world: World) -> None:
    answer = what_if(world, history=["a2"], slate_size=3).json()

    assert "a1" not in {item["article_id"] for item in answer["slate"]}
    assert "a2" not in {item["article_id"] for item in answer["changed"]}
    assert "changed" not in what_if(world).json()


def test_a_part_that_there_is_not_is_refused_before_anything_is_sent(world: World) -> None:
    answer = what_if(world, without=["features:moon"])

    assert answer.status_code == 400
    assert "features:article" in answer.json()["detail"]
    assert world.kafka.sent == []


@pytest.mark.parametrize("path", PATHS)
def test_no_answer_in_time_says_what_to_look_at(world: World, path: str) -> None:
    world.kafka.answer = lambda _: None

    answer = got(world, path)

    assert answer.status_code == 504
    assert answer.headers["Retry-After"] == "2"
    assert "/v1/status" in answer.json()["detail"]
    assert len(world.gateway.inquiries) == 0


@pytest.mark.parametrize(
    ("outcome", "status"), [("refused", 422), ("over_limit", 503), ("too_late", 504)]
)
def test_an_answer_that_is_none_is_a_problem_with_its_reason(
    world: World, outcome: Any, status: int
) -> None:
    def unanswered(sent: Sent) -> Event:
        asked = decode(Inquiry, sent[2])
        return InquiryAnswer(
            inquiry_id=asked.inquiry_id,
            user_id=asked.user_id,
            asked_at=asked.asked_at,
            outcome=outcome,
            reason="because",
            retry_after_s=2.1,
        )

    world.kafka.answer = unanswered

    answer = got(world, PATHS[0])

    assert (answer.status_code, answer.json()["detail"]) == (status, "because")
    assert answer.headers.get("Retry-After") == {503: "3", 504: "2"}.get(status)


def test_the_answer_to_another_user_is_not_given(world: World) -> None:
    def of_another(sent: Sent) -> Event | None:
        answer = answering(sent)
        assert isinstance(answer, InquiryAnswer)
        wrong = encode(answer).replace(b'"user_id":"u1"', b'"user_id":"u2"')
        return decode(InquiryAnswer, wrong)

    world.kafka.answer = of_another

    assert got(world, PATHS[0]).status_code == 504


def test_it_needs_the_right_to_read(world: World) -> None:
    for path in PATHS:
        assert world.client.get(path).status_code == 401
        assert world.client.get(path, headers=bearer(SEND)).status_code == 403


def test_answers_are_what_the_document_says(world: World) -> None:
    document = world.client.get("/openapi.json").json()
    schema = {"$ref": "#/components/schemas/InquiryAnswer", "components": document["components"]}

    for path in (*PATHS, "/v1/users/u1/why-not/a5", "/v1/users/new/profile"):
        jsonschema.validate(got(world, path).json(), schema)
    jsonschema.validate(what_if(world, without=["knrs:novelty"]).json(), schema)
