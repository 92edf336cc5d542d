"""What earlier slates say about this one: who wins against whom, and where each was.

`memory` is a window over the newest labelled slates, `kernels` the loops that write it; what it
says of a slate is computed in `features.blocks.slate`. Every worker keeps the same window: it is a
function of the topic `labelled-slates` alone.
"""

from __future__ import annotations

from cherryrec.slates.config import SlatesConfig
from cherryrec.slates.memory import SlateMemory

__all__ = ["SlateMemory", "SlatesConfig"]
