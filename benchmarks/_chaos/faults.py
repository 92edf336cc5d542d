"""What is done to the parts: a schedule drawn from the seed, played while the traffic goes on."""

from __future__ import annotations

import heapq
import itertools
import random
import signal
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from benchmarks._chaos.system import PARTS, ChaosSystem

__all__ = ["Fault", "Storm", "draw_faults"]

STREAMS = PARTS[:2]

_PLAYS = ThreadPoolExecutor(max_workers=1)
"""One thread for all storms: what a thread has started ends with it."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: when, of which kind, on which part, for how long (seconds)."""

    at_s: float
    kind: str
    part: str
    for_s: float

    def __str__(self) -> str:
        return f"{self.at_s:.1f}s {self.kind} {self.part} {self.for_s:.1f}s".replace("  ", " ")


def draw_faults(rng: random.Random, *, lasts_s: float) -> list[Fault]:
    """Draw three to six faults; a broker that is gone in some seeds, for long in few."""
    faults = []
    for _ in range(rng.randint(3, 6)):
        at_s = rng.uniform(0.5, lasts_s - 1.0)
        kind = rng.choices(
            ("kill", "stop", "tables", "disk", "recovery"), weights=(6, 4, 2, 2, 2), k=1
        )[0]
        if kind == "kill":
            faults.append(Fault(at_s, kind, rng.choice(PARTS), rng.uniform(0.0, 3.0)))
        elif kind == "stop":
            faults.append(Fault(at_s, kind, rng.choice(PARTS), rng.uniform(0.3, 9.0)))
        elif kind == "disk":
            faults.append(Fault(at_s, kind, rng.choice(STREAMS), rng.uniform(0.5, 5.0)))
        else:  # tables: down for; recovery: the other is killed that long after it is started
            faults.append(Fault(at_s, kind, rng.choice(STREAMS), rng.uniform(0.2, 3.0)))
    if rng.random() < 0.25:
        gone_s = 40.0 if rng.random() < 0.15 else 5.0
        faults.append(Fault(rng.uniform(1.0, lasts_s - 1.0), "broker", "", gone_s))
    return sorted(faults, key=lambda fault: fault.at_s)


class Storm:
    """Plays faults beside whatever waits for the parts, and starts again what ends by itself.

    Parameters
    ----------
    system
        What they are done to.
    faults
        The schedule.
    """

    def __init__(self, system: ChaosSystem, faults: Sequence[Fault]) -> None:
        self.system = system
        self.broker_back_s: list[float] = []
        self._played: Future[None] | None = None
        self._order = itertools.count()
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._began_s = time.monotonic()
        for fault in faults:
            self._at(fault.at_s, self._doing(fault))

    def end(self) -> None:
        """Raise what went wrong in playing, if something did."""
        if self._played is not None:
            self._played.result()

    @property
    def is_over(self) -> bool:
        """Whether nothing is to come."""
        return self._played is not None and self._played.done()

    def start(self) -> None:
        """Begin."""
        self._began_s = time.monotonic()
        self._played = _PLAYS.submit(self._run)

    def _run(self) -> None:
        while self._due:
            while self._due and self._due[0][0] <= time.monotonic() - self._began_s:
                heapq.heappop(self._due)[2]()
            self.system.look_after()
            time.sleep(0.02)

    def _at(self, at_s: float, action: Callable[[], None]) -> None:
        heapq.heappush(self._due, (at_s, next(self._order), action))

    def _after(self, wait_s: float, action: Callable[[], None]) -> None:
        self._at(time.monotonic() - self._began_s + wait_s, action)

    def _doing(self, fault: Fault) -> Callable[[], None]:
        actions: dict[str, Callable[[Fault], None]] = {
            "kill": self._kill,
            "stop": self._stop,
            "tables": self._tables,
            "disk": self._disk,
            "recovery": self._recovery,
            "broker": self._broker,
        }
        return lambda: actions[fault.kind](fault)

    def _kill(self, fault: Fault) -> None:
        if fault.part in self.system.is_down:
            return
        self.system.kill_part(fault.part)
        self._after(fault.for_s, lambda: self._start(fault.part))

    def _start(self, part: str) -> None:
        if part in self.system.is_down:
            self.system.start_part(part)

    def _stop(self, fault: Fault) -> None:
        if fault.part in self.system.is_down:
            return
        child = self.system.parts[fault.part]
        self.system.signal_part(fault.part, signal.SIGSTOP)

        def go_on() -> None:
            if child.is_running:
                child.process.send_signal(signal.SIGCONT)

        self._after(fault.for_s, go_on)

    def _tables(self, fault: Fault) -> None:
        if fault.part in self.system.is_down:
            return
        self.system.kill_part(fault.part)
        self.system.delete_tables(fault.part)
        self._after(fault.for_s, lambda: self._start(fault.part))

    def _disk(self, fault: Fault) -> None:
        full = self.system.folder / f"{fault.part}.full"
        full.touch()
        self._after(fault.for_s, lambda: full.unlink(missing_ok=True))

    def _recovery(self, fault: Fault) -> None:
        """Kill one worker, start it, and kill the other while it recovers."""
        other = next(part for part in STREAMS if part != fault.part)
        if self.system.is_down & set(STREAMS):
            return
        self.system.kill_part(fault.part)
        self._after(0.2, lambda: self._start(fault.part))

        def kill_other() -> None:
            if other not in self.system.is_down:
                self.system.kill_part(other)
                self._after(1.0, lambda: self._start(other))

        self._after(2.0 + fault.for_s, kill_other)

    def _broker(self, fault: Fault) -> None:
        broker = self.system.broker
        assert broker is not None, "who draws this fault gives the broker"
        self.system.has_broker = False
        broker.kill()

        def back() -> None:
            started_s = time.monotonic()
            broker.start()
            self.system.has_broker = True
            self.broker_back_s.append(time.monotonic() - started_s)

        self._after(fault.for_s, back)
