"""A stack that runs on its own: which processes it is, written down where `down` finds them.

A process is known by its id and its start time: an id alone may long be another's.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec

from cherryrec.errors import ServiceError

__all__ = [
    "ProcessState",
    "StackState",
    "end_processes",
    "process_state",
    "read_state",
    "remove_state",
    "write_state",
]

_FILE = "stack.json"
_POLL_S = 0.05


class ProcessState(msgspec.Struct, frozen=True, kw_only=True):
    """One process: `http_port` 0 where it answers no probes, and how often it was restarted."""

    name: str
    pid: int
    started: str
    log_file: str
    http_port: int = 0
    restarts: int = 0

    @property
    def is_running(self) -> bool:
        """Whether this very process, and not a later one with its id, has not ended."""
        return _started(self.pid) == self.started


class StackState(msgspec.Struct, frozen=True, kw_only=True):
    """A supervisor and what it has started; `ready` when all of it is, or why it `failed`."""

    phase: Literal["starting", "ready", "failed"]
    supervisor: ProcessState
    bootstrap_servers: str = ""
    prefix: str = ""
    reason: str = ""
    processes: tuple[ProcessState, ...] = ()


def process_state(
    name: str, pid: int, log_file: Path, *, http_port: int = 0, restarts: int = 0
) -> ProcessState:
    """Write down a process that runs now.

    Raises
    ------
    ServiceError
        It has ended already.
    """
    started = _started(pid)
    if started is None:
        msg = f"{name} (process {pid}) must be running, it has ended: {log_file} says why"
        raise ServiceError(msg)
    return ProcessState(
        name=name,
        pid=pid,
        started=started,
        log_file=str(log_file),
        http_port=http_port,
        restarts=restarts,
    )


def read_state(folder: Path) -> StackState | None:
    """Return what runs in a folder, or ran there until it was killed; None: nothing.

    Raises
    ------
    ServiceError
        The file is not one that we wrote.
    """
    path = folder / _FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=StackState)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as error:
        msg = (
            f"{path} must be the state of a stack, it is not: {error}; "
            "see that nothing of it runs, then delete the file"
        )
        raise ServiceError(msg) from error


def write_state(folder: Path, state: StackState) -> None:
    """Write the state down, whole or not at all."""
    raw = msgspec.json.format(msgspec.json.encode(state), indent=2)
    new = folder / f"{_FILE}.new"
    new.write_bytes(raw + b"\n")
    new.replace(folder / _FILE)


def remove_state(folder: Path) -> None:
    """Remove the state; nothing happens where there is none."""
    (folder / _FILE).unlink(missing_ok=True)


def end_processes(processes: Sequence[ProcessState], *, grace_s: float) -> list[str]:
    """End those that still run: SIGTERM, after the grace SIGKILL; return their names.

    Raises
    ------
    ServiceError
        One is still there after SIGKILL.
    """
    left = [one for one in processes if one.is_running]
    names = [one.name for one in left]
    for number, wait_s in ((signal.SIGTERM, grace_s), (signal.SIGKILL, 10.0)):
        for one in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(one.pid, number)
        give_up = time.monotonic() + wait_s
        while left and time.monotonic() < give_up:
            time.sleep(_POLL_S)
            left = [one for one in left if one.is_running]
    if left:
        pids = ", ".join(f"{one.name} ({one.pid})" for one in left)
        msg = f"{pids} must have ended after SIGKILL, but runs: look for what holds it (disk?)"
        raise ServiceError(msg)
    return names


def _started(pid: int) -> str | None:
    """Return when a process was started, as this machine counts; None if it has ended."""
    if not Path("/proc/self/stat").exists():
        done = subprocess.run(
            ["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
        )
        return done.stdout.strip() or None
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    state, ticks = fields[0], fields[19]
    # One that has ended and that nobody has waited for is still listed.
    return None if state in "ZX" else f"{_boot()} {ticks}"


def _boot() -> str:
    """Return which boot of this machine this is: ticks are counted from it."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""
