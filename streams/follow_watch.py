"""Looks whether a worker still gets what it follows: articles, activity, labels, and new models.

What is followed stands behind no consumer group, so nobody else sees its lag. A gate closes with
the reason while a topic stands still or the model is stale, and opens by itself.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Protocol

from faust.types import TP
from mode import Service

from streams.engine import Gates, Metrics
from streams.engine.watchdog import ProgressWatch, Standing
from streams.model_age import ModelAge

__all__ = ["FollowWatch", "Standings"]

_ANSWER_S = 5.0


class Standings(Protocol):
    """What follows topics."""

    async def standings(self) -> Mapping[TP, Standing]:
        """Return how far each partition has been followed, and where it ends."""
        ...


class FollowWatch(Service):
    """Opens and closes the gates `following` and `model`; a service to start with the follower.

    Parameters
    ----------
    follower
        Asked where it stands.
    model
        How long examples wait for a newer model.
    gates, metrics
        Where it is told.
    stall_s
        How long a followed topic with messages waiting may stand still, in seconds, above 0.
    every_s
        Between looks, in seconds.
    clock
        Wall-clock time in epoch seconds.
    monotonic
        Monotonic seconds.
    """

    def __init__(
        self,
        follower: Standings,
        model: ModelAge,
        *,
        gates: Gates,
        metrics: Metrics,
        stall_s: float,
        every_s: float = 2.0,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self.follower = follower
        self.model = model
        self.gates = gates
        self.metrics = metrics
        self.stall_s = stall_s
        self.every_s = every_s
        self._watch = ProgressWatch(stall_s)
        self._clock = clock
        self._monotonic = monotonic
        metrics.model_waiting_s.set_function(lambda: model.waiting_s(clock()))

    async def look(self) -> None:
        """Look once; a broker that does not answer changes nothing here."""
        now_s = self._clock()
        if self.model.is_stale(now_s):
            self.gates.close("model", self.model.reason(now_s))
        else:
            self.gates.open("model")
        try:
            async with asyncio.timeout(_ANSWER_S):
                standings = await self.follower.standings()
        except Exception as error:
            self.log.debug("could not ask where followed topics end: %r", error)
            return
        self._report(standings, self._watch.observe(standings, now_s=self._monotonic()))

    def _report(self, standings: Mapping[TP, Standing], stalled: list[TP]) -> None:
        lags: dict[str, int] = {}
        for tp, standing in standings.items():
            behind = max(0, standing.end - standing.position)
            lags[tp.topic] = lags.get(tp.topic, 0) + behind
        for topic, lag in lags.items():
            self.metrics.follower_lag.labels(topic).set(lag)
            is_stalled = any(tp.topic == topic for tp in stalled)
            self.metrics.follower_stalled.labels(topic).set(float(is_stalled))
        if not stalled:
            self.gates.open("following")
            return
        places = ", ".join(
            f"{tp.topic}[{tp.partition}] ({standings[tp].end - standings[tp].position:,} messages)"
            for tp in stalled
        )
        self.gates.close(
            "following",
            f"messages have waited for {self.stall_s:g} s and none was taken: {places}",
        )

    @Service.task
    async def _run(self) -> None:
        while not self.should_stop:
            await self.sleep(self.every_s)
            if not self.should_stop:
                await self.look()
