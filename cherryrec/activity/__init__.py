"""Activity: what each source partition counts, and how every worker comes to know it.

A `Shard` belongs to one partition of the clicks and impressions; its flushes are the messages of
`article-activity`, which every worker follows. `kernels` holds its loop.
"""

from __future__ import annotations

from cherryrec.activity.seen import RecentIds
from cherryrec.activity.shard import Shard

__all__ = ["RecentIds", "Shard"]
