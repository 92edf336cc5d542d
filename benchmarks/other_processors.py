"""Claim: a local replay gives the same bytes on every x86 processor that has avx2 and fma.

Other processors are emulated by the switches of the libraries that look at the processor: numba's
target, numpy's dispatch, OpenBLAS's kernels, the C library's. A switch can only leave out what this
processor has: run it on the newest one. Named on the command line: a log, and how many of its
impressions; without, a generated log.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from llvmlite.binding import get_host_cpu_features, get_host_cpu_name

from benchmarks._report import header
from cherryrec.cli.arithmetic import processor
from cherryrec.evaluation.generate import generate_log

SEED = 0
LIMIT = 300

NUMPY_OLDER = {"NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR"}
NUMPY_OLDEST = {"NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL AVX512_SPR"}
C_LIBRARY_OLDER = {"GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX512F,-AVX512VL"}
C_LIBRARY_OLDEST = {"GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX512F,-AVX2,-FMA"}


def target(name: str, features: str) -> dict[str, str]:
    """Return what makes numba compile for another processor."""
    return {"NUMBA_CPU_NAME": name, "NUMBA_CPU_FEATURES": features}


OWN = target(get_host_cpu_name(), get_host_cpu_features().flatten())

PROMISED: dict[str, dict[str, str]] = {
    "this processor": {},
    "numba for this processor alone": target(
        get_host_cpu_name(), get_host_cpu_features().flatten()
    ),
    "numba for haswell (avx2, fma)": target("haswell", "+avx2,+fma"),
    "numba for znver3": target("znver3", "+avx2,+fma"),
    "numba for skylake-avx512": target("skylake-avx512", "+avx2,+fma,+avx512f,+avx512vl"),
    "numpy without AVX-512": NUMPY_OLDER,
    "C library without AVX-512": C_LIBRARY_OLDER,
    "all three without AVX-512": target("haswell", "+avx2,+fma") | NUMPY_OLDER | C_LIBRARY_OLDER,
    "OpenBLAS, 2 threads": {"OPENBLAS_NUM_THREADS": "2"},
}
"""What has to give one digest, as environments."""

NOT_PROMISED: dict[str, dict[str, str]] = {
    **{
        f"OpenBLAS kernel {kernel}": {"OPENBLAS_CORETYPE": kernel}
        for kernel in ("SkylakeX", "SapphireRapids", "Zen", "Sandybridge", "Nehalem", "Prescott")
    },
    "numba for nehalem (no avx)": target("nehalem", "-avx,-avx2,-fma"),
    "numpy without AVX2": NUMPY_OLDEST,
    "C library without FMA": C_LIBRARY_OLDEST,
}
"""What may give another one."""


def digest(log: Path, limit: int, environment: dict[str, str], folder: Path) -> str:
    """Replay a log in a process of its own; return the SHA-256 of its recommendations."""
    compiled = folder / "-".join([environment.get("NUMBA_CPU_NAME", "level")])
    done = subprocess.run(
        [sys.executable, "-m", "cherryrec.cli", "replay", str(log), "--limit", str(limit),
         "--baselines", "none", "--report", str(folder / "report")],
        env={**os.environ, "NUMBA_CACHE_DIR": str(compiled), **environment},
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    found = re.search(r"recommendations: ([0-9a-f]{64})", done.stdout)
    assert found, "a local replay prints its digest"
    return found[1]


def main() -> int:
    """Print a table of digests; exit 1 if those that are promised equal are not."""
    header(str(__doc__).splitlines()[0].removeprefix("Claim: "), seed=SEED)
    print(processor())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        log = Path(sys.argv[1]) if len(sys.argv) > 1 else folder / "generated"
        limit = int(sys.argv[2]) if len(sys.argv) > 2 else LIMIT
        if not log.exists():
            generate_log(log, seed=SEED)
        wanted = ""
        holds = True
        print("\n| switch | SHA-256 | |\n|---|---|---|")
        for switch, environment in {**PROMISED, **NOT_PROMISED}.items():
            found = digest(log, limit, environment, folder)
            wanted = wanted or found
            holds &= found == wanted or switch not in PROMISED
            same = "the same" if found == wanted else "another"
            print(f"| {switch} | `{found[:12]}` | {same} |", flush=True)
    print(f"\n{'holds' if holds else 'DOES NOT HOLD'}")
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
