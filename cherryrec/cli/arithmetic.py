"""The kind of arithmetic a process computes with: what has to be equal for equal last bits.

Compiled loops add in the written order on every processor. Matrix products do not: OpenBLAS has a
kernel for each family of processors, and each adds in an order of its own. So one kernel is chosen
for all x86 processors of the last ten years; the products here are too small for the wider kernels
of newer ones to be faster. Loops are compiled for the same processors, so that what was compiled on
one machine is found on the next.
"""

from __future__ import annotations

import os
import platform
from collections.abc import MutableMapping
from pathlib import Path

__all__ = ["LEVEL", "arithmetic", "choose_products", "processor", "processor_flags"]

_CPUINFO = Path("/proc/cpuinfo")
_KERNEL = "Haswell"
_WANTED = {"avx2", "fma"}
_TARGET = "x86-64-v3"
LEVEL = _WANTED | {"abm", "bmi1", "bmi2", "f16c", "movbe"}
"""What a processor must have for loops to be compiled for its level, and not for itself."""


def choose_products(
    environment: MutableMapping[str, str] | None = None, cpuinfo: str | None = None
) -> None:
    """Choose OpenBLAS's kernel and threads, and whom loops are compiled for; what is named stays.

    To be called before numpy is imported. The products here are so small that a second thread costs
    four times what it saves.

    Parameters
    ----------
    environment
        Where the choice is written down; the process's if absent.
    cpuinfo
        What Linux says of the processor; read if absent.

    Examples
    --------
    >>> environment = {"OPENBLAS_NUM_THREADS": "2"}
    >>> choose_products(environment, "flags : sse2 avx2 fma avx512f")
    >>> environment
    {'OPENBLAS_NUM_THREADS': '2', 'OPENBLAS_CORETYPE': 'Haswell'}

    Loops are compiled for a level of processors, not for the one at hand.

    >>> newer: dict[str, str] = {}
    >>> choose_products(newer, "flags : abm avx2 avx512f bmi1 bmi2 f16c fma movbe")
    >>> newer["NUMBA_CPU_NAME"], newer["NUMBA_CPU_FEATURES"]
    ('x86-64-v3', '+avx2,+fma')

    A processor that lacks what the kernel is written in has its own.

    >>> older: dict[str, str] = {}
    >>> choose_products(older, "flags : sse2 avx")
    >>> older
    {'OPENBLAS_NUM_THREADS': '1'}
    """
    environment = os.environ if environment is None else environment
    _choose(environment, "OPENBLAS_NUM_THREADS", "1")
    flags = _flags(_cpuinfo() if cpuinfo is None else cpuinfo)
    if flags >= _WANTED:
        _choose(environment, "OPENBLAS_CORETYPE", _KERNEL)
    if flags >= LEVEL and not environment.get("NUMBA_CPU_NAME"):
        environment["NUMBA_CPU_NAME"] = _TARGET
        environment["NUMBA_CPU_FEATURES"] = ",".join(f"+{one}" for one in sorted(_WANTED))


def arithmetic() -> str:
    """Name the kind of arithmetic: where this and the versions are equal, digests are.

    Seen equal for different processors of one kind; see docs/reproducibility.md.
    """
    has = _flags(_cpuinfo()) & _WANTED
    kernel = os.environ.get("OPENBLAS_CORETYPE") or "the processor's own"
    threads = os.environ.get("OPENBLAS_NUM_THREADS") or "as many as cores"
    libc = " ".join(platform.libc_ver()).strip() or platform.system()
    return (
        f"{'+'.join([platform.machine(), *sorted(has)])}, {libc}, "
        f"OpenBLAS kernel {kernel}, threads {threads}"
    )


def processor_flags() -> set[str]:
    """Return what the first processor can do, in Linux's words; elsewhere nothing."""
    return _flags(_cpuinfo())


def processor() -> str:
    """Name the processor as its maker does, as far as the system tells."""
    for line in _cpuinfo().splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "model name":
            return value.strip()
    return platform.processor() or platform.machine()


def _choose(environment: MutableMapping[str, str], name: str, value: str) -> None:
    """Write a choice down where there is none; an empty one is none."""
    environment[name] = environment.get(name) or value


def _cpuinfo() -> str:
    """Return what Linux says of the processors; elsewhere nothing."""
    try:
        return _CPUINFO.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _flags(cpuinfo: str) -> set[str]:
    """Return what the first processor can do, in the system's words."""
    for line in cpuinfo.splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "flags":
            return set(value.split())
    return set()
