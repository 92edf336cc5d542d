"""What a process holds: memory, open files, threads, as Linux tells it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

__all__ = ["Gauge", "gauge"]


class Gauge(NamedTuple):
    """One look at a process: when (seconds), and for how long it has been ready by then."""

    at_s: float
    name: str
    pid: int
    memory_mib: float
    n_files: int
    n_threads: int


def gauge(name: str, pid: int, at_s: float) -> Gauge | None:
    """Look at a process; None where it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        n_files = len(os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        return None
    fields = dict(line.split(":", 1) for line in lines)
    if "VmRSS" not in fields:  # ended, and not waited for
        return None
    memory_mib = int(fields["VmRSS"].split()[0]) / 1_024
    return Gauge(at_s, name, pid, memory_mib, n_files, int(fields["Threads"]))
