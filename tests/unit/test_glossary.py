"""docs/glossary.md: every message, every state of a slate and all that it names are there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from cherryrec import events

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
IN_CODE = set(re.findall(r"`([^`]+)`", PAGE))
TERMS = re.findall(r"^\| ([a-zA-Z][^|]*) (?:\|[^|]*){3}\|$", PAGE, re.MULTILINE)
KINDS = (events.Rung, events.Stage, events.Degraded, events.Fate, events.InquiryOutcome)
FORMER = {
    "Asked": "EvaluationDecision",
    "Asking": "EvaluationPolicy",
    "BrokerPart": "BrokerProcess",
    "ChildPart": "ChildProcess",
    "Companion": "Sidecar",
    "Followed": "FollowedTopics",
    "HeldEvents": "PendingAcks",
    "PartHistory": "RestartHistory",
    "PartStatus": "ProcessStatus",
    "Parts": "LogParts",
    "Spread": "RunningMoments",
    "Tastes": "category_records",
    "Visit": "PastClick",
    "asking": "evaluation_policy",
    "caution": "initial_accumulator",
    "companion": "sidecar",
    "loosen": "warm_restart",
    "sees": "inputs",
    "spread_of": "score_deviation",
    "squash": "quantise",
    "tastes": "category_records",
    "teaches": "has_contrast",
    "tell": "put, add or note",
    "telling": "printing",
    "told": "what it holds",
    "worth": "value",
}
"""Names that meant several things, or nothing to who knows the field, and what they are now."""

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


def names_of(path: Path) -> Iterator[str]:
    """Names that a file gives: classes, functions, parameters, variables, attributes."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr


@pytest.mark.parametrize("part", ["cherryrec", "streams", "gpu_worker"])
def test_no_former_name_comes_back(part: str) -> None:
    found = {
        f"{path.relative_to(ROOT)}: {name}, which is {FORMER[bare]}"
        for path in (ROOT / part).rglob("*.py")
        for name in names_of(path)
        if (bare := name.strip("_")) in FORMER
    }

    assert found == set()


@pytest.mark.parametrize("name", ["Example", "OpenRequest"])
def test_the_gpu_worker_has_no_class_of_a_name_of_the_core(name: str) -> None:
    paths = (ROOT / "gpu_worker").rglob("*.py")

    assert not [path for path in paths if re.search(rf"class {name}\b", path.read_text("utf-8"))]
