"""`cherryrec prepare`: what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from cherryrec.cli.prepare import PACKAGES, keep_bytecode
from tests.commands import Run


@pytest.mark.slow
def test_loops_are_compiled_and_the_time_told(run: Run) -> None:
    ended = run("prepare")

    assert ended.code == 0
    assert ended.out == ""
    assert "compiled loops are ready after" in ended.err


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "kept_here"
    (folder / "within").mkdir(parents=True)
    for name in ("__init__", "module", "within/module"):
        (folder / f"{name}.py").write_text("ONE = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    return folder


def test_bytecode_is_kept_even_where_processes_write_none(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.dont_write_bytecode", True)

    keep_bytecode((package.name,))

    written = sorted(path.name.split(".")[0] for path in package.rglob("*.pyc"))
    assert written == ["__init__", "module", "module"]


def test_a_folder_that_cannot_be_written_is_passed_over(
    package: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (package / "__pycache__").write_text("")  # stops root too

    keep_bytecode((package.name,))

    assert capfd.readouterr() == ("", "")


def test_packages_that_are_there_are_the_ones_that_workers_run() -> None:
    root = Path(__file__).parents[3]

    assert [name for name in PACKAGES if (root / name / "__init__.py").is_file()] == [*PACKAGES]
