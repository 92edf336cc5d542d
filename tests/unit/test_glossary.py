"""docs/glossary.md: every message, every state of a slate and all that it names are there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from cherryrec import events

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
IN_CODE = set(re.findall(r"`([^`]+)`", PAGE))
TERMS = re.findall(r"^\| ([a-zA-Z][^|]*) (?:\|[^|]*){3}\|$", PAGE, re.MULTILINE)
KINDS = (events.Rung, events.Stage, events.Degraded)
STATES = [state for kind in KINDS for state in get_args(kind)]


@pytest.mark.parametrize("name", events.__all__)
def test_every_name_of_the_events_is_explained(name: str) -> None:
    assert name in IN_CODE


@pytest.mark.parametrize("state", STATES)
def test_every_state_of_a_slate_is_explained(state: str) -> None:
    assert state in IN_CODE


def test_no_term_is_explained_twice() -> None:
    names = [name for term in TERMS if term != "term" for name in term.split(", ")]

    assert len(names) > 60, "the tables are read"
    assert len(names) == len(set(names))


def test_what_the_glossary_names_of_the_code_is_there() -> None:
    parts = ("cherryrec", "streams", "gpu_worker")
    code = "\n".join(path.read_text() for part in parts for path in (ROOT / part).rglob("*.py"))
    classes = [name for name in IN_CODE if re.fullmatch(r"[A-Z]\w+", name)]

    assert [name for name in sorted(classes) if not re.search(rf"\b{name}\b", code)] == []
