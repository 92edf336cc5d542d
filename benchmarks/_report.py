"""How a benchmark says what it found: the machine, the seed, medians with their spread."""

from __future__ import annotations

import os
import platform
import statistics
import sys
from collections.abc import Sequence

__all__ = ["header", "spread", "verdict"]


def header(claim: str, *, seed: int) -> None:
    """Print what is claimed, on which machine, and what repeats it."""
    print(f"# {claim}")
    print(
        f"python -m {_module()} · seed {seed} · {os.cpu_count()} cores, {platform.system()} "
        f"{platform.machine()}, Python {platform.python_version()}"
    )


def _module() -> str:
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    return spec.name if spec is not None else sys.argv[0]


def spread(values: Sequence[float], digits: int = 0) -> str:
    """Return median and range as text.

    Examples
    --------
    >>> spread([3.0, 1.0, 2.0])
    '2 (1 to 3)'
    """
    low, high = min(values), max(values)
    return f"{statistics.median(values):,.{digits}f} ({low:,.{digits}f} to {high:,.{digits}f})"


def verdict(
    name: str, ratio: float, *, at_least: float | None = None, most: float | None = None
) -> bool:
    """Print a ratio against its bound; return whether it holds."""
    holds = (at_least is None or ratio >= at_least) and (most is None or ratio <= most)
    bound = f"at least {at_least:g}" if at_least is not None else f"at most {most:g}"
    print(f"{name}: {ratio:.2f} ({bound}): {'holds' if holds else 'DOES NOT HOLD'}")
    return holds
