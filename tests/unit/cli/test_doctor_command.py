"""`cherryrec doctor`: a line a check, and an exit code by what the settings use."""

from __future__ import annotations

from pathlib import Path

import pytest

from cherryrec.cli import doctor as module
from cherryrec.cli.checks import (
    Check,
    State,
    local_kafka_checks,
    machine_checks,
    model_checks,
)
from cherryrec.cli.settings import load_settings
from tests.commands import Run


def fake_kafka(monkeypatch: pytest.MonkeyPatch, state: State, *, is_needed: bool) -> None:
    checks = [Check("kafka", state, "so it is", is_needed=is_needed)]
    monkeypatch.setattr(module, "kafka_checks", lambda kafka: checks)


def test_every_check_is_a_line_with_its_state(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_kafka(monkeypatch, "ok", is_needed=True)

    ended = run("doctor")

    assert ended.code == 0, ended.err
    names = {line[9:].split(":")[0] for line in ended.out.splitlines()}
    assert names >= {"python", "disk", "memory", "settings", "kafka", "java", "kafka jars"}
    assert names >= {"maven", "docker", "torch", "model"}
    assert all(line.startswith(("ok ", "missing ", "wrong ")) for line in ended.out.splitlines())


def test_kafka_that_was_chosen_and_does_not_answer_fails(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_kafka(monkeypatch, "wrong", is_needed=True)

    ended = run("doctor")

    assert ended.code == 1
    assert "needed and not ok: kafka" in ended.err


def test_settings_that_are_wrong_are_said_and_fail(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHERRYREC_KNRS_FLOR", "30")

    ended = run("doctor")

    assert ended.code == 1
    assert "wrong    settings: CHERRYREC_KNRS_FLOR is no setting" in ended.out


@pytest.mark.parametrize("is_needed", [True, False])
def test_java_is_needed_only_where_kafka_must_be_started_here(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, is_needed: bool
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CHERRYREC_CACHE_DIR", str(tmp_path))

    java, jars, maven, docker = local_kafka_checks(is_needed=is_needed)

    for check in (java, jars, maven):
        assert (check.state, check.is_needed) == ("missing", is_needed)
    assert "java 17 or newer must be on PATH" in java.text
    assert "run `cherryrec kafka fetch`" in jars.text
    assert (docker.state, docker.is_needed) == ("missing", False)


def test_java_that_is_too_old_is_wrong(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    java = tmp_path / "java"
    java.write_text("#!/bin/sh\necho 'openjdk version \"11.0.2\"' >&2\n")
    java.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    check = local_kafka_checks(is_needed=True)[0]

    assert check.state == "wrong"
    assert "java must be 17 or newer" in check.text


@pytest.mark.parametrize("enabled", ["true", "false"])
def test_model_is_needed_only_where_the_evaluator_is_enabled(tmp_path: Path, enabled: str) -> None:
    settings = load_settings(
        None,
        {
            "CHERRYREC_EVALUATOR_ENABLED": enabled,
            "CHERRYREC_GPU_MODEL": "small",
            "CHERRYREC_GPU_MODEL_CACHE_DIR": str(tmp_path),
        },
    )

    (model,) = (check for check in model_checks(settings) if check.name == "model")

    assert (model.state, model.is_needed) == ("missing", enabled == "true")
    assert "run `cherryrec model fetch`" in model.text


def test_this_machine_runs_these_tests() -> None:
    assert machine_checks()[0].state == "ok"
