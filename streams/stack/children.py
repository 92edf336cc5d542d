"""Processes this one has started: each with its log, each ended, however this one ends."""

from __future__ import annotations

import contextlib
import http.client
import signal
import subprocess
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cherryrec.errors import ServiceError
from cherryrec.supervised import INSTANCE_HEADER, INSTANCE_VARIABLE
from streams.processes import parent_bound

__all__ = ["Child", "start_child"]

_POLL_S = 0.1
_LAST_LINES = 8


@dataclass(slots=True)
class Child:
    """One process with its log, the port of its probes, and the name it gives there as its own."""

    name: str
    process: subprocess.Popen[bytes]
    log_file: Path
    http_port: int
    instance: str

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self.process.poll() is None

    def is_ready(self) -> bool:
        """Whether it answers `/ready` with 200: it, and not another at its port."""
        return self._answers("ready", timeout_s=1.0)

    def is_alive(self) -> bool:
        """Whether `/live` answers 200: not if it is stopped, or its loop hangs."""
        return self._answers("live", timeout_s=2.0)

    def wait_ready(self, timeout_s: float) -> None:
        """Wait until it is ready.

        Raises
        ------
        ServiceError
            It ended, or was not ready in time; with the end of its log.
        """
        give_up = time.monotonic() + timeout_s
        while not self.is_ready():
            if not self.is_running:
                msg = (
                    f"{self.name} ended with code {self.process.returncode} before it was ready: "
                    f"{self._log_end()} (all of it in {self.log_file})"
                )
                raise ServiceError(msg)
            if time.monotonic() > give_up:
                msg = (
                    f"{self.name} must be ready within {timeout_s:g} s, it is not: "
                    f"{self._log_end()} (all of it in {self.log_file})"
                )
                raise ServiceError(msg)
            time.sleep(_POLL_S)

    def stop(self, grace_s: float = 15.0) -> int:
        """End it: SIGTERM, and SIGKILL after the grace; return its exit code."""
        if self.is_running:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(grace_s)
            except subprocess.TimeoutExpired:
                self.kill()
        return self.process.wait()

    def kill(self) -> None:
        """End it at once with SIGKILL."""
        self.process.kill()
        self.process.wait()

    def _answers(self, path: str, *, timeout_s: float) -> bool:
        url = f"http://127.0.0.1:{self.http_port}/{path}"
        try:
            with urllib.request.urlopen(url, timeout=timeout_s) as answer:
                is_own = answer.headers.get(INSTANCE_HEADER) == self.instance
                return bool(answer.status == 200 and is_own)
        except (urllib.error.URLError, http.client.HTTPException, OSError):
            return False

    def _log_end(self) -> str:
        lines = self.log_file.read_text(encoding="utf-8", errors="replace").splitlines()
        return " | ".join(lines[-_LAST_LINES:]) or "nothing was logged"


def start_child(
    name: str,
    command: Sequence[str],
    *,
    log_file: Path,
    http_port: int,
    env: Mapping[str, str],
) -> Child:
    """Start a process in a session of its own, ended by the kernel if this process dies.

    Parameters
    ----------
    name
        For messages.
    command
        Absolute path of the program, then its arguments.
    log_file
        Where its output goes; its folder is made.
    http_port
        Where it will answer `/ready`.
    env
        Its whole environment, but for the name by which it is known at its port.
    """
    log_file.parent.mkdir(parents=True, exist_ok=True)
    instance = uuid.uuid4().hex
    with log_file.open("ab") as log:
        process = subprocess.Popen(
            parent_bound(command),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**env, INSTANCE_VARIABLE: instance},
            start_new_session=True,
        )
    return Child(name, process, log_file, http_port, instance)
