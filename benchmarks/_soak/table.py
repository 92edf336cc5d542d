"""What a soak has seen, by minute and by quarter."""

from __future__ import annotations

import asyncio
import itertools
import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks._soak.gauges import Gauge
from benchmarks._soak.load import Load
from benchmarks._soak.watch import Watch

__all__ = ["Quarter", "Table"]

GROWN_S = 60.0
"""A process is looked at from this age on: until then it fills what it keeps."""

_MINUTE_S = 60.0


@dataclass(frozen=True, slots=True)
class Quarter:
    """Some seconds of a soak: requests, their milliseconds, what each process held (medians)."""

    n_requests: int
    calm_ms: tuple[float, float]
    all_ms: tuple[float, float]
    worst_ms: float
    held: dict[str, Gauge]
    n_behind: float

    def cells(self) -> list[str]:
        """Return the text of a row: counts and latencies."""
        calm, everything = (
            " / ".join("-" if math.isnan(ms) else f"{ms:,.0f}" for ms in pair)
            for pair in (self.calm_ms, self.all_ms)
        )
        behind = "-" if math.isnan(self.n_behind) else f"{self.n_behind:,.0f}"
        return [f"{self.n_requests:,}", calm, everything, f"{self.worst_ms:,.0f}", behind]


@dataclass(frozen=True, slots=True)
class Table:
    """A soak's numbers.

    Parameters
    ----------
    load
        What was asked and answered.
    watch
        What was done and seen.
    lasts_s
        For how long was sent, in seconds.
    """

    load: Load
    watch: Watch
    lasts_s: float

    @property
    def n_dead(self) -> int:
        """Dead letters."""
        return self.watch.lags[-1].n_dead if self.watch.lags else 0

    @property
    def n_learned(self) -> int:
        """Examples that the learner has taken."""
        return self.watch.lags[-1].n_learned if self.watch.lags else 0

    def quarters(self, n: int = 4) -> list[Quarter]:
        """Return equal parts of the time in which was sent."""
        ends = np.linspace(0.0, self.lasts_s, n + 1).tolist()
        age_s = min(GROWN_S, 0.5 * self.watch.kill_every_s)
        return [self.part(*pair, from_age_s=age_s) for pair in itertools.pairwise(ends)]

    def part(self, from_s: float, until_s: float, *, from_age_s: float = 0.0) -> Quarter:
        """Return what was seen in some seconds of it, of processes of some age on."""
        sent_s, waited_s = self.load.latencies()
        inside = (sent_s >= from_s) & (sent_s < until_s)
        answered = inside & ~np.isnan(waited_s)
        calm = answered & ~self._is_around(sent_s)
        lags = [lag.n_waiting for lag in self.watch.lags if from_s <= lag.at_s < until_s]
        answered_ms = 1_000.0 * waited_s[answered]
        return Quarter(
            n_requests=int(inside.sum()),
            calm_ms=_percentiles(1_000.0 * waited_s[calm]),
            all_ms=_percentiles(answered_ms),
            worst_ms=float(answered_ms.max(initial=0.0)),
            held=self._held(from_s, until_s, from_age_s),
            n_behind=statistics.median(lags) if lags else math.nan,
        )

    def growth(self) -> dict[str, dict[str, float]]:
        """Return how much of what each process holds at the end: last quarter over the first."""
        first, *_, last = (quarter.held for quarter in self.quarters())
        return {
            name: {
                "memory": last[name].memory_mib / first[name].memory_mib,
                "open files": last[name].n_files / first[name].n_files,
                "threads": last[name].n_threads / first[name].n_threads,
            }
            for name in sorted(first.keys() & last.keys())
        }

    async def tell(self, note: Callable[[str], None]) -> None:
        """Say each minute what was seen in it, until cancelled."""
        from_s = 0.0
        while True:
            await asyncio.sleep(max(0.0, from_s + _MINUTE_S - self.load.passed_s))
            if self.load.passed_s >= from_s + _MINUTE_S:
                note(self._line(from_s, from_s + _MINUTE_S))
                from_s += _MINUTE_S

    def lines(self) -> list[str]:
        """Return the rows by quarter as a Markdown table."""
        quarters = self.quarters()
        names = sorted({name for quarter in quarters for name in quarter.held})
        head = ["quarter", "requests", "calm p50 / p99 ms", "all p50 / p99 ms", "worst ms"]
        head += ["examples waiting", *(f"{name} MiB, files, threads" for name in names)]
        rows = [head, ["---"] * len(head)]
        for number, quarter in enumerate(quarters, start=1):
            held = [_cell(quarter.held.get(name)) for name in names]
            rows.append([str(number), *quarter.cells(), *held])
        return [f"| {' | '.join(row)} |" for row in rows]

    def _line(self, from_s: float, until_s: float) -> str:
        part = self.part(from_s, until_s)
        n_requests, calm, everything, worst, behind = part.cells()
        kills = [kill.name for kill in self.watch.kills if from_s <= kill.at_s < until_s]
        held = ", ".join(f"{name} {_cell(one)}" for name, one in sorted(part.held.items()))
        return (
            f"minute {until_s / _MINUTE_S:.0f}: {n_requests} requests, "
            f"{self.load.n_unanswered} wait, p50 / p99 ms calm {calm}, all {everything}, worst "
            f"{worst}; {behind} examples wait; {held}"
            f"{'; killed ' + ', '.join(kills) if kills else ''}"
        )

    def _is_around(self, at_s: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Whether each request waited in the seconds around a kill."""
        around = np.zeros(len(at_s), dtype=bool)
        for kill in self.watch.kills:
            around |= kill.is_around(at_s)
        return around

    def _held(self, from_s: float, until_s: float, from_age_s: float) -> dict[str, Gauge]:
        """Return the medians of what each process held."""
        began_s: dict[int, float] = {}
        found: dict[str, list[Gauge]] = {}
        for one in self.watch.gauges:
            age_s = one.at_s - began_s.setdefault(one.pid, one.at_s)
            if from_s <= one.at_s < until_s and age_s >= from_age_s:
                found.setdefault(one.name, []).append(one)
        return {name: _median(gauges) for name, gauges in found.items()}


def _median(gauges: Sequence[Gauge]) -> Gauge:
    values = np.median([one[3:] for one in gauges], axis=0).tolist()
    return gauges[-1]._replace(
        memory_mib=values[0], n_files=round(values[1]), n_threads=round(values[2])
    )


def _cell(held: Gauge | None) -> str:
    return "-" if held is None else f"{held.memory_mib:,.0f}, {held.n_files}, {held.n_threads}"


def _percentiles(ms: NDArray[np.float64]) -> tuple[float, float]:
    """Return median and 99th percentile; NaN of nothing."""
    if not len(ms):
        return math.nan, math.nan
    median, high = np.percentile(ms, [50, 99])
    return float(median), float(high)
