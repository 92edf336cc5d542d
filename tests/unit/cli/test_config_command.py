"""`cherryrec config`: shown, checked and documented settings, and mistakes in them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cherryrec.cli.settings import SECTIONS, setting_names
from tests.commands import Run


def test_show_prints_what_is_set_and_no_password(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cherryrec.toml").write_text('[kafka]\nprefix = "site."\npartitions = 8\n')
    monkeypatch.setenv("CHERRYREC_KAFKA_PARTITIONS", "6")
    monkeypatch.setenv("CHERRYREC_SECURITY_PASSWORD", "hunter2")
    monkeypatch.setenv("CHERRYREC_GPU_SERVER_API_KEY", "hunter2")
    monkeypatch.setenv("CHERRYREC_SECURITY_USERNAME", "site")
    monkeypatch.setenv("CHERRYREC_SECURITY_PROTOCOL", "SASL_SSL")
    monkeypatch.setenv("CHERRYREC_SECURITY_MECHANISM", "SCRAM-SHA-256")

    ended = run("config", "show", "--bootstrap-servers", "broker:1")

    assert ended.code == 0, ended.err
    shown = json.loads(ended.out)["kafka"]
    assert (shown["prefix"], shown["partitions"]) == ("site.", 6)
    assert shown["bootstrap_servers"] == "broker:1"
    assert "hunter2" not in ended.out + ended.err


def test_check_of_valid_settings_is_done(run: Run) -> None:
    ended = run("config", "check")

    assert (ended.code, ended.out) == (0, "settings are valid; Kafka at 127.0.0.1:9092\n")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("CHERRYREC_KNRS_FLOR", "30", "CHERRYREC_KNRS_FLOR is no setting: did you mean"),
        ("CHERRYREC_KAFKA_PARTITIONS", "many", "CHERRYREC_KAFKA_PARTITIONS: Expected `int`"),
        ("CHERRYREC_KAFKA_PARTITIONS", "0", "(set by CHERRYREC_KAFKA_PARTITIONS)"),
    ],
)
def test_mistake_in_the_environment_is_a_usage_error_that_names_the_variable(
    run: Run, monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(name, value)

    ended = run("config", "check")

    assert ended.code == 2
    assert said in ended.err
    assert ended.err.count("\n") == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[kafak]\n", "cherryrec.toml: [kafak] is no section: did you mean kafka?"),
        ('[kafka]\nprefixx = ""\n', "kafka.prefixx is no setting: did you mean prefix?"),
        ("[kafka\n", "must be readable TOML"),
    ],
)
def test_mistake_in_the_file_is_a_usage_error_that_names_the_place(
    run: Run, tmp_path: Path, text: str, said: str
) -> None:
    (tmp_path / "cherryrec.toml").write_text(text)

    ended = run("config", "check")

    assert ended.code == 2
    assert said in ended.err


def test_table_has_a_row_with_default_and_meaning_for_every_setting(run: Run) -> None:
    rows = {
        cells[1].strip().strip("`"): [cell.strip() for cell in cells[2:4]]
        for line in run("config", "table").out.splitlines()
        if line.startswith("| `")
        for cells in [line.split("|", 3)]
    }

    assert list(rows) == [f"{s}.{name}" for s in SECTIONS for name in setting_names(s)]
    for name, (default, meaning) in rows.items():
        assert default, name
        assert meaning.strip("| "), f"{name} says what it means"
