"""Looks whether a worker still gets what it follows: articles, activity, labels, and new models.

A gate closes with the reason while a topic stands still or the model is stale, and opens by itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from mode import Service

from streams.engine import Gates, Metrics
from streams.follow_gate import FollowGate, FollowState, Standings
from streams.model_age import ModelAge

__all__ = ["FollowWatch"]


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
        self.model = model
        self.gates = gates
        self.metrics = metrics
        self.every_s = every_s
        self._gate = FollowGate(follower, gates, stall_s=stall_s, monotonic=monotonic)
        self._clock = clock
        metrics.model_waiting_s.set_function(lambda: model.waiting_s(clock()))

    async def look(self) -> None:
        """Look once; a broker that does not answer changes nothing here."""
        now_s = self._clock()
        if self.model.is_stale(now_s):
            self.gates.close("model", self.model.reason(now_s))
        else:
            self.gates.open("model")
        followed = await self._gate.look()
        if followed is not None:
            self._report(followed)

    def _report(self, followed: FollowState) -> None:
        lags: dict[str, int] = {}
        for tp, standing in followed.standings.items():
            behind = max(0, standing.end - standing.position)
            lags[tp.topic] = lags.get(tp.topic, 0) + behind
        for topic, lag in lags.items():
            self.metrics.follower_lag.labels(topic).set(lag)
            is_stalled = any(tp.topic == topic for tp in followed.stalled)
            self.metrics.follower_stalled.labels(topic).set(float(is_stalled))

    @Service.task
    async def _run(self) -> None:
        while not self.should_stop:
            await self.sleep(self.every_s)
            if not self.should_stop:
                await self.look()
