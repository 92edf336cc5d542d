"""Python's collections of garbage, out of the way of events.

Python looks for cycles whenever some hundred containers more were made than dropped, and ever so
often among all there are: half a million in a worker, which stay as long as it does. Whichever
event makes the last container waits for that. What is there when a worker is ready is frozen
instead, looked at never again, and the others are looked at less often.
"""

from __future__ import annotations

import gc

__all__ = ["spare_collections"]

YOUNG = 20_000
"""Containers made and not dropped since the last collection that start the next one."""


def spare_collections() -> None:
    """Collect once, and leave what stays out of all later collections."""
    gc.collect()
    gc.freeze()
    _, middle, old = gc.get_threshold()
    gc.set_threshold(YOUNG, middle, old)
