"""Compiled loops: kept on disk where a folder can be written, and right where none can."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cherryrec.cli.arithmetic import LEVEL, processor_flags

ROOT = Path(__file__).parents[2]
FLAGS = processor_flags()
MODULE = """
from cherryrec.compiled import compiled, inner

@inner
def square(x: int) -> int:
    return x * x

@compiled
def squares(n: int) -> int:
    total = 0
    for k in range(n):
        total += square(k) + square(3)
    return total
"""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    folder = tmp_path / "package"
    folder.mkdir()
    (folder / "loops.py").write_text(MODULE)
    return folder


def start(
    package: Path,
    home: Path,
    code: str = "from loops import squares; print(squares(3))",
    **more: str,
) -> subprocess.Popen[str]:
    """Start a process that compiles, `home` being where its user's caches go."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("NUMBA_")}
    environment |= {
        "PYTHONPATH": os.pathsep.join((str(package), str(ROOT))),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / "cache"),
        **more,
    }
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", code],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def printed(process: subprocess.Popen[str]) -> str:
    out, errors = process.communicate(timeout=120)
    assert not errors
    return out


def kept(folder: Path) -> list[str]:
    return sorted(path.name.split("-")[0] for path in folder.rglob("*.nbi"))


def make_unwritable(package: Path) -> None:
    """Put a file where the folder would be, which stops root too."""
    (package / "__pycache__").write_text("")


@pytest.mark.slow
def test_code_is_kept_beside_the_source_inner_functions_in_it(
    package: Path, tmp_path: Path
) -> None:
    out = printed(start(package, tmp_path / "home"))

    assert out == "32\n"  # 0 + 1 + 4, and three times 9
    assert kept(tmp_path) == kept(package) == ["loops.squares"]


@pytest.mark.slow
def test_code_goes_to_the_users_cache_where_the_package_cannot_be_written(
    package: Path, tmp_path: Path
) -> None:
    make_unwritable(package)

    out = printed(start(package, tmp_path / "home"))

    assert out == "32\n"
    assert kept(tmp_path) == kept(tmp_path / "home") == ["loops.squares"]


@pytest.mark.slow
def test_code_is_compiled_in_memory_where_nothing_can_be_written(
    package: Path, tmp_path: Path
) -> None:
    make_unwritable(package)
    home = tmp_path / "home"
    home.write_text("")

    out = printed(start(package, home))

    assert out == "32\n"
    assert kept(tmp_path) == []


HITS = "from loops import squares; print(squares(3), sum(squares.stats.cache_hits.values()))"


@pytest.mark.slow
def test_what_was_compiled_beside_the_source_is_brought_to_another_folder(
    package: Path, tmp_path: Path
) -> None:
    """As in an image: its builder compiles, and a user who cannot write there runs it."""
    first = printed(start(package, tmp_path / "builder", HITS))
    folder = tmp_path / "volume"

    second = printed(start(package, tmp_path / "user", HITS, NUMBA_CACHE_DIR=str(folder)))

    assert (first, second) == ("32 0\n", "32 1\n")
    assert kept(folder) == ["loops.squares"]


@pytest.mark.slow
def test_what_is_newer_in_the_other_folder_stays(package: Path, tmp_path: Path) -> None:
    folder = tmp_path / "volume"
    other = {"NUMBA_CACHE_DIR": str(folder)}
    printed(start(package, tmp_path / "builder"))
    printed(start(package, tmp_path / "user", **other))
    (index,) = folder.rglob("*.nbi")
    (older,) = package.rglob("*.nbi")
    os.utime(index, (older.stat().st_mtime + 60.0,) * 2)

    assert printed(start(package, tmp_path / "user", **other)) == "32\n"

    assert index.stat().st_mtime == older.stat().st_mtime + 60.0


ANOTHER = """
import llvmlite.binding
from cherryrec.cli.arithmetic import choose_products
choose_products()
llvmlite.binding.get_host_cpu_name = lambda: {name!r}
"""


@pytest.mark.slow
@pytest.mark.skipif(not LEVEL <= FLAGS, reason="compiles for this processor alone")
def test_what_one_processor_compiled_another_one_finds(package: Path, tmp_path: Path) -> None:
    first = printed(start(package, tmp_path, ANOTHER.format(name="icelake-server") + HITS))
    second = printed(start(package, tmp_path, ANOTHER.format(name="znver3") + HITS))

    assert (first, second) == ("32 0\n", "32 1\n")


@pytest.mark.slow
def test_processes_may_start_at_once_on_an_empty_cache(package: Path, tmp_path: Path) -> None:
    started = [start(package, tmp_path / "home") for _ in range(3)]

    assert {printed(process) for process in started} == {"32\n"}
    assert printed(start(package, tmp_path / "home")) == "32\n"
    assert len(list(package.rglob("*.nbc"))) == 1
