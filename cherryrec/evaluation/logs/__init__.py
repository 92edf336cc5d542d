"""Recorded logs of any layout, read in the order of time and in bounded memory.

`base` says what every log offers; each layout has a reader in a file of its own: `mind_splits` (and
`cherryrec.evaluation.mind`) for MIND, `xmind` for its titles in other languages, `click_file` for
clicks in columns. `opening` recognises a path's format. Readers share `order`, which sorts more
than memory holds, `keys` for ids that repeat, and `lines` for text files. `health` counts
what was read and refuses what no healthy log has.
"""

from __future__ import annotations

from cherryrec.evaluation.logs.base import (
    ClickLog,
    DisplayLog,
    ImpressionLog,
    Log,
    LoggedClick,
    LoggedDisplay,
)
from cherryrec.evaluation.logs.health import Health
from cherryrec.evaluation.logs.opening import (
    FORMATS,
    AnyLog,
    LogSource,
    of_slates,
    recognised,
)

__all__ = [
    "FORMATS",
    "AnyLog",
    "ClickLog",
    "DisplayLog",
    "Health",
    "ImpressionLog",
    "Log",
    "LogSource",
    "LoggedClick",
    "LoggedDisplay",
    "of_slates",
    "recognised",
]
