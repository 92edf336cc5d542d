"""`cherryrec bench`: which modules are benchmarks, and what their exit codes mean."""

from __future__ import annotations

from pathlib import Path

import pytest

import cherryrec
from cherryrec.cli.bench import benchmark_names, run_benchmarks
from cherryrec.errors import ConfigError, ServiceError
from tests.commands import Run

DONE = "import pathlib\nif __name__ == '__main__':\n    pathlib.Path('{name}.done').touch()\n"
FAILED = "raise SystemExit(3)\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "benchmarks"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "_report.py").write_text(FAILED)
    for name in ("first", "third"):
        (folder / f"{name}.py").write_text(DONE.format(name=name))
    return folder


def test_benchmarks_are_the_modules_without_an_underscore(folder: Path) -> None:
    assert benchmark_names(folder) == ["first", "third"]


def test_all_are_run_from_the_root_unless_named(folder: Path) -> None:
    run_benchmarks(folder, ["third"])
    assert [path.name for path in folder.parent.glob("*.done")] == ["third.done"]

    run_benchmarks(folder, [])
    assert sorted(path.name for path in folder.parent.glob("*.done")) == [
        "first.done",
        "third.done",
    ]


def test_one_that_fails_fails_the_run_after_the_others(folder: Path) -> None:
    (folder / "broken.py").write_text(FAILED)

    with pytest.raises(ServiceError, match="1 of 3 benchmarks failed: broken"):
        run_benchmarks(folder, [])

    assert len(list(folder.parent.glob("*.done"))) == 2


def test_unknown_name_is_refused_before_anything_runs(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"\(first, third\), got second"):
        run_benchmarks(folder, ["first", "second"])

    assert not list(folder.parent.glob("*.done"))


def test_installation_from_a_wheel_has_none_and_says_so(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cherryrec, "__file__", str(tmp_path / "cherryrec" / "__init__.py"))

    ended = run("bench")

    assert ended.code == 2
    assert "benchmarks must be beside the package, there is none in" in ended.err
    assert "clone the repository" in ended.err
