"""What a process of ours takes and says of itself: memory, processor time, `/metrics`."""

from __future__ import annotations

import os
import urllib.request
from pathlib import Path

from streams.stack import Child

__all__ = ["gauge", "memory_mib", "processor_s", "threads_s"]

_USER, _SYSTEM = 11, 12  # fields of /proc/PID/stat behind the name


def memory_mib(pid: int) -> float:
    """Read the memory that a process holds now, in MiB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def processor_s(pid: int) -> float:
    """Read the processor time that a process has taken, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[_USER]) + int(fields[_SYSTEM])) / os.sysconf("SC_CLK_TCK")


def threads_s(pid: int) -> float:
    """Read the processor time of the threads that a process has now, in seconds, exactly."""
    threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(one.read_text().split()[0]) for one in threads) / 1e9


def gauge(child: Child, name: str) -> float:
    """Read a number without labels off a process; 0 where it is not there yet."""
    url = f"http://127.0.0.1:{child.http_port}/metrics"
    with urllib.request.urlopen(url, timeout=5) as answer:
        lines = answer.read().decode().splitlines()
    return next((float(line.split()[1]) for line in lines if line.startswith(f"{name} ")), 0.0)
