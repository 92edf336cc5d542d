"""docs/gateway.md: its clients run, and its tables are those of the code."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from streams.gateway.problems import KINDS
from tests.streams.gateway.conftest import SEND, World, a_worker
from tests.streams.gateway.served import ServedGateway

PAGE = (Path(__file__).parents[3] / "docs" / "gateway.md").read_text(encoding="utf-8")


def code(language: str) -> str:
    (found,) = re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    assert isinstance(found, str)
    return found


def run_client(command: list[str], gateway: ServedGateway) -> str:
    own = {"GATEWAY_URL": gateway.url, "GATEWAY_KEY": SEND}
    ended = subprocess.run(
        command, env={**os.environ, **own}, capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.mark.slow
def test_the_client_in_python_asks_shows_and_clicks() -> None:
    assert len([line for line in code("python").splitlines() if line]) <= 20

    with ServedGateway(send_keys=(SEND,)) as gateway:
        gateway.kafka.answer = a_worker
        printed = run_client([sys.executable, "-c", code("python")], gateway)

    assert printed.split() == ["answer", "a1", "a2", "2"]
    assert [topic for topic, _, _ in gateway.kafka.sent] == ["requests", "impressions", "clicks"]


@pytest.mark.slow
def test_the_client_in_javascript_asks() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not on PATH")
    assert len(code("js").splitlines()) <= 10

    with ServedGateway(send_keys=(SEND,)) as gateway:
        gateway.kafka.answer = a_worker
        command = [node, "--input-type=module", "-e", code("js")]
        printed = run_client(command, gateway)

    assert printed.split() == ["answer", "a1", "a2"]


def test_every_kind_of_problem_has_its_row() -> None:
    named = set(re.findall(r"`([a-z-]+)`", PAGE))

    assert {kind.name for kind in KINDS} <= named


def test_every_call_of_the_api_has_its_row(world: World) -> None:
    document = world.client.get("/openapi.json").json()
    rows = set(re.findall(r"^\| `([A-Z]+ /\S+)` \|", PAGE, re.MULTILINE))

    calls = {f"{one.upper()} {path}" for path, item in document["paths"].items() for one in item}
    assert rows == calls
