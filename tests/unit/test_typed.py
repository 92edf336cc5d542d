"""Whoever installs the packages gets their types: `py.typed` is there and is shipped (PEP 561)."""

from __future__ import annotations

import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
SHIPPED = [one.removesuffix("*") for one in TOOLS["setuptools"]["packages"]["find"]["include"]]


def test_what_is_shipped_is_checked_and_benchmarks_too() -> None:
    assert set(TOOLS["mypy"]["packages"]) == {*SHIPPED, "benchmarks"}


@pytest.mark.parametrize("package", SHIPPED)
def test_a_shipped_package_is_marked_as_typed(package: str) -> None:
    assert (ROOT / package / "py.typed").read_bytes() == b""


def test_files_beside_the_code_are_shipped() -> None:
    patterns = dict(TOOLS["setuptools"]["package-data"])
    anywhere = patterns.pop("*")
    beside = {
        path.relative_to(ROOT)
        for package in SHIPPED
        for path in (ROOT / package).rglob("*")
        if path.is_file() and path.suffix not in {".py", ".pyc", ".nbi", ".nbc"}
    }
    within = [
        f"{package.replace('.', '/')}/{pattern}"
        for package, listed in patterns.items()
        for pattern in listed
    ]

    assert {
        path
        for path in beside
        if not any(fnmatch(path.name, one) for one in anywhere)
        and not any(fnmatch(path.as_posix(), one) for one in within)
    } == set()
