"""What readers went on to: pairs of articles, and the clicks of those who arrive and who read.

`memory` holds and bounds them, `kernels` are its compiled loops.
"""

from __future__ import annotations

from cherryrec.co_reads.memory import CoReads, CoReadsConfig

__all__ = ["CoReads", "CoReadsConfig"]
