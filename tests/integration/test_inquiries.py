"""Inquiries to real workers: answered by the command, through a crash, and without a trace."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cherryrec.codec import decode
from cherryrec.events import Inquiry, InquiryAnswer, instant
from tests.commands import Ended, run_command
from tests.integration.system import System
from tests.worlds import START_S, article, click, impression, request

pytestmark = pytest.mark.timeout(180)

N_ARTICLES = 8
USER = "u"
CONDITIONS = {"CHERRYREC_CATALOGUE_MAX_AGE_S": "1e9"}


@pytest.fixture
def system(kafka: str, prefix: str, tmp_path: Path) -> Iterator[System]:
    system = System(kafka, prefix, tmp_path, CONDITIONS)
    yield system
    system.stop()


def ask(system: System, *arguments: str) -> Ended:
    places = ("--bootstrap-servers", system.servers, "--prefix", system.names.prefix)
    return run_command(*arguments, *places)


def answers(system: System) -> list[InquiryAnswer]:
    limit = 4 << 20
    found = system.records("inquiry-answers")
    return [decode(InquiryAnswer, record.value, max_bytes=limit) for record in found]


def test_an_editor_asks_a_running_system(system: System) -> None:
    for number in range(N_ARTICLES):
        system.send("articles", f"a{number}", article(number, published_at=instant(START_S)))
    system.start(name="first")
    system.send("requests", USER, request("r1", START_S + 60, user_id=USER, slate_size=3))
    system.send("impressions", USER, impression("i1", ["a1", "a2"], START_S + 61, user_id=USER))
    system.send("clicks", USER, click("a1", START_S + 65, user_id=USER, impression_id="i1"))
    system.wait_all_committed()
    before = system.table("profiles"), system.table("requests"), len(system.recommendations())

    read = ask(system, "why-not", USER, "a1")
    known = ask(system, "profile", USER)
    other = ask(system, "what-if", USER, "--history", "a2", "--without", "features:exposure")
    wrong = ask(system, "what-if", USER, "--without", "features:moon")

    assert read.code == 0, read.err
    assert read.out.startswith("a1 “Parliament passes tax reform”: The reader has read it already")
    assert "reads: 1, the last 2026-01-05T00:01:05+00:00" in known.out
    assert "as it would be" in other.out and "no longer: a2" in other.out
    assert wrong.code == 1 and "without must name some of" in wrong.err
    assert [letter.reason[:12] for letter in system.dead_letters()] == ["without must"]
    assert len(answers(system)) == 4
    after = system.table("profiles"), system.table("requests"), len(system.recommendations())
    assert after == before, "nothing is stored, and no slate is sent"

    # The worker dies, and inquiries come while nobody owns the partition.
    system.children[0].kill()
    asked = Inquiry(
        inquiry_id="meanwhile",
        user_id=USER,
        asked_at=instant(START_S + 70),
        kind="profile",
    )
    system.send("inquiries", USER, asked)
    system.start(name="second")
    again = ask(system, "why-not", USER, "a1")

    assert again.out == read.out, "the new owner knows what the first one knew"
    outcomes = {one.outcome for one in answers(system) if one.inquiry_id == "meanwhile"}
    assert outcomes and outcomes <= {"answered", "too_late"}
