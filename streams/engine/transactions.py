"""Writers' open transactions: what waits behind them is seen, and after a while said.

A consumer of committed records stops where the first open transaction of a partition begins. A
writer that died in one holds all others back until the broker aborts it, `transaction.timeout.ms`
later: a minute by Kafka's default, fifteen at most.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Protocol

from faust.types import TP

from streams.engine.metrics import Metrics

__all__ = ["OpenTransactions"]

logger = logging.getLogger(__name__)


class _Consumer(Protocol):
    def highwater(self, tp: TP) -> int | None:
        """Where the log ended at the last fetch."""
        ...


class OpenTransactions:
    """Compares where partitions end with where they can be read to.

    Parameters
    ----------
    metrics
        Shows how many records wait; absent: nobody does.
    warn_after_s
        How long a partition is held back before the log says so, in seconds.

    Examples
    --------
    >>> class Consumer:
    ...     def highwater(self, tp):
    ...         return 9
    >>> transactions = OpenTransactions(None, warn_after_s=60.0)
    >>> transactions.observe(Consumer(), {TP("clicks", 0): 5, TP("clicks", 1): 9}, now_s=0.0)
    {TP(topic='clicks', partition=0): 4}
    """

    def __init__(self, metrics: Metrics | None, *, warn_after_s: float) -> None:
        self._metrics = metrics
        self._warn_after_s = warn_after_s
        self._held: dict[TP, tuple[int, float | None]] = {}

    def observe(
        self, consumer: _Consumer, ends: Mapping[TP, int], *, now_s: float
    ) -> dict[TP, int]:
        """Look once.

        Parameters
        ----------
        consumer
            Knows where the logs ended at its last fetches.
        ends
            Where each partition of the worker can be read to; the others are forgotten.
        now_s
            A monotonic clock's seconds.

        Returns
        -------
        Records that wait, by the partitions that have some.
        """
        waiting = {
            tp: n for tp, end in sorted(ends.items()) if (n := (_highwater(consumer, tp) - end)) > 0
        }
        held: dict[TP, tuple[int, float | None]] = {}
        for tp, n in waiting.items():
            end, since_s = self._held.get(tp, (None, None))
            if end != ends[tp]:
                since_s = now_s
            elif since_s is not None and now_s - since_s >= self._warn_after_s:
                logger.warning(
                    "%s[%d] is held back at offset %d by a writer's open transaction, %d records "
                    "wait behind it for %.0f s: find the writer, or abort it (`kafka-transactions "
                    "find-hanging`)",
                    *tp,
                    ends[tp],
                    n,
                    now_s - since_s,
                )
                since_s = None  # said once
            held[tp] = (ends[tp], since_s)
        self._held = held
        if self._metrics is not None:
            self._metrics.uncommitted.clear()
            for tp, n in waiting.items():
                self._metrics.uncommitted.labels(tp.topic, str(tp.partition)).set(n)
        return waiting


def _highwater(consumer: Any, tp: TP) -> int:
    """Return where the log ended at the last fetch; 0 before the first."""
    return consumer.highwater(tp) or 0
