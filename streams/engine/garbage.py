"""Python's collections of garbage, out of the way of events.

Python looks for cycles whenever some hundred containers more were made than dropped, and ever so
often among all there are: half a million in a worker, which stay as long as it does. Whichever
event makes the last container waits for that. What is there when a worker is ready is frozen
instead, looked at never again, and the others are looked at less often. What is there before it
joins its group likewise: Faust collects whenever a table is told of a rebalance.
"""

from __future__ import annotations

import gc

__all__ = ["rare_collections", "spare_collections"]

YOUNG = 20_000
"""Containers made and not dropped since the last collection that start the next one."""


def rare_collections() -> None:
    """Leave what is there out of all later collections, and collect less often."""
    gc.freeze()
    _, middle, old = gc.get_threshold()
    gc.set_threshold(YOUNG, middle, old)


def spare_collections() -> None:
    """Collect once, and leave what stays out of all later collections."""
    gc.collect()
    rare_collections()
