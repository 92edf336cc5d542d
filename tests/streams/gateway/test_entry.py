"""What every call passes: keys and rights, limits, headers, ids, and problems in one form."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest

from tests.streams.gateway.conftest import ADMIN, READ, SEND, World, bearer

SLATE = "/v1/users/u1/recommendations"


@pytest.mark.parametrize(
    ("headers", "status", "kind"),
    [
        ({}, 401, "no-key"),
        (bearer("guessed"), 401, "no-key"),
        (bearer(ADMIN), 403, "not-allowed"),
        (bearer(READ), 404, "not-found"),
        ({"X-Api-Key": READ}, 404, "not-found"),
    ],
)
def test_a_user_s_data_is_for_keys_with_the_right_to_read(
    world: World, headers: dict[str, str], status: int, kind: str
) -> None:
    answer = world.client.get(SLATE, headers=headers)

    assert answer.status_code == status
    assert answer.json()["type"] == f"urn:cherryrec:problem:{kind}"
    assert answer.json()["status"] == status


def test_without_keys_only_this_machine_s_own_name_is_answered(
    make_world: Callable[..., World],
) -> None:
    world = make_world(read_keys=(), send_keys=(), admin_keys=())

    own = world.client.get(SLATE)
    named = world.client.get(SLATE, headers={"Host": "evil.example"})

    assert own.status_code == 404
    assert (named.status_code, named.json()["title"]) == (421, "The host is not this gateway")


def test_calls_beyond_the_rate_are_told_when_to_come_again(
    make_world: Callable[..., World],
) -> None:
    world = make_world(rate_per_s=0.5, burst=2)

    answers = [world.client.get(SLATE, headers=bearer(READ)) for _ in range(3)]
    another = world.client.get(SLATE, headers=bearer(SEND))

    assert [one.status_code for one in answers] == [404, 404, 429]
    assert answers[2].headers["retry-after"] == "2"
    assert another.status_code == 403


def test_every_answer_has_an_id_and_the_headers_that_protect_a_browser(world: World) -> None:
    given = world.client.get(SLATE, headers={"X-Request-Id": "site-7", **bearer(READ)})
    odd = world.client.get("/nowhere", headers={"X-Request-Id": "a\tb"})

    assert given.headers["x-request-id"] == "site-7"
    assert given.json()["request_id"] == "site-7"
    assert len(odd.headers["x-request-id"]) == 32
    for answer in (given, odd):
        assert "default-src 'self'" in answer.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("call", "body", "status", "kind"),
    [
        (("GET", "/nowhere"), None, 404, "not-found"),
        (("GET", "/v1/recommendations"), None, 405, "wrong-method"),
        (("POST", "/v1/recommendations"), b"", 400, "bad-message"),
        (("POST", "/v1/recommendations"), b"{", 400, "bad-message"),
        (("POST", "/v1/recommendations"), b"\xff\xfe", 400, "bad-message"),
        (("POST", "/v1/recommendations"), b'{"user_id": "u"}' + b" " * 5_000, 413, "too-long"),
    ],
)
def test_every_error_is_a_problem_document(
    make_world: Callable[..., World],
    call: tuple[str, str],
    body: bytes | None,
    status: int,
    kind: str,
) -> None:
    world = make_world(max_body_bytes=4_096)
    method, path = call
    headers = {"Content-Type": "application/json", **bearer(SEND)}

    answer = world.client.request(method, path, content=body, headers=headers)

    assert (answer.status_code, answer.json()["type"]) == (status, f"urn:cherryrec:problem:{kind}")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"]


def test_a_path_says_all_of_its_methods(world: World) -> None:
    answer = world.client.options("/v1/articles/A1")

    assert answer.headers["allow"] == "DELETE, GET, OPTIONS"


def test_a_body_that_is_not_said_to_be_json_is_refused(world: World) -> None:
    answer = world.client.post("/v1/recommendations", content=b"{}", headers=bearer(SEND))

    assert (answer.status_code, answer.json()["type"][-8:]) == (415, "not-json")


def test_a_fault_of_ours_says_nothing_of_itself_but_the_log_does(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.kafka.answer = lambda _: 1 / 0  # type: ignore[arg-type,return-value]

    with caplog.at_level(logging.ERROR):
        answer = world.ask(user_id="u1")

    assert (answer.status_code, answer.json()["type"][-6:]) == (500, "broken")
    assert "ZeroDivision" not in answer.text
    assert any(one.exc_info and one.exc_info[0] is ZeroDivisionError for one in caplog.records)


def test_probes_need_no_key_and_tell_the_gateway_s_state(world: World) -> None:
    world.gateway.gates.close("following", "is 7 behind")

    live, ready = world.client.get("/live"), world.client.get("/ready")
    world.client.get(SLATE, headers=bearer(READ))
    shown = world.client.get("/metrics").text

    assert (live.status_code, live.json()) == (200, {"live": True})
    assert (ready.status_code, ready.json()["waiting_for"]) == (503, {"following": "is 7 behind"})
    path = 'path="/v1/users/{user_id}/recommendations"'
    assert f'cherryrec_gateway_calls_total{{method="GET",{path},status="404"}} 1.0' in shown
    assert "cherryrec_ready 0.0" in shown
    assert READ not in shown


def test_no_key_reaches_the_log(world: World, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        world.client.get(SLATE, headers=bearer(READ))
        world.client.get(SLATE, headers=bearer("guessed-key-of-16"))

    assert "404 GET /v1/users/{user_id}/recommendations" in caplog.text
    for secret in (READ, SEND, ADMIN, "guessed-key-of-16"):
        assert secret not in caplog.text
