"""How a system stands, asked of Kafka and of its parts: what `cherryrec status` shows.

`report` holds what was found and which of it is a fault, `collect` asks, `groups` of who shares the
work.
"""

from __future__ import annotations

from streams.status.collect import collect
from streams.status.groups import Member, lags, members
from streams.status.report import Fault, Lag, Model, ProcessStatus, Status, faults

__all__ = [
    "Fault",
    "Lag",
    "Member",
    "Model",
    "ProcessStatus",
    "Status",
    "collect",
    "faults",
    "lags",
    "members",
]
