"""The kind of arithmetic a process computes with: what has to be equal for equal last bits.

Compiled loops add in the written order on every processor. Matrix products do not: OpenBLAS has a
kernel for each family of processors, and each adds in an order of its own. So one kernel is chosen
for all x86 processors of the last ten years; the products here are too small for the wider kernels
of newer ones to be faster.
"""

from __future__ import annotations

import os
import platform
from collections.abc import MutableMapping
from pathlib import Path

__all__ = ["arithmetic", "choose_products", "processor"]

_CPUINFO = Path("/proc/cpuinfo")
_KERNEL = "Haswell"
_WANTED = {"avx2", "fma"}


def choose_products(
    environment: MutableMapping[str, str] | None = None, cpuinfo: str | None = None
) -> None:
    """Choose OpenBLAS's kernel and number of threads; what the environment names already stays.

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

    A processor that lacks what the kernel is written in has its own.

    >>> older: dict[str, str] = {}
    >>> choose_products(older, "flags : sse2 avx")
    >>> older
    {'OPENBLAS_NUM_THREADS': '1'}
    """
    environment = os.environ if environment is None else environment
    _choose(environment, "OPENBLAS_NUM_THREADS", "1")
    if _flags(_cpuinfo() if cpuinfo is None else cpuinfo) >= _WANTED:
        _choose(environment, "OPENBLAS_CORETYPE", _KERNEL)


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
