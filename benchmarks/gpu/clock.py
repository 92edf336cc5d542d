"""A session's time: what no longer fits is left out, by name."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch

__all__ = ["Clock", "peak_gb", "timed"]


class Clock:
    """Counts down a session's minutes."""

    def __init__(self, minutes: float) -> None:
        self._end_s = time.monotonic() + 60.0 * minutes
        self.left_out: list[str] = []

    def allows(self, what: str, *, seconds: float) -> bool:
        """Say whether there is time for something; what there is none for is noted."""
        if time.monotonic() + seconds <= self._end_s:
            return True
        self.left_out.append(what)
        return False


def timed(action: Callable[[], object], device: torch.device) -> float:
    """Return the seconds of a call, until the device has done it."""
    started_s = time.perf_counter()
    action()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - started_s


def peak_gb(device: torch.device) -> str:
    """Say the most memory that a GPU held since the last call, and count anew; of a CPU nothing."""
    if device.type != "cuda":
        return ""
    peak = torch.cuda.max_memory_allocated(device) / 1e9
    torch.cuda.reset_peak_memory_stats(device)
    return f"; {peak:.1f} GB at most"
