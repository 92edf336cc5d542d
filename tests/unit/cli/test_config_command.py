"""`cherryrec config`: shown, checked and documented settings, and mistakes in them."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path

import pytest

from cherryrec.cli.settings import SECTIONS, load_settings, setting_names
from cherryrec.errors import ConfigError
from cherryrec.pipeline import PipelineConfig
from cherryrec.vans import FORMER_SETTINGS, Forest
from tests.commands import Run

ROOT = Path(__file__).parents[3]


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
        (
            "CHERRYREC_VANS_LR_RATE",
            "0.1",
            "VANS_LR_RATE is no setting any more: it is CHERRYREC_VANS_LINEAR_LEARNING_RATE now",
        ),
        (
            "CHERRYREC_VANS_N_NETS",
            "2",
            "it is CHERRYREC_VANS_NET_N_NETS and CHERRYREC_VANS_WIDE_N_NETS now",
        ),
        (
            "CHERRYREC_VANS_FOREST_DEPTH",
            "9",
            "depth must be from 1 to 8, got 9 (set by CHERRYREC_V",
        ),
        ("CHERRYREC_VANS_MEMBERS", '["lr"]', "'lr' is 'linear' now"),
        ("CHERRYREC_VANS_LINEAR_START", "warm", "vans.linear: start must be one of ('generated',"),
        ("CHERRYREC_PORT", "8080", "CHERRYREC_PORT is no setting: did you mean"),
        ("CHERRYREC_SLATES_MAX_SLATE", "9", "did you mean CHERRYREC_SLATES_MAX_SLATES?"),
        (
            "CHERRYREC_SECURITY_MECHANISM",
            "GSSAPI",
            "must be one of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, got 'GSSAPI'",
        ),
        (
            "CHERRYREC_SECURITY_PROTOCOL",
            "SASL",
            "must be one of PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL, got 'SASL'",
        ),
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
    ("right", "wrong"),
    [
        ("CHERRYREC_VANS_NET_LEARNING_RATE", "CHERRYREC_VANS_NET_SKIP_LEARNING_RATE"),
        ("CHERRYREC_VANS_CLIP", "CHERRYREC_VANS_ENSEMBLE_LEARNING_RATE"),
    ],
)
def test_only_the_variable_of_the_setting_that_is_wrong_is_named(right: str, wrong: str) -> None:
    with pytest.raises(ConfigError, match=rf"learning_rate must be above 0.* \(set by {wrong}\)$"):
        load_settings(None, {right: "0.01", wrong: "-1"})


def test_where_nothing_is_set_settings_are_the_defaults() -> None:
    assert load_settings(None, {}).core == PipelineConfig()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "tcp://10.0.0.1:80"),
        ("SERVICE_HOST", "10.0.0.1"),
        ("SERVICE_PORT", "80"),
        ("SERVICE_PORT_HTTP", "80"),
        ("PORT_6066_TCP", "tcp://10.0.0.1:6066"),
        ("PORT_6066_TCP_PROTO", "tcp"),
        ("PORT_6066_TCP_PORT", "6066"),
        ("PORT_6066_TCP_ADDR", "10.0.0.1"),
        ("STREAM_SERVICE_HOST", "10.0.0.1"),
        ("STREAM_PORT_53_UDP_ADDR", "10.0.0.1"),
        ("STREAM_HTTP_PORT", "tcp://10.0.0.1:6066"),
        ("LEARNER_PORT", "tcp://[fd00::1]:6067"),
    ],
)
def test_what_kubernetes_says_of_a_service_of_our_name_is_passed_over(
    run: Run, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"CHERRYREC_{name}", value)

    ended = run("config", "check")

    assert (ended.code, ended.err) == (0, "")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[kafak]\n", "cherryrec.toml: [kafak] is no section: did you mean kafka?"),
        ('[kafka]\nprefixx = ""\n', "kafka.prefixx is no setting: did you mean prefix?"),
        ("[kafka\n", "must be readable TOML"),
        ("[vans.forrest]\n", "vans.forrest is no setting: did you mean forest?"),
        ("[vans.forest]\ndepht = 2\n", "vans.forest.depht is no setting: did you mean depth?"),
        ("[vans]\nforest = 2\n", "vans.forest must be a table, [vans.forest], got 2"),
        ("[vans]\ndepth = 2\n", "vans.depth is no setting any more: it is vans.forest.depth now"),
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


def test_every_setting_is_accepted_in_a_file_as_its_default(run: Run, tmp_path: Path) -> None:
    shown = json.loads(run("config", "show").out)
    tables = {**shown.pop("core"), **shown}
    tables["security"] = tables["kafka"].pop("security")
    text = ""
    for section in SECTIONS:
        text += f"[{section}]\n"
        values = tables[section] if section in tables else tables["vans"][section[5:]]
        for name in setting_names(section):
            value = values.get(name)
            if value is not None:
                inner = value if isinstance(value, dict) else None
                text += f"{name} = {'{}' if inner == {} else json.dumps(value)}\n"
    (tmp_path / "cherryrec.toml").write_text(text)

    ended = run("config", "check")

    assert ended.code == 0, ended.err


def test_members_are_set_by_their_sections(tmp_path: Path) -> None:
    file = tmp_path / "cherryrec.toml"
    file.write_text('[vans]\nmembers = ["linear", "forest"]\n[vans.forest]\nn_trees = 3\n')

    vans = load_settings(file, {"CHERRYREC_VANS_FOREST_MIN_LEAF": "7"}).core.vans

    assert [member.name for member in vans.stages] == ["linear", "forest"]
    assert (vans.of(Forest).n_trees, vans.of(Forest).min_leaf, vans.of(Forest).depth) == (3, 7.0, 6)


@pytest.mark.parametrize("name", sorted(FORMER_SETTINGS))
def test_a_former_setting_is_refused_by_its_new_name_or_means_the_same(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    now = FORMER_SETTINGS[name].split(" and ")
    (tmp_path / "cherryrec.toml").write_text(f"[vans]\n{name} = 1\n")
    in_file = run("config", "check").err
    (tmp_path / "cherryrec.toml").write_text("")
    variable = f"CHERRYREC_VANS_{name.upper()}"
    monkeypatch.setenv(variable, {"start": "zero", "boost_window_rows": "8"}.get(name, "1"))

    in_environment = run("config", "check")

    assert f"it is {' and '.join(f'vans.{one}' for one in now)} now" in in_file
    variables = [f"CHERRYREC_VANS_{one.replace('.', '_').upper()}" for one in now]
    if variables == [variable]:
        assert in_environment.code == 0, in_environment.err
    else:
        assert f"it is {' and '.join(variables)} now" in in_environment.err


FILE_ENDINGS = {"json", "jsonl", "md", "py", "toml"}
"""What follows the last dot of names in backticks that are files; no setting is called so."""


def documented() -> set[tuple[str, str]]:
    """Section and name of settings like `stream.tick_s` in backticks in README and docs."""
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    known = {*SECTIONS, *(field.name for field in fields(PipelineConfig))}
    return {
        (section, name)
        for page in pages
        for section, name in re.findall(
            r"`([a-z_]+(?:\.[a-z]+)?)\.([a-z_0-9]+)", page.read_text(encoding="utf-8")
        )
        if section in known and name not in FILE_ENDINGS
    }


def test_every_setting_that_is_documented_is_one() -> None:
    assert documented()
    for section, field in sorted(documented()):
        assert field in setting_names(section), f"{section}.{field}"


def test_every_section_of_the_pipeline_can_be_set() -> None:
    assert {field.name for field in fields(PipelineConfig)} <= set(SECTIONS)
