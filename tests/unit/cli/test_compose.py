"""`up --compose` and `down --compose`: what is asked of Docker, and what is said without it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import cherryrec
from tests.commands import Run

DOCKER = f"""#!{sys.executable}
import os, pathlib, sys
if sys.argv[1:3] == ["compose", "--file"]:
    enabled = os.environ["CHERRYREC_EVALUATOR_ENABLED"]
    pathlib.Path(r"{{log}}").write_text(" ".join([enabled, *sys.argv[4:]]))
    sys.exit({{code}})
"""


def fake_docker(folder: Path, monkeypatch: pytest.MonkeyPatch, *, code: int = 0) -> Path:
    """Put a `docker` on PATH that writes down what it is asked; return where."""
    log = folder / "asked"
    docker = folder / "docker"
    docker.write_text(DOCKER.format(log=log, code=code))
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    return log


def test_containers_are_scaled_and_have_the_evaluator_only_if_asked(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = fake_docker(tmp_path, monkeypatch)

    assert run("up", "--compose", "--workers", "3").code == 0
    assert log.read_text() == "false up --detach --wait --scale stream=3"
    assert run("up", "--compose", "--llm").code == 0
    assert log.read_text() == "true --profile llm up --detach --wait --scale stream=1"
    assert run("down", "--compose").code == 0
    assert log.read_text() == "true --profile llm down"


def test_containers_that_do_not_come_up_fail_the_command(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_docker(tmp_path, monkeypatch, code=17)

    ended = run("up", "--compose")

    assert ended.code == 1
    assert "must succeed, it ended with code 17" in ended.err


def test_machine_without_docker_is_told_so(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    ended = run("up", "--compose")

    assert ended.code == 1
    assert "`docker compose` must be installed and its daemon must answer" in ended.err


def test_installation_from_a_wheel_has_no_compose_file(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_docker(tmp_path, monkeypatch)
    monkeypatch.setattr(cherryrec, "__file__", str(tmp_path / "cherryrec" / "__init__.py"))

    ended = run("up", "--compose")

    assert ended.code == 2
    assert "docker-compose.yml must be beside the package" in ended.err
