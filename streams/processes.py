"""Processes that end when the process that started them is gone, however it went."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

__all__ = ["parent_bound"]

# Linux sends the signal when the parent dies (prctl 1 is PR_SET_PDEATHSIG, 15 SIGTERM); exec keeps
# that. Elsewhere the process only outlives a parent that was killed with SIGKILL.
_SHIM = """
import ctypes, os, sys
try:
    ctypes.CDLL(None).prctl(1, 15)
except (AttributeError, OSError):
    pass
if os.getppid() != int(sys.argv[1]):
    sys.exit(1)
os.execv(sys.argv[2], sys.argv[2:])
"""


def parent_bound(command: Sequence[str]) -> list[str]:
    """Return a command that runs the given one and gets SIGTERM when this process ends.

    Parameters
    ----------
    command
        Absolute path of a program, then its arguments. It keeps the process id.
    """
    return [sys.executable, "-S", "-c", _SHIM, str(os.getpid()), *command]
