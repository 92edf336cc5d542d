"""Kills workers by the clock, and looks at every process while the load goes on."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import aiokafka
import numpy as np
from aiokafka.structs import TopicPartition
from numpy.typing import NDArray

from benchmarks._soak.gauges import Gauge, gauge
from benchmarks._system import outcomes
from cherryrec.errors import ServiceError
from cherryrec.topics import TopicNames
from streams.stack import Child, LocalStack

__all__ = ["Kill", "Lag", "Watch"]

BEFORE_S = 1.0
"""A request that was sent so long before a kill may still have been in hand."""

SETTLED_S = 5.0
"""How long after a killed worker is ready again its seconds still count as around the kill."""

_POLL_S = 0.2
_BACK_S = 300.0


@dataclass(slots=True)
class Kill:
    """A kill: of which part, when, and when it was ready again (seconds, infinite until then)."""

    name: str
    at_s: float
    ready_s: float = math.inf

    def is_around(self, sent_s: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Whether requests that were sent at some times had to wait for it."""
        return (sent_s > self.at_s - BEFORE_S) & (sent_s < self.ready_s + SETTLED_S)


@dataclass(frozen=True, slots=True)
class Lag:
    """When (seconds), examples that wait for the learner, those learned, dead letters so far."""

    at_s: float
    n_waiting: int
    n_learned: int
    n_dead: int


@dataclass(slots=True)
class Watch:
    """What is done to a stack and seen of it.

    Parameters
    ----------
    stack
        It runs, and its keeper starts again what ends.
    clock
        Seconds of the load.
    killed
        Names of the parts that are killed in turns.
    kill_every_s
        Between two kills, in seconds.
    sample_every_s
        Between two looks, in seconds.
    """

    stack: LocalStack
    clock: Callable[[], float]
    killed: Sequence[str]
    kill_every_s: float
    sample_every_s: float
    kills: list[Kill] = field(default_factory=list)
    gauges: list[Gauge] = field(default_factory=list)
    lags: list[Lag] = field(default_factory=list)
    _ready: dict[int, float] = field(default_factory=dict)

    @property
    def restarts(self) -> dict[str, int]:
        """How often each part was started again, where it was."""
        assert self.stack.keeper is not None, "a soaked stack is kept"
        return {name: n for name, n in self.stack.keeper.restarts.items() if n}

    async def kill(self, until_s: float) -> None:
        """Kill a part with SIGKILL at each time that is due, and wait until it is ready again.

        Raises
        ------
        ServiceError
            It does not come back.
        """
        for number in range(int(until_s / self.kill_every_s)):
            due_s = self.kill_every_s * (number + 1)
            if due_s >= until_s:
                return
            await asyncio.sleep(max(0.0, due_s - self.clock()))
            child = self._named(self.killed[number % len(self.killed)])
            kill = Kill(child.name, self.clock())
            self.kills.append(kill)
            await asyncio.to_thread(child.kill)
            await self._is_back(child)
            kill.ready_s = self.clock()

    async def look(self) -> None:
        """Look regularly until cancelled."""
        names = TopicNames(self.stack.kafka.prefix)
        consumer = aiokafka.AIOKafkaConsumer(**self.stack.kafka.aiokafka_options())
        await consumer.start()
        try:
            while True:
                await self._look(consumer, names)
                await asyncio.sleep(self.sample_every_s)
        finally:
            await consumer.stop()

    async def _look(self, consumer: Any, names: TopicNames) -> None:
        now_s = self.clock()
        pids = {child.name: child.process.pid for child in self.stack.children()}
        if self.stack.broker is not None and self.stack.broker.pid is not None:
            pids["kafka"] = self.stack.broker.pid
        seen = (gauge(name, pid, now_s) for name, pid in pids.items())
        self.gauges.extend(one for one in seen if one is not None)
        examples = TopicPartition(names("examples"), 0)
        letters = TopicPartition(names("dead-letters"), 0)
        ends = await consumer.end_offsets([examples, letters])
        learner = self.stack.learner
        assert learner is not None, "a stack has a learner"
        with contextlib.suppress(OSError):
            n_learned = (await asyncio.to_thread(outcomes, learner, "examples")).total()
            n_waiting = max(0, ends[examples] - n_learned)
            self.lags.append(Lag(now_s, n_waiting, n_learned, ends[letters]))

    def _named(self, name: str) -> Child:
        return next(child for child in self.stack.children() if child.name == name)

    async def _is_back(self, killed: Child) -> None:
        give_up_s = time.monotonic() + _BACK_S
        while time.monotonic() < give_up_s:
            self.stack.check()
            child = self._named(killed.name)
            if child is not killed and await asyncio.to_thread(child.is_ready):
                return
            await asyncio.sleep(_POLL_S)
        msg = f"{killed.name} must be ready again within {_BACK_S:g} s of its death, it is not"
        raise ServiceError(msg)
