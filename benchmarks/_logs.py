"""The logs a benchmark replays: those named on the command line, or a generated one."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from cherryrec.evaluation.generate import generate_log
from cherryrec.evaluation.mind import MindLog

__all__ = ["on_each_log"]


def on_each_log(folders: Sequence[str], measure: Callable[[MindLog], bool], *, seed: int) -> int:
    """Measure each log; return the exit code, 1 where a claim does not hold."""
    if folders:
        return 0 if all([measure(MindLog(folder)) for folder in folders]) else 1
    with tempfile.TemporaryDirectory() as folder:
        generated = Path(folder) / "generated"
        generate_log(generated, seed=seed)
        return 0 if measure(MindLog(generated)) else 1
