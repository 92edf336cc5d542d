"""Answers to inquiries as lines, made by the core of a small world."""

from __future__ import annotations

import re

import pytest

from cherryrec.cli.answers import profile_lines, what_if_lines, why_not_lines
from cherryrec.events import Inquiry, InquiryAnswer, instant
from cherryrec.system import LocalSystem
from tests.worlds import START_S, click, impression, system_of, update


@pytest.fixture
def system() -> LocalSystem:
    system = system_of(8, is_learning=False)
    system.send(update("u", START_S, role="teacher", fields=("science",), history=("a4",)))
    system.send(impression("i", ["a1", "a2"], START_S + 60.0))
    system.send(click("a1", START_S + 65.0, impression_id="i", dwell_s=42.0))
    system.advance(START_S + 300.0)
    return system


def ask(system: LocalSystem, kind: str, user_id: str = "u", **fields: object) -> InquiryAnswer:
    inquiry = Inquiry(
        inquiry_id="q",
        user_id=user_id,
        asked_at=instant(START_S + 600.0),
        kind=kind,  # type: ignore[arg-type]
        **fields,  # type: ignore[arg-type]
    )
    return system.ask(inquiry)


def test_a_profile_reads_from_who_they_are_to_what_they_read(system: LocalSystem) -> None:
    lines = [
        re.sub(r"lift [+-]0\.\d\d", "lift", one) for one in profile_lines(ask(system, "profile"))
    ]

    assert lines == [
        "u: teacher",
        "fields: science",
        "reads: 2, the last 2026-01-05T00:01:05+00:00; slates shown: 1, the last "
        "2026-01-05T00:01:00+00:00",
        "  category politics: 1 read, 50%, lift; opened 1 of what was shown, chance 0.5",
        "  category weather: 1 read, 50%, lift",
        "  category sport: 0 read, 0%, lift; opened 0 of what was shown, chance 0.5",
        "the newest 2 of the last 2 reads:",
        "  a1 “Parliament passes tax reform”, 2026-01-05T00:01:05+00:00, 42 s",
        "  a4 “Bakery wins bread prize”, sent by the site",
    ]


def test_nobody_is_said_to_be_nobody(system: LocalSystem) -> None:
    lines = list(profile_lines(ask(system, "profile", "x")))

    assert lines == ["x is not known: never seen, or erased"]


def test_what_if_says_what_has_moved(system: LocalSystem) -> None:
    lines = list(what_if_lines(ask(system, "what_if", history=("a2", "a9"), slate_size=3)))

    assert lines[0] == "left out, as no message of them has come: a9"
    assert lines[1].startswith("as it is, by the news value")
    assert [line[2:4] for line in lines[2:5]] == ["1.", "2.", "3."]
    assert lines[5].startswith("as it would be, by the news value")
    assert any(line.endswith(": new") for line in lines[6:9])
    assert lines[9].startswith("no longer: ")


def test_why_not_begins_with_the_sentence(system: LocalSystem) -> None:
    read, outranked = (
        list(why_not_lines(ask(system, "why_not", article_id=article_id, slate_size=1)))
        for article_id in ("a1", "a3")
    )

    assert read == [
        "a1 “Parliament passes tax reform”: The reader has read it already: clicked at "
        "2026-01-05T00:01:05+00:00."
    ]
    assert outranked[0].startswith("a3 “Telescope finds distant planet”: It was ranked ")
    assert any(line.startswith("  among those that were ranked: ") for line in outranked)
    assert any(" beside " in line and ", makes " in line for line in outranked)
