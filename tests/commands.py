"""Running a command in this process, as `cherryrec …` in a shell would."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Callable
from dataclasses import dataclass

from cherryrec.cli import main

Run = Callable[..., "Ended"]


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended: its exit code and what it printed."""

    code: int
    out: str
    err: str


def run_command(*arguments: str, stdin: str = "") -> Ended:
    out, err, code = io.StringIO(), io.StringIO(), 0
    argv, terminal = sys.argv, sys.stdin
    sys.argv = ["cherryrec", *arguments]
    sys.stdin = io.TextIOWrapper(io.BytesIO(stdin.encode()))
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            main()
    except SystemExit as end:
        assert end.code is None or isinstance(end.code, int)
        code = end.code or 0
    finally:
        sys.argv, sys.stdin = argv, terminal
    return Ended(code, out.getvalue(), err.getvalue())
