"""Ends a worker that stands still while events wait for it.

Consumers can stop silently (faust-streaming 175, 532, 640): connected, in the group, and
fetching nothing. The broker is asked where each partition ends, so a dead fetcher is seen too.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any, cast

import faust
from faust.tables.manager import TableManager
from faust.types import TP
from mode import Service

from cherryrec.errors import ConfigError
from streams.engine.metrics import Metrics
from streams.engine.transactions import OpenTransactions

__all__ = ["ProgressWatch", "Standing", "Watchdog"]

EXIT_CODE = 70
"""EX_SOFTWARE: an internal error; the supervisor starts the worker anew."""

ANSWER_S = 10.0
"""How long one look may take: a question for offsets waits behind the consumer's open fetch (up to
1.5 s) on the same connection, twice."""

OPEN_S = 60.0
"""A writer's transaction that holds a partition back this long is written to the log."""

RECOVERY = TP("(table recovery)", -1)
"""Stands for the recovery of tables, whose progress is what remains."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a worker stands in one partition: its position, and the log's end."""

    position: int
    end: int


class ProgressWatch:
    """Tells which partitions have lag and have not moved for too long.

    Examples
    --------
    >>> watch = ProgressWatch(stall_s=30.0)
    >>> watch.observe({TP("clicks", 0): Standing(position=5, end=9)}, now_s=0.0)
    []
    >>> watch.observe({TP("clicks", 0): Standing(position=5, end=12)}, now_s=30.0)
    [TP(topic='clicks', partition=0)]
    """

    def __init__(self, stall_s: float) -> None:
        if stall_s <= 0.0:
            msg = f"stall_s must be above 0, got {stall_s}"
            raise ConfigError(msg)
        self.stall_s = stall_s
        self._moved: dict[TP, tuple[int, float]] = {}

    def observe(self, standings: Mapping[TP, Standing], *, now_s: float) -> list[TP]:
        """Compare with earlier observations.

        Parameters
        ----------
        standings
            Every partition of the worker now; the others are forgotten.
        now_s
            A monotonic clock's seconds.

        Returns
        -------
        list of TP
            Stalled partitions, in order.
        """
        moved: dict[TP, tuple[int, float]] = {}
        stalled = []
        for tp, standing in standings.items():
            position, since_s = self._moved.get(tp, (None, now_s))
            if position != standing.position or standing.position >= standing.end:
                since_s = now_s
            moved[tp] = (standing.position, since_s)
            if now_s - since_s >= self.stall_s:
                stalled.append(tp)
        self._moved = moved
        return sorted(stalled)


class Watchdog(Service):
    """Watches the partitions of an app; a service to start with it.

    Parameters
    ----------
    app
        The running app.
    stall_s
        How long a partition with lag may stand still, in seconds. Longer than the longest batch.
    metrics
        Gets the lag of every partition; absent: nobody does.
    interval_s
        Between observations; absent: a sixth of `stall_s`.
    clock
        Monotonic seconds.
    end
        Ends the process with an exit code; the loop may be stuck, so nothing is cleaned up.

    Notes
    -----
    A consumer that does not answer for `stall_s` has stopped too: silence is not absence of lag.
    The end of a partition is where it can be read to: what is behind a writer's open transaction
    waits for that, and is no lag of this worker.
    """

    def __init__(
        self,
        app: faust.App,
        *,
        stall_s: float = 120.0,
        metrics: Metrics | None = None,
        interval_s: float | None = None,
        clock: Callable[[], float] = monotonic,
        end: Callable[[int], Any] = os._exit,
    ) -> None:
        super().__init__()
        self.app = app
        self.watch = ProgressWatch(stall_s)
        self.metrics = metrics
        self.interval_s = interval_s if interval_s is not None else stall_s / 6
        self._clock = clock
        self._end = end
        self._open = OpenTransactions(metrics, warn_after_s=OPEN_S)
        self._last: Mapping[TP, Standing] = {}
        self._answered_s: float | None = None

    @Service.task
    async def _watch(self) -> None:
        """Observe until stopped."""
        while not self.should_stop:
            await self.sleep(self.interval_s)
            if not self.should_stop and not self.app.should_stop:
                await self.observe()

    async def observe(self) -> None:
        """Look once; end the process when a partition has stalled."""
        if self._answered_s is None:
            self._answered_s = self._clock()
        try:
            async with asyncio.timeout(ANSWER_S):
                self._last = await self._standings()
            self._answered_s = self._clock()
        except TimeoutError:
            self.log.warning("the consumer did not answer in %.0f s", ANSWER_S)
        except Exception as error:
            self.log.warning("could not ask for positions: %r", error)
        now_s = self._clock()
        stalled = self.watch.observe(self._last, now_s=now_s)
        if stalled:
            places = ", ".join(f"{tp.topic}[{tp.partition}]" for tp in stalled)
            self._give_up(
                f"no progress for {self.watch.stall_s:.0f} s although events wait: {places}"
            )
        elif now_s - self._answered_s >= self.watch.stall_s:
            self._give_up(f"the consumer has not answered for {self.watch.stall_s:.0f} s")

    def _give_up(self, why: str) -> None:
        """Say why in one line, and end the process."""
        self.log.critical("%s; ending the worker", why)
        self._end(EXIT_CODE)

    async def _standings(self) -> dict[TP, Standing]:
        """Ask consumer and broker for every partition's position and end."""
        app = self.app
        if app.rebalancing or app.in_recovery:
            recovery = cast(TableManager, app.tables).recovery
            if any(recovery.active_remaining()[tp] > 0 for tp in self._unreadable()):
                return {}  # the gate says which batch of a changelog cannot be read
            remaining = recovery.active_remaining_total()
            return {RECOVERY: Standing(position=-remaining, end=1)}
        consumer = app.consumer
        tps = sorted(tp for tp in consumer.assignment() if app.topics.acks_enabled_for(tp.topic))
        if not tps:
            return {}
        ends = await consumer.highwaters(*tps)
        starts = await consumer.earliest_offsets(*tps)
        self._open.observe(app.consumer, ends, now_s=self._clock())
        in_hand = {message.tp for message in list(consumer.unacked)}
        standings = {}
        for tp in tps:
            position = await self._position(tp, in_hand)
            end = ends.get(tp) or 0
            standings[tp] = Standing(position=max(position, starts.get(tp) or 0), end=end)
        self._report(standings.items())
        stopped = self._unreadable()
        return {tp: standing for tp, standing in standings.items() if tp not in stopped}

    def _unreadable(self) -> set[TP]:
        """Return the partitions at a batch that cannot be read: to start anew is of no use."""
        return {TP(*place) for place in cast(Any, self.app).reading.stopped}

    async def _position(self, tp: TP, in_hand: set[TP]) -> int:
        """Return what is done: the committed offset while events are in hand, else the fetch's."""
        consumer: Any = self.app.consumer
        committed: int = consumer._committed_offset[tp] or 0
        if tp in in_hand or tp in consumer._buffered_partitions:
            return committed
        fetched: int | None = await consumer.position(tp)
        return max(committed, fetched or 0)

    def _report(self, standings: Iterable[tuple[TP, Standing]]) -> None:
        """Show the lag."""
        if self.metrics is not None:
            self.metrics.lag.clear()  # a partition that moved away has its lag elsewhere
            for tp, standing in standings:
                lag = max(0, standing.end - standing.position)
                self.metrics.lag.labels(tp.topic, str(tp.partition)).set(lag)
