"""What `cherryrec status` finds wrong, and the sentence for each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import msgspec
import pytest

from cherryrec.cli.status import lines
from streams.status import Lag, Model, ProcessStatus, Status, faults
from streams.status.collect import part_status

GOOD = Status(
    servers="127.0.0.1:1",
    prefix="cherryrec.",
    parts=(ProcessStatus(name="learner", is_up=True), ProcessStatus(name="stream-0", is_up=True)),
    lags=(Lag(group="stream", topic="clicks", n=3),),
    model=Model(version=70, n_examples=900, age_s=4.0),
    examples_per_h=850,
    example_age_s=3.0,
    slates={"unevaluated": 90, "popular, catalogue_cold": 10},
    n_slates=100,
    article_age_s=90.0,
)


def test_examples_are_told_by_what_they_are_of() -> None:
    described = dict(lines(msgspec.structs.replace(GOOD, origins={"slate": 150, "click": 50})))

    assert described["examples"].endswith(
        "; of the newest 200: the site's slates 150, clicks alone 50"
    )


def found(**changes: object) -> list[str]:
    status = msgspec.structs.replace(GOOD, **changes)
    return [one.sentence for one in faults(status, model_stale_s=120.0)]


def test_system_that_runs_has_no_faults() -> None:
    assert found() == []


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"parts": (ProcessStatus(name="learner", is_up=False, log_file="l.log"),)},
            "learner does not answer: read its log (l.log), and start it again",
        ),
        (
            {"parts": (ProcessStatus(name="stream-0", is_up=True, gates={"model": "is old"}),)},
            "stream-0 is not ready, model: is old",
        ),
        ({"kafka_error": "refused"}, "Kafka must answer, it did not: refused"),
        (
            {"model": Model(version=7, n_examples=5, age_s=900.0)},
            "version 7 of the models is 900 s old, and examples came until 3 s ago: start a "
            "learner, or read its log",
        ),
        (
            {"model": None},
            "examples come (850 in the last hour) and no model was ever published: start a "
            "learner, or read its log",
        ),
        (
            {"n_stale": 40},
            "40 of 100 slates of the last 5 minutes were ranked by a stale model: see the "
            "learner, and that workers follow models",
        ),
        (
            {"lags": (Lag(group="stream", topic="clicks", n=5_000),)},
            "5,000 messages of clicks wait for the group stream: does a member run, and is it "
            "fast enough? Add workers up to the partitions",
        ),
        (
            {"n_dead_letters": 12, "reasons": {"clicks: key must be the user_id": 11}},
            "12 messages were refused in the last hour, most for 'clicks: key must be the "
            "user_id' (11): `cherryrec tail dead-letters` names each; mend the sender",
        ),
    ],
)
def test_each_fault_is_a_sentence_that_says_what_to_do(
    changes: dict[str, object], sentence: str
) -> None:
    assert found(**changes) == [sentence]


def test_old_model_is_no_fault_while_no_examples_come() -> None:
    old = Model(version=7, n_examples=5, age_s=90_000.0)

    assert found(model=old, example_age_s=89_990.0, examples_per_h=0) == []


def test_screen_has_a_line_for_everything() -> None:
    shown = dict(lines(GOOD))

    assert shown["learner"] == "ready"
    assert shown["model"] == "version 70 of 900 examples, 4 s old"
    assert shown["examples"] == "850 in the last hour, the newest 3 s ago"
    assert shown["slates, 5 min"] == (
        "100: unevaluated 90.0 %, popular, catalogue_cold 10.0 %; model_stale 0.0 %"
    )
    assert shown["newest article"] == "90 s ago"
    assert shown["lag of stream"] == "clicks: 3"
    assert shown["dead letters, 1 h"] == "0"


class Probes(BaseHTTPRequestHandler):
    answer: tuple[int, bytes] = (200, b"")

    def do_GET(self) -> None:
        status, body = self.answer
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Probes)
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_part_is_asked_for_its_gates(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    gates = {"assigned": "no partitions are assigned yet"}
    raw = json.dumps({"ready": False, "waiting_for": gates}).encode()
    monkeypatch.setattr(Probes, "answer", (503, raw))
    assert part_status("stream-0", url) == ProcessStatus(name="stream-0", is_up=True, gates=gates)

    monkeypatch.setattr(Probes, "answer", (503, b"loading or joining\n"))
    assert part_status("gpu", url).gates == {"ready": "loading or joining"}

    monkeypatch.setattr(Probes, "answer", (200, b"ready"))
    assert part_status("gpu", url) == ProcessStatus(name="gpu", is_up=True)


def test_part_that_is_gone_is_down() -> None:
    assert part_status("gpu", "http://127.0.0.1:1") == ProcessStatus(name="gpu", is_up=False)
