"""A replay computes the same on processors that differ, as far as docs/reproducibility.md says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.other_processors import NUMPY_OLDER
from cherryrec.cli.arithmetic import arithmetic, choose_products, processor
from tests.commands import Run

CPUINFO = Path("/proc/cpuinfo")
FLAGS = set(CPUINFO.read_text().split()) if CPUINFO.exists() else set()


def digest_of(folder: Path, **environment: str) -> str:
    """Replay in a process of its own: the switches are read when numpy is imported."""
    done = subprocess.run(
        [sys.executable, "-m", "cherryrec.cli", "replay", "log", "--baselines", "none"],
        env={**os.environ, "PYTHONPATH": os.getcwd(), **environment},
        cwd=folder, check=True, capture_output=True, text=True,
    )  # fmt: skip
    found = re.search(r"recommendations: ([0-9a-f]{64})", done.stdout)
    assert found
    assert processor() in done.stdout
    return found[1]


@pytest.mark.slow
@pytest.mark.skipif(
    not {"avx2", "fma", "avx512f"} <= FLAGS,
    reason="emulates an older processor, which takes one with avx512f",
)
def test_a_processor_without_avx512_gives_the_same_digest(run: Run, tmp_path: Path) -> None:
    small = ("--users", "10", "--impressions", "25", "--articles", "64")
    assert run("generate", "log", *small).code == 0

    newest = digest_of(tmp_path, OPENBLAS_CORETYPE="", OPENBLAS_NUM_THREADS="")
    older = digest_of(
        tmp_path, **NUMPY_OLDER, GLIBC_TUNABLES="glibc.cpu.hwcaps=-AVX512F,-AVX512VL",
        OPENBLAS_NUM_THREADS="2",
    )  # fmt: skip

    assert newest == older


def test_what_the_environment_names_stays() -> None:
    environment = {"OPENBLAS_CORETYPE": "Zen"}

    choose_products(environment, "flags : avx2 fma")

    assert environment == {"OPENBLAS_CORETYPE": "Zen", "OPENBLAS_NUM_THREADS": "1"}


def test_the_kind_of_arithmetic_names_machine_kernel_and_threads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")

    assert arithmetic().endswith("OpenBLAS kernel Haswell, threads 1")
    assert processor()
